"""From instants to local days and their quarters, by table: the days that a file of measures may speak of."""

from datetime import UTC, date, datetime
from functools import cache

import numpy as np
from numpy.typing import NDArray

from apps.engine.calendar import summer_time, utc_offset

FIRST_DAY = date(2000, 1, 1)
END_DAY = date(2100, 1, 1)
DAYS = (END_DAY - FIRST_DAY).days
SECONDS_PER_QUARTER = 900
_SECONDS_PER_DAY = 86_400
_HOUR = 3600


@cache
def day_starts() -> NDArray[np.int64]:
    """Return the instants (seconds since 1970 UTC) of the midnights of Rome from FIRST_DAY to END_DAY, both included."""
    days = np.arange(np.datetime64(FIRST_DAY), np.datetime64(END_DAY) + 1)
    midnights = days.astype("datetime64[s]").astype(np.int64)
    changes = [int(change.timestamp()) for year in range(FIRST_DAY.year, END_DAY.year + 1) for change in summer_time(year)]
    # The clocks change in the small hours, so the day of the change still opens with the offset of the day before.
    summer = np.searchsorted(np.array(changes), midnights - _HOUR, side="right") % 2
    return midnights - _HOUR * (1 + summer)


@cache
def quarters_of_days() -> NDArray[np.int64]:
    """Return the length of each day: 92, 96 or 100 quarters, (DAYS,)."""
    return np.diff(day_starts()) // SECONDS_PER_QUARTER


def days_and_slots(seconds: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the local day, counted from FIRST_DAY, and its quarter for instants within the years of the table."""
    starts = day_starts()
    guess = (seconds - starts[0]) // _SECONDS_PER_DAY  # right but for the last hour of days in summer
    day = guess + (seconds >= starts[guess + 1])
    return day.astype(np.int32), ((seconds - starts[day]) // SECONDS_PER_QUARTER).astype(np.int32)


def in_range(seconds: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which instants lie in the years of the table."""
    starts = day_starts()
    return np.asarray((seconds >= starts[0]) & (seconds < starts[-1]))


def local_label(day: int, slot: int) -> str:
    """A quarter as people read it: `2023-03-01 00:15` with the offset that holds."""
    instant = datetime.fromtimestamp(int(day_starts()[day]) + slot * SECONDS_PER_QUARTER, UTC)
    offset = utc_offset(instant)
    return f"{instant + offset:%Y-%m-%d %H:%M}+0{offset.seconds // _HOUR}:00"
