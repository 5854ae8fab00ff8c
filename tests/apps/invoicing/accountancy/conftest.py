"""What the tests of the accountant's files share: a village with three months of facts, and books read back."""

import csv
import io
import zipfile
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from apps.invoicing.accountancy.models import AccountingExport
from apps.invoicing.accountancy.operations import open_export
from apps.invoicing.accountancy.scope import Scope
from apps.settlement.archive import locate
from apps.settlement.models import ZonalPrice
from tasks.accountancy import make_export
from tests.apps.settlement.corrected import NOW
from tests.doors.backoffice.village import Village, make_measures, make_prices, make_village

Kind, Format = AccountingExport.Kind, AccountingExport.Format
FEBRUARY, MARCH, APRIL = date(2023, 2, 1), date(2023, 3, 1), date(2023, 4, 1)
YEAR = date(2023, 1, 1), date(2023, 12, 31)


@pytest.fixture
def village(db: None) -> Village:
    made = make_village()
    make_prices()
    for month in (MARCH, APRIL):
        _make_prices_after(month)
    for month in (FEBRUARY, MARCH, APRIL):
        make_measures(made, month=month)
    return made


def _make_prices_after(month: date) -> None:
    """The hours of a month that the month before does not hold yet."""
    latest = ZonalPrice.objects.latest("starts_at").starts_at
    first = datetime(month.year, month.month, 1, tzinfo=UTC) - timedelta(hours=3)
    hours = (first + timedelta(hours=hour) for hour in range(33 * 24))
    ZonalPrice.objects.bulk_create(
        ZonalPrice(zone="NORD", starts_at=hour, price_eur_per_mwh=Decimal(150)) for hour in hours if hour > latest
    )


def ask(village: Village, file_format: str = Format.XLSX, *, kind: str = Kind.BOOKS, **scope: Any) -> AccountingExport:
    """Ask for a file of the village's year (or of another scope) without making it."""
    first, last = scope.pop("period", YEAR)
    whole = Scope(village.configuration.community, first, last, **scope)
    export, _new = open_export(scope=whole, kind=Kind(kind), file_format=Format(file_format), asked_by=village.carla, as_of=NOW)
    return export


def made(export: AccountingExport) -> bytes:
    make_export.apply(args=(export.pk,), throw=True)
    export.refresh_from_db()
    assert export.state == "ready", export.error
    return locate(export.path).read_bytes()


def sheets(content: bytes) -> dict[str, list[dict[str, Any]]]:
    """The rows of every sheet below its header, by title of column."""
    book = openpyxl.load_workbook(io.BytesIO(content), data_only=True)
    found: dict[str, list[dict[str, Any]]] = {}
    for page in book:
        header, *rows = [list(row) for row in page.iter_rows(min_row=4, values_only=True)]
        found[page.title] = [
            dict(zip(map(str, header), row, strict=True)) for row in rows if any(cell is not None for cell in row)
        ]
    return found


def files(content: bytes) -> dict[str, list[dict[str, str]]]:
    """The rows of every CSV file of an archive."""
    found = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            data = archive.read(name)
            assert data.startswith(b"\xef\xbb\xbf")
            found[name.removesuffix(".csv")] = list(
                csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=";")
            )
    return found


def cents(value: Any) -> int:
    """Euros of a sheet or of a CSV as cents; nothing is 0."""
    if value in (None, ""):
        return 0
    text = value.replace(",", ".") if isinstance(value, str) else str(value)
    exact = Decimal(text) * 100
    assert exact == exact.to_integral_value()
    return int(exact)
