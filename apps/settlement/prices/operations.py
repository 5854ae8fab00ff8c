"""The only writer of zonal prices: a file is taken in whole or refused whole."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import Min
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.settlement.models import PriceImport, RuleParameter
from apps.settlement.prices.csv_file import read_csv
from apps.settlement.prices.gme_file import read_gme
from apps.settlement.prices.queries import local_text
from apps.settlement.prices.rows import (
    HOUR_MINUTES,
    MAX_BYTES,
    QUARTER_MINUTES,
    LineFault,
    PriceFile,
    PriceRow,
    PricesRefused,
)

IMPORT_LOCK = 7202  # advisory lock: two files that speak of the same hour go one after the other
_HOUR = 3600
# What the file says, next to what is stored for the same zone and start: one round trip whatever the number of rows.
_COMPARE = """
SELECT i.n, s.minutes, s.price_eur_per_mwh
  FROM unnest(%s::int[], %s::text[], %s::bigint[]) AS i(n, zone, epoch)
  JOIN settlement_zonalprice s ON s.zone = i.zone AND s.starts_at = to_timestamp(i.epoch)"""
_STORE = """
INSERT INTO settlement_zonalprice (zone, starts_at, minutes, price_eur_per_mwh)
SELECT zone, to_timestamp(epoch), minutes, price
  FROM unnest(%s::text[], %s::bigint[], %s::smallint[], %s::numeric[]) AS i(zone, epoch, minutes, price)
ON CONFLICT (zone, starts_at) DO UPDATE SET minutes = excluded.minutes, price_eur_per_mwh = excluded.price_eur_per_mwh"""
# Hours that are stored per quarter, or whole, among those that the file speaks of.
_STORED_HOURS = """
SELECT DISTINCT zone, extract(epoch FROM date_trunc('hour', starts_at, 'UTC'))::bigint
  FROM settlement_zonalprice
 WHERE minutes = %s AND zone = ANY(%s) AND starts_at >= to_timestamp(%s) AND starts_at < to_timestamp(%s)"""


@dataclass(frozen=True, slots=True)
class PriceChange:
    zone: str
    starts_at: datetime
    before_eur_per_mwh: Decimal
    after_eur_per_mwh: Decimal


@dataclass(frozen=True, slots=True)
class PriceImportResult:
    """What an import did, or would do. `read` = new + changed + unchanged + missing + rows given twice with the same price."""

    format: str
    sha256: str
    read: int
    missing: int
    new: int
    unchanged: int
    changes: tuple[PriceChange, ...]

    @property
    def changed(self) -> int:
        return len(self.changes)


@transaction.atomic
def import_prices(*, content: bytes, file_name: str, imported_by: User | None, as_of: datetime) -> PriceImportResult:
    """Store the prices of a file: own CSV or GME's XML, told apart by what is in it. The same file twice changes nothing.

    Errors: `PricesRefused` with every line and reason; then nothing is written.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [IMPORT_LOCK])
        result, rows = _compare(content)
        if rows:
            cursor.execute(
                _STORE,
                [
                    [row.zone for row in rows],
                    [row.epoch for row in rows],
                    [row.minutes for row in rows],
                    [row.price_eur_per_mwh for row in rows],
                ],
            )
    PriceImport.objects.create(
        file_name=file_name[:255],
        file_sha256=result.sha256,
        format=result.format,
        rows_read=result.read,
        rows_new=result.new,
        rows_changed=result.changed,
        rows_unchanged=result.unchanged,
        imported_by=imported_by,
        imported_at=as_of,
    )
    return result


def preview_prices(*, content: bytes) -> PriceImportResult:
    """Say what `import_prices` would do now. Writes nothing. Errors: `PricesRefused`."""
    return _compare(content)[0]


