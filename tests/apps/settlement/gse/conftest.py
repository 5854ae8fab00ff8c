"""One configuration whose GSE contract is known to a mapping, and somebody who brings files in."""

import pytest

from tests.apps.settlement.rows import make_configuration, make_user


@pytest.fixture
def configuration(db):
    return make_configuration()


@pytest.fixture
def anna(db):
    return make_user("anna")
