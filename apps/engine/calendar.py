"""The hours of Europe/Rome: months of 672..745 hours, days of 23, 24 or 25 (settlement-rules 2.1).

Summer time is computed from the rule in force in Italy since 1996 (directive 2000/84/EC: from 01:00 UTC of the last Sunday of
March to 01:00 UTC of the last Sunday of October) and not read from the machine's time zone files: the engine does no I/O and
gives the same hours everywhere. A test compares it with the time zone database, so a change of the law is noticed there.
"""

from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from apps.engine.errors import InputsInconsistent, YearNotSupported

QUARTERS_PER_HOUR = 4
_FIRST_YEAR = 1996
_LAST_YEAR = 2199
_WINTER = timedelta(hours=1)
_SUMMER = timedelta(hours=2)
_HOUR = timedelta(hours=1)
_SECONDS_PER_HOUR = 3600
_SECONDS_PER_QUARTER = 900


def _last_sunday(year: int, month: int) -> datetime:
    """Return 01:00 UTC of the last Sunday of a month of 31 days: the instant when the clocks change."""
    last = date(year, month, 31)
    sunday = last - timedelta(days=(last.weekday() + 1) % 7)
    return datetime(sunday.year, sunday.month, sunday.day, 1, tzinfo=UTC)


@cache
def summer_time(year: int) -> tuple[datetime, datetime]:
    """Return when summer time starts and ends in a year, as UTC instants.

    Errors: `YearNotSupported` before 1996, when Italy changed the clocks on other days, and after 2199.
    """
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise YearNotSupported(
            f"The calendar knows the hours of Europe/Rome from {_FIRST_YEAR} to {_LAST_YEAR}, not of {year}. Correct the date."
        )
    return _last_sunday(year, 3), _last_sunday(year, 10)


def utc_offset(instant: datetime) -> timedelta:
    """Return how far Rome is ahead of UTC at an aware instant."""
    starts_at, ends_at = summer_time(instant.astimezone(UTC).year)
    return _SUMMER if starts_at <= instant < ends_at else _WINTER


def day_starts_at(day: date) -> datetime:
    """Return the UTC instant of the local midnight that opens a day."""
    starts_at, ends_at = summer_time(day.year)
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    # The clocks change at 02:00 or 03:00 local, so the day of the change still opens with the old offset.
    summer = starts_at.date() < day <= ends_at.date()
    return midnight - (_SUMMER if summer else _WINTER)


def hours_in_day(day: date) -> int:
    """Return 23, 24 or 25."""
    return (day_starts_at(day + timedelta(days=1)) - day_starts_at(day)) // _HOUR


def quarters_in_day(day: date) -> int:
    """Return 92, 96 or 100."""
    return QUARTERS_PER_HOUR * hours_in_day(day)


def _next_month(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1)


def month_days(year: int, month: int) -> tuple[date, ...]:
    """Return the local days of a month in order."""
    first = date(year, month, 1)
    return tuple(first + timedelta(days=n) for n in range((_next_month(year, month) - first).days))


def month_starts_at(year: int, month: int) -> datetime:
    """Return the UTC instant at which a local month opens."""
    return day_starts_at(date(year, month, 1))


def hours_in_month(year: int, month: int) -> int:
    """Return the number of hours H of a local month: 672..745, March 743, October 745."""
    return (day_starts_at(_next_month(year, month)) - month_starts_at(year, month)) // _HOUR


def month_hours(year: int, month: int) -> tuple[datetime, ...]:
    """Return the H instants (aware, UTC) at which the hours of a local month start."""
    first = month_starts_at(year, month)
    return tuple(first + n * _HOUR for n in range(hours_in_month(year, month)))


def month_hours_array(year: int, month: int) -> NDArray[np.datetime64]:
    """Return the same instants as `month_hours`, shape (H,), `datetime64[s]` in UTC."""
    first = np.datetime64(month_starts_at(year, month).replace(tzinfo=None), "s")
    return first + np.arange(hours_in_month(year, month)) * np.timedelta64(_SECONDS_PER_HOUR, "s")


