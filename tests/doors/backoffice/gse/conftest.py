"""The village of the backoffice's tests, with a month that GSE has something to say about."""

from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.test import Client

from apps.accounts.models import User
from apps.settlement.gse import operations
from apps.settlement.gse.mapping import FileMapping
from tests.apps.settlement.gse.files import AS_OF, COLUMNS, HEADER
from tests.doors.backoffice.village import Village

BASE = "/ceradmin/settlement/gsepublication/"
IMPORT = f"{BASE}import/"


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    cache.clear()


@pytest.fixture
def carla(village: Village, as_user: Callable[[User], Client]) -> Client:
    return as_user(village.carla)


@pytest.fixture
def published(village: Village) -> Village:
    """GSE published 100.00 € of premium for the village's February, and the bank received 99.00 €."""
    code = village.configuration.code
    content = HEADER + f"02/2023;{code};Tariffa premio;Conguaglio;100,00;25/03/2023;=C1\n"
    bring_in(village, FileMapping(target="publications", columns=COLUMNS), content)
    bank = FileMapping(
        target="receipts", columns={"value_date": "Valuta", "amount": "Importo", "reference": "CRO", "payer": "Causale"}
    )
    bring_in(village, bank, "Valuta;Importo;CRO;Causale\n28/04/2023;99,00;0001;GSE SPA\n")
    return village


def bring_in(village: Village, mapping: FileMapping, content: str) -> None:
    _plan, made = operations.import_file(
        community=village.configuration.community,
        content=content.encode(),
        file_name="prospetto.csv",
        mapping=mapping,
        imported_by=village.anna,
        as_of=AS_OF,
    )
    assert made is not None
