"""GME's day-ahead prices: whole local days, periods counted from 1 in the order of Europe/Rome, decimal commas.

A day has 23, 24 or 25 hours (`Ora`), or 92, 96 or 100 quarters (`Periodo`): how many periods stand there says which.
Columns other than the seven zones (PUN, NAT, foreign and virtual zones) are not ours.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime

from django.utils.translation import gettext as _

from apps.engine.calendar import QUARTERS_PER_HOUR, day_starts_at, hours_in_day
from apps.engine.identifiers import MARKET_ZONES
from apps.settlement.prices.gme_xml import Record, read_records
from apps.settlement.prices.rows import HOUR_MINUTES, QUARTER_MINUTES, LineFault, PriceFile, PriceRow, PricesRefused, to_price

MARKET = "MGP"
_FIRST_YEAR, _LAST_YEAR = 2000, 2199
_GRANULARITIES = {"PT60": HOUR_MINUTES, "PT15": QUARTER_MINUTES}


def read_gme(content: bytes, *, quarters_from: date | None) -> PriceFile:
    """Return the prices of the seven zones. Errors: `PricesRefused` with every line and reason."""
    faults: list[LineFault] = []
    days: dict[date, dict[int, Record]] = defaultdict(dict)
    for record in read_records(content):
        try:
            day, period = _read_place(record)
        except ValueError as error:
            faults.append(LineFault(record.line, str(error)))
            continue
        if days[day].setdefault(period, record) is not record:
            other = days[day][period].line
            faults.append(
                LineFault(
                    record.line,
                    _("period %(period)s of %(day)s already stands at line %(line)s.")
                    % {"period": period, "day": day, "line": other},
                )
            )
    rows: list[PriceRow] = []
    if not faults:  # a day can be judged only when all its periods are known
        for day in sorted(days):
            rows += _read_day(day, days[day], quarters_from, faults)
        if not rows and not faults:
            faults.append(LineFault(0, _("The file holds no price of any of %(zones)s.") % {"zones": ", ".join(MARKET_ZONES)}))
    if faults:
        raise PricesRefused(faults)
    return PriceFile(format="gme", rows=rows, read=len(rows), missing=0)


def _read_place(record: Record) -> tuple[date, int]:
    """The day and the number of the period. Errors: `ValueError`."""
    values = record.values
    if record.repeated:
        raise ValueError(_("%(names)s stands twice in one record.") % {"names": ", ".join(record.repeated)})
    market = values.get("Mercato", "")
    if market != MARKET:
        raise ValueError(
            _("the market is %(market)r. Only the day-ahead market %(right)s prices shared energy.")
            % {"market": market, "right": MARKET}
        )
    try:
        day = datetime.strptime(values.get("Data", ""), "%Y%m%d").date()  # noqa: DTZ007 - a local day, not an instant
    except ValueError:
        raise ValueError(_("Data %(text)r is not a day. GME writes it as YYYYMMDD.") % {"text": values.get("Data", "")}) from None
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise ValueError(_("Data %(day)s is not a likely day.") % {"day": day})
    period = values.get("Periodo", values.get("Ora", ""))
    if not (period.isascii() and period.isdigit() and 1 <= int(period[:4]) <= 100 and len(period) < 4):
        raise ValueError(_("%(period)r is not the number of an hour (Ora) or of a period (Periodo).") % {"period": period})
    return day, int(period)


def _read_day(day: date, records: dict[int, Record], quarters_from: date | None, faults: list[LineFault]) -> Sequence[PriceRow]:
    line = min(record.line for record in records.values())
    hours = hours_in_day(day)
    minutes = {hours: HOUR_MINUTES, hours * QUARTERS_PER_HOUR: QUARTER_MINUTES}.get(len(records))
    if minutes is None or max(records) != len(records):
        faults.append(LineFault(line, _wrong_count(day, hours, records)))
        return ()
    if minutes == QUARTER_MINUTES and (quarters_from is None or day < quarters_from):
        faults.append(
            LineFault(
                line,
                _("%(day)s has prices per quarter, which exist only from %(quarters_from)s on.")
                % {"day": day, "quarters_from": quarters_from},
            )
        )
        return ()
    zones = [zone for zone in MARKET_ZONES if any(record.values.get(zone) for record in records.values())]
    first = int(day_starts_at(day).timestamp())
    rows = []
    for period, record in sorted(records.items()):
        granularity = record.values.get("Granularity")
        if granularity is not None and _GRANULARITIES.get(granularity) != minutes:
            reason = _("says Granularity %(granularity)s, but %(day)s has %(count)s periods.") % {
                "granularity": granularity,
                "day": day,
                "count": len(records),
            }
            faults.append(LineFault(record.line, reason))
        for zone in zones:
            try:
                price = to_price(record.values.get(zone, ""))
            except ValueError as error:
                faults.append(LineFault(record.line, f"{zone}, period {period} of {day}: {error}"))
                continue
            rows.append(PriceRow(record.line, zone, first + (period - 1) * minutes * 60, minutes, price))
    return rows


def _wrong_count(day: date, hours: int, records: dict[int, Record]) -> str:
    missing = sorted(set(range(1, hours + 1)) - records.keys())
    beyond = sorted(period for period in records if period > hours)
    sentence = _("%(day)s has %(hours)s hours or %(quarters)s quarters, but the file has %(count)s periods (%(what)s).")
    what = []
    if 0 < len(missing) <= hours // 2:
        what.append(_("without %(periods)s") % {"periods": ", ".join(map(str, missing))})
    if 0 < len(beyond) <= 2:
        what.append(_("and also %(periods)s") % {"periods": ", ".join(map(str, beyond))})
    return sentence % {
        "day": day,
        "hours": hours,
        "quarters": hours * QUARTERS_PER_HOUR,
        "count": len(records),
        "what": ", ".join(what) or "…",
    }
