"""What a worker writes is in the language of the installation."""

import pytest
from django.utils import translation


@pytest.fixture(autouse=True)
def _italian():
    with translation.override("it"):
        yield