def read_prices(content: bytes, *, quarters_from: date | None) -> PriceFile:
    """Read a file of either kind. Errors: `PricesRefused`."""
    if len(content) > MAX_BYTES:
        raise PricesRefused(
            [
                LineFault(
                    0,
                    _("The file has %(count)s bytes, more than %(most)s. Split it by year.")
                    % {"count": len(content), "most": MAX_BYTES},
                )
            ]
        )
    if content.startswith(b"PK\x03\x04"):
        raise PricesRefused([LineFault(0, _("The file is a ZIP archive. Unpack it and import the files inside."))])
    looks_like_xml = content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<" or content[:2] in (b"\xff\xfe", b"\xfe\xff")
    return (read_gme if looks_like_xml else read_csv)(content, quarters_from=quarters_from)


def get_quarters_from() -> date | None:
    """The first day of delivery whose prices may be per quarter hour: a dated value of the law."""
    first: date | None = RuleParameter.objects.filter(key="quarter_hour_prices").aggregate(first=Min("valid_from"))["first"]
    return first


def _compare(content: bytes) -> tuple[PriceImportResult, list[PriceRow]]:
    """What would change, and the rows to write."""
    file = read_prices(content, quarters_from=get_quarters_from())
    _refuse_mixtures(file.rows)
    stored = _load_stored(file.rows)
    to_write, changes = [], []
    for index, row in enumerate(file.rows):
        before = stored.get(index)
        if before == (row.minutes, row.price_eur_per_mwh):
            continue
        to_write.append(row)
        if before is not None:
            changes.append(PriceChange(row.zone, row.starts_at, before[1], row.price_eur_per_mwh))
    result = PriceImportResult(
        format=file.format,
        sha256=hashlib.sha256(content).hexdigest(),
        read=file.read,
        missing=file.missing,
        new=len(to_write) - len(changes),
        unchanged=len(file.rows) - len(to_write),
        changes=tuple(changes),
    )
    return result, to_write


def _load_stored(rows: Sequence[PriceRow]) -> dict[int, tuple[int, Decimal]]:
    if not rows:
        return {}
    with connection.cursor() as cursor:
        columns: list[list[Any]] = [list(range(len(rows))), [row.zone for row in rows], [row.epoch for row in rows]]
        cursor.execute(_COMPARE, columns)
        return {index: (minutes, price) for index, minutes, price in cursor.fetchall()}


def _refuse_mixtures(rows: Sequence[PriceRow]) -> None:
    """An hour is priced whole or by its quarters. Quarters say more: four take the place of an hour, never the reverse."""
    if not rows:
        return
    faults = []
    by_quarters, whole = _stored_hours(rows, QUARTER_MINUTES), _stored_hours(rows, HOUR_MINUTES)
    quarters: dict[tuple[str, int], list[PriceRow]] = {}
    for row in rows:
        hour = row.zone, row.epoch - row.epoch % _HOUR
        if row.minutes == QUARTER_MINUTES:
            quarters.setdefault(hour, []).append(row)
        elif hour in by_quarters:
            reason = _("%(zone)s at %(hour)s is already priced per quarter, which says more. Remove the row.") % {
                "zone": row.zone,
                "hour": local_text(row.starts_at),
            }
            faults.append(LineFault(row.line, reason))
    for hour, found in quarters.items():
        if len(found) < 4 and hour in whole:
            reason = _("%(zone)s at %(hour)s is priced per hour: give all four quarters or none.") % {
                "zone": found[0].zone,
                "hour": local_text(found[0].starts_at),
            }
            faults.append(LineFault(found[0].line, reason))
    if faults:
        raise PricesRefused(faults)


def _stored_hours(rows: Sequence[PriceRow], minutes: int) -> set[tuple[str, int]]:
    """(zone, epoch of the hour) stored with this length, within the time that the file covers."""
    first, last = min(row.epoch for row in rows), max(row.epoch for row in rows)
    with connection.cursor() as cursor:
        zones = sorted({row.zone for row in rows})
        cursor.execute(_STORED_HOURS, [minutes, zones, first - first % _HOUR, last - last % _HOUR + _HOUR])
        return {(zone, epoch) for zone, epoch in cursor.fetchall()}
