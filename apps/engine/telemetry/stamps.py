"""The device's own time, when it can be believed (payloads.md, "Time")."""

from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from apps.engine.calendar import summer_time
from apps.engine.telemetry.messages import EPOCH, MICROSECOND, Clock, Refused
from apps.engine.telemetry.quantities import MICROSECONDS, is_given, scaled

EARLIEST_US = (datetime(2020, 1, 1, tzinfo=UTC) - EPOCH) // MICROSECOND
AHEAD_US = 5 * 60 * 1_000_000
"""How far a device's clock may run ahead of ours."""
_HOUR_US = 3600 * 1_000_000
_WINTER_US = _HOUR_US
_SUMMER_US = 2 * _HOUR_US
_UNREADABLE = 0
"""A stamp that is there and says nothing counts as 1970: a clock that is not set."""


def is_sane(measured_us: int, received_us: int) -> bool:
    """Say whether a stamp can be: not before 2020, not more than 5 minutes ahead of when the message arrived."""
    return EARLIEST_US <= measured_us <= received_us + AHEAD_US


def settled(stamp_us: int, received_us: int) -> tuple[int, Clock]:
    """Return when something was measured and by whose clock, from the device's own stamp."""
    if is_sane(stamp_us, received_us):
        return stamp_us, Clock.DEVICE
    return received_us, Clock.WRONG


def epoch_seconds_us(raw: msgspec.Raw) -> int | None:
    """Return a stamp of seconds since 1970, with decimals or without; None when absent or null."""
    try:
        return scaled(raw, MICROSECONDS)
    except Refused:
        return _UNREADABLE


def written_us(raw: msgspec.Raw, received_us: int) -> int | None:
    """Return a stamp written as date and time; None when absent or null. Without a zone it is local time (Europe/Rome)."""
    if not is_given(raw):
        return None
    try:
        stamp = datetime.fromisoformat(bytes(raw).decode().strip('"'))
    except ValueError:
        return _UNREADABLE
    if stamp.tzinfo is not None:
        return (stamp - EPOCH) // MICROSECOND
    return _local_us(stamp, received_us)


def _local_us(wall: datetime, received_us: int) -> int:
    """Return the instant of a wall clock in Rome. Of the two in the hour that October repeats, the later that can be."""
    wall_us = (wall.replace(tzinfo=UTC) - EPOCH) // MICROSECOND
    if not EARLIEST_US <= wall_us <= received_us + _SUMMER_US + AHEAD_US:
        return _UNREADABLE
    starts_us, ends_us = _summer_us(wall.year)
    for offset_us in (_WINTER_US, _SUMMER_US):
        instant_us = wall_us - offset_us
        summer = starts_us <= instant_us < ends_us
        if summer == (offset_us == _SUMMER_US) and is_sane(instant_us, received_us):
            return instant_us
    return _UNREADABLE


@lru_cache(maxsize=256)
def _summer_us(year: int) -> tuple[int, int]:
    starts_at, ends_at = summer_time(year)
    return (starts_at - EPOCH) // MICROSECOND, (ends_at - EPOCH) // MICROSECOND
