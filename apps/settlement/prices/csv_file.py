"""prices.csv: `starts_at;zone;price_eur_per_mwh`, hourly, or per quarter hour from the day when the market changed."""

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

import numpy as np
from django.utils.translation import gettext as _

from apps.engine.calendar import days_and_slots
from apps.engine.identifiers import MARKET_ZONES
from apps.settlement.prices.rows import HOUR_MINUTES, QUARTER_MINUTES, LineFault, PriceFile, PriceRow, PricesRefused, to_price

COLUMNS = ("starts_at", "zone", "price_eur_per_mwh")
_FIRST_YEAR, _LAST_YEAR = 2000, 2199
_HOUR, _QUARTER = 3600, 900


def read_csv(content: bytes, *, quarters_from: date | None) -> PriceFile:
    """Return the rows of a file; `quarters_from` is the first day of delivery priced per quarter, None if there is none.

    A zone's local day in which any price begins inside an hour is priced per quarter, every other one per hour.
    Errors: `PricesRefused` with every line and reason.
    """
    text = _decode(content)
    delimiter = ";" if ";" in text.partition("\n")[0] else ","
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        order = _read_header(next(lines, []))
        reader = _Reader(order)
        for fields in lines:
            if any(fields):
                reader.read(lines.line_num, fields)
    except csv.Error as error:
        raise PricesRefused(
            [LineFault(lines.line_num, _("this is not CSV (%(reason)s). Correct the file.") % {"reason": error})]
        ) from error
    rows = _with_minutes(reader.rows, quarters_from, reader.faults)
    if not reader.read_rows and not reader.faults:
        reader.faults.append(LineFault(0, _("The file holds a header and no prices.")))
    if reader.faults:
        raise PricesRefused(reader.faults)
    return PriceFile(format="csv", rows=rows, read=reader.read_rows, missing=reader.missing)


class _Reader:
    """Reads rows one by one and remembers instants, zones and prices, which come again and again."""

    def __init__(self, order: Sequence[int]) -> None:
        self.order = order
        self.rows: list[PriceRow] = []
        self.faults: list[LineFault] = []
        self.read_rows = 0
        self.missing = 0
        self._epochs: dict[str, int] = {}
        self._zones: dict[str, str] = {}
        self._prices: dict[str, Decimal] = {}
        self._seen: dict[tuple[str, int], PriceRow] = {}

    def read(self, line: int, fields: Sequence[str]) -> None:
        self.read_rows += 1
        if len(fields) != len(COLUMNS):
            self.faults.append(
                LineFault(
                    line,
                    _("has %(count)s fields instead of %(expected)s: %(names)s.")
                    % {"count": len(fields), "expected": len(COLUMNS), "names": "; ".join(COLUMNS)},
                )
            )
            return
        starts_at, zone, price = (fields[index].strip() for index in self.order)
        try:
            epoch = self._epochs.get(starts_at)
            if epoch is None:
                epoch = self._epochs[starts_at] = _to_epoch(starts_at)
            known = self._zones.get(zone)
            if known is None:
                known = self._zones[zone] = _to_zone(zone)
            if not price:
                self.missing += 1
                return
            euros = self._prices.get(price)
            if euros is None:
                euros = self._prices[price] = to_price(price)
            row = PriceRow(line, known, epoch, HOUR_MINUTES, euros)
        except ValueError as error:
            self.faults.append(LineFault(line, str(error)))
            return
        first = self._seen.setdefault((known, epoch), row)
        if first is row:
            self.rows.append(row)
        elif first.price_eur_per_mwh != row.price_eur_per_mwh:
            reason = _("%(zone)s at %(starts_at)s already stands at line %(line)s with another price. Keep one of them.") % {
                "zone": known,
                "starts_at": starts_at,
                "line": first.line,
            }
            self.faults.append(LineFault(line, reason))


def _decode(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PricesRefused(
            [LineFault(0, _("The file is not UTF-8 at byte %(place)s. Save it as UTF-8.") % {"place": error.start})]
        ) from error


def _read_header(fields: Sequence[str]) -> Sequence[int]:
    names = [field.strip().lower() for field in fields]
    if sorted(names) != sorted(COLUMNS):
        found = "; ".join(names) or "nothing"
        raise PricesRefused(
            [
                LineFault(
                    1, _("the header must name %(names)s; it names %(found)s.") % {"names": "; ".join(COLUMNS), "found": found}
                )
            ]
        )
    return [names.index(column) for column in COLUMNS]


def _to_zone(text: str) -> str:
    if text.upper() not in MARKET_ZONES:
        raise ValueError(
            _("%(text)r is not a market zone: use one of %(zones)s.") % {"text": text, "zones": ", ".join(MARKET_ZONES)}
        )
    return text.upper()


def _to_epoch(text: str) -> int:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            _("%(text)r is not an instant. Write ISO 8601, such as 2023-03-01T00:00:00Z.") % {"text": text}
        ) from None
    if instant.tzinfo is None:
        raise ValueError(
            _("%(text)r has no offset, so the hour is not certain. Write Z, +01:00 or +02:00 behind it.") % {"text": text}
        )
    if not _FIRST_YEAR <= instant.year <= _LAST_YEAR:
        raise ValueError(
            _("%(text)r is not a likely instant: years go from %(first)s to %(last)s.")
            % {"text": text, "first": _FIRST_YEAR, "last": _LAST_YEAR}
        )
    epoch = instant.timestamp()
    if epoch % _QUARTER:
        raise ValueError(_("%(text)r begins inside a quarter hour. Prices begin at minute 00, 15, 30 or 45.") % {"text": text})
    return int(epoch)


def _with_minutes(rows: Sequence[PriceRow], quarters_from: date | None, faults: list[LineFault]) -> Sequence[PriceRow]:
    """Tell quarters from hours, per zone and local day."""
    if not any(row.epoch % _HOUR for row in rows):
        return rows
    days = days_and_slots(np.array([row.epoch for row in rows], np.int64))[0].tolist()
    finer = {(row.zone, day) for row, day in zip(rows, days, strict=True) if row.epoch % _HOUR}
    found = []
    for row, day in zip(rows, days, strict=True):
        if (row.zone, day) not in finer:
            found.append(row)
            continue
        if row.epoch % _HOUR and (quarters_from is None or day < quarters_from):
            reason = _("begins inside an hour, but prices per quarter exist only from %(day)s on.")
            faults.append(LineFault(row.line, reason % {"day": quarters_from or "…"}))
        found.append(PriceRow(row.line, row.zone, row.epoch, QUARTER_MINUTES, row.price_eur_per_mwh))
    return found
