"""Microseconds since 1970 UTC as instants."""

from datetime import UTC, datetime, timedelta
from typing import overload

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@overload
def moment(microseconds: int) -> datetime: ...
@overload
def moment(microseconds: None) -> None: ...
def moment(microseconds: int | None) -> datetime | None:
    """The instant, or None for none."""
    return None if microseconds is None else _EPOCH + microseconds * _MICROSECOND
