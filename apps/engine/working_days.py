"""The working days of Rome, by which GSE counts its payments ("giorni lavorativi sulla piazza di Roma", RO p.39).

Holidays are those of law 260/1949 as amended (2 June since 2001, law 336/2000; 4 October since 2026, law 151/2025) and 29 June,
the patron saints of Rome. Saturdays are no working days of banks. Computed, not read from a table: the engine does no I/O.
"""

from datetime import date, timedelta
from functools import lru_cache

_EVERY_YEAR = ((1, 1), (1, 6), (4, 25), (5, 1), (6, 29), (8, 15), (11, 1), (12, 8), (12, 25), (12, 26))
_REPUBLIC_DAY_SINCE = 2001
_SAINT_FRANCIS_SINCE = 2026
_SATURDAY = 5


def easter(year: int) -> date:
    """Return Easter Sunday of the Gregorian calendar, by the rule of the church: first Sunday after the full moon of spring.

    The moon's age follows a cycle of 19 years, corrected by the century; the two exceptions keep the full moon within its limits.
    """
    golden = year % 19
    century = year // 100
    epact = (century - century // 4 - (8 * century + 13) // 25 + 19 * golden + 15) % 30
    if epact == 29 or (epact == 28 and golden > 10):
        epact -= 1
    full_moon = date(year, 3, 21) + timedelta(days=epact)
    return full_moon + timedelta(days=6 - full_moon.weekday() if full_moon.weekday() < 6 else 7)


@lru_cache(maxsize=64)
def public_holidays(year: int) -> frozenset[date]:
    """Return the public holidays of Rome that may fall on a weekday. Sundays are no part of it."""
    days = {date(year, month, day) for month, day in _EVERY_YEAR}
    days.add(easter(year) + timedelta(days=1))
    if year >= _REPUBLIC_DAY_SINCE:
        days.add(date(year, 6, 2))
    if year >= _SAINT_FRANCIS_SINCE:
        days.add(date(year, 10, 4))
    return frozenset(days)


def is_working_day(day: date) -> bool:
    """Return whether banks in Rome work on a day: neither Saturday, Sunday nor holiday."""
    return day.weekday() < _SATURDAY and day not in public_holidays(day.year)


def last_working_day(year: int, month: int) -> date:
    """Return the last working day of a month."""
    day = last_day(year, month)
    while not is_working_day(day):
        day -= timedelta(days=1)
    return day


def last_day(year: int, month: int) -> date:
    """Return the last day of a month; months beyond 12 run on into the next years."""
    year, month = year + month // 12, month % 12 + 1
    return date(year, month, 1) - timedelta(days=1)