def local_hours(year: int, month: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the local day of the month (1..31) and the local hour (0..23) of each hour, two arrays of shape (H,).

    On the last Sunday of October hour 2 stands twice, on that of March it does not stand at all.
    """
    instants = month_hours(year, month)
    local = [instant + utc_offset(instant) for instant in instants]
    return np.array([at.day for at in local], np.int64), np.array([at.hour for at in local], np.int64)


def first_hours_of_days(year: int, month: int) -> NDArray[np.intp]:
    """Return the index of the first hour of each local day of a month, (D,): what `np.add.reduceat` needs to sum by days."""
    return np.array([hour_of_day(day) for day in month_days(year, month)], np.intp)


def hour_of_day(day: date) -> int:
    """Return the index, in the hours of its month, of the first hour of a local day."""
    return (day_starts_at(day) - month_starts_at(day.year, day.month)) // _HOUR


def day_slots(day: date) -> slice:
    """Return which columns of the month's quarter matrix (`MonthInputs.withdrawn_wh`) belong to a local day."""
    first = QUARTERS_PER_HOUR * hour_of_day(day)
    return slice(first, first + quarters_in_day(day))


@lru_cache(maxsize=1024)  # most points of a community share their validity
def validity_hours(year: int, month: int, valid_from: date, valid_to: date | None) -> tuple[int, int]:
    """Return `[first_hour, last_hour)`: the local validity `[valid_from, valid_to)` cut to the month; (0, 0) if apart."""
    first, after = date(year, month, 1), _next_month(year, month)
    starts_on = max(first, valid_from)
    ends_on = after if valid_to is None else min(after, valid_to)
    if starts_on >= ends_on:
        return 0, 0
    last = hours_in_month(year, month) if ends_on == after else hour_of_day(ends_on)
    return hour_of_day(starts_on), last


def days_and_slots(epoch_seconds: NDArray[np.int64]) -> tuple[NDArray[np.datetime64], NDArray[np.int64]]:
    """Return the local day (`datetime64[D]`) and the quarter of that day (0..99) of UTC instants, in bulk.

    Instants are whole seconds since 1970; one inside a quarter belongs to it. Shapes: (n,) -> (n,), (n,).
    Errors: `InputsInconsistent` for a float array; `YearNotSupported`.
    """
    if not np.issubdtype(epoch_seconds.dtype, np.integer):
        raise InputsInconsistent("Instants must be whole seconds since 1970 UTC. Convert them before asking for their day.")
    if not epoch_seconds.size:
        return np.empty(0, "datetime64[D]"), np.empty(0, np.int64)
    instants = epoch_seconds.astype("datetime64[s]")
    years = instants.astype("datetime64[Y]").astype(np.int64) + 1970
    low, high = int(years.min()), int(years.max())
    edges = [edge.replace(tzinfo=None) for year in range(low, high + 1) for edge in summer_time(year)]
    changes = np.array(edges, "datetime64[s]")
    # An odd number of changes passed means summer: each year starts and ends in winter.
    summer = np.searchsorted(changes, instants, side="right") % 2
    days = (instants + ((summer + 1) * _SECONDS_PER_HOUR).astype("timedelta64[s]")).astype("datetime64[D]")
    # Slots count elapsed quarters since the day opened, in the offset that held at its midnight.
    opened_in_summer = (
        np.searchsorted(changes, days.astype("datetime64[s]") - np.timedelta64(_SECONDS_PER_HOUR, "s"), side="right") % 2
    )
    opened_at = days.astype("datetime64[s]").astype(np.int64) - (opened_in_summer + 1) * _SECONDS_PER_HOUR
    return days, (epoch_seconds - opened_at) // _SECONDS_PER_QUARTER
