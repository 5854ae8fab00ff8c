"""The dates at which something is expected of GSE, or owed to it, for one configuration over a stretch of days."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from apps.engine.gse_dates import advance_due_on, payment_due_on, recalculations_due_on, true_up_due_on

_MONTHS = 12


class GseEvent(StrEnum):
    """What happens. Publications are followed by their payment (from 50 € on)."""

    ADVANCE = "advance"
    ADVANCE_PAID = "advance_paid"
    TRUE_UP = "true_up"
    TRUE_UP_PAID = "true_up_paid"
    RECALCULATION = "recalculation"
    RECALCULATION_PAID = "recalculation_paid"
    YEARLY_REPORT = "yearly_report"


PUBLICATIONS = (GseEvent.ADVANCE, GseEvent.TRUE_UP, GseEvent.RECALCULATION)
_PAID = {
    GseEvent.ADVANCE: GseEvent.ADVANCE_PAID,
    GseEvent.TRUE_UP: GseEvent.TRUE_UP_PAID,
    GseEvent.RECALCULATION: GseEvent.RECALCULATION_PAID,
}


@dataclass(frozen=True, slots=True, order=True)
class GseDate:
    """`on` is the last day on which it is due, local date of Rome; `year` and `month` what it is about, month 0 a whole year."""

    on: date
    event: GseEvent
    year: int
    month: int = 0


def yearly_report_due_on(year: int) -> date:
    """Return when the report of a year's benefits should be with GSE: 30 June of the next year.

    The rules want it "su base annuale" and print no day (RO p.39); after the true-up of 15 May the year's figures are known.
    """
    return date(year + 1, 6, 30)


def list_gse_dates(*, starts_on: date, ends_on: date | None, from_day: date, before: date) -> tuple[GseDate, ...]:
    """Return what is due in `[from_day, before)` for a configuration that is active in `[starts_on, ends_on)`, by day."""
    found = [
        one for one in _all_dates(starts_on, ends_on or before, from_day.year - 2, before.year) if from_day <= one.on < before
    ]
    return tuple(sorted(found))


def _all_dates(starts_on: date, ends_on: date, first_year: int, last_year: int) -> Iterator[GseDate]:
    for year in range(first_year, last_year + 1):
        if starts_on >= date(year + 1, 1, 1):
            continue
        for month in range(1, _MONTHS + 1):
            after = date(year + month // _MONTHS, month % _MONTHS + 1, 1)
            if starts_on < after and ends_on > date(year, month, 1):
                yield from _published(advance_due_on(year, month), GseEvent.ADVANCE, year, month)
        if ends_on > date(year, 1, 1):
            yield from _published(true_up_due_on(year), GseEvent.TRUE_UP, year)
            yield GseDate(yearly_report_due_on(year), GseEvent.YEARLY_REPORT, year)
        for day in recalculations_due_on(year):
            if starts_on < day:
                yield from _published(day, GseEvent.RECALCULATION, year, day.month)


def _published(on: date, event: GseEvent, year: int, month: int = 0) -> Iterator[GseDate]:
    yield GseDate(on, event, year, month)
    yield GseDate(payment_due_on(on), _PAID[event], year, month)
