"""A message of our own, every few seconds, from the broker to a row: does it come through, and if not, where does it stay?

It says when it was sent, on a topic of its own that no vendor uses. It goes to the broker that `CANARY_URL` names; the listener
hears it on the row with the same address (`canary_rows`). Pure: no database, no clock.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from apps.metering.raw import RawMessage

CANARY_TOPICS = "canary/"
TOPIC = f"{CANARY_TOPICS}cercollettiva"
LATE = timedelta(seconds=20)
_DIGITS = 16  # of an instant in µs, from 2001 to 2286


class Leg(StrEnum):
    """Where the way is cut: the first leg that a message does not pass."""

    OPEN = "open"
    UNUSED = "unused"  # no broker is named, or no enabled row has its address
    SENDER = "sender"  # nobody sends: beat or the workers stand still
    BROKER = "broker"  # the broker does not take it
    LISTENER = "listener"  # the broker took it, the listener did not get it
    WORKERS = "workers"  # the listener got it, no row was written
    UNKNOWN = "unknown"  # Redis does not say


@dataclass(frozen=True, slots=True)
class Sung:
    """What the sender knows: when it tried last, when the broker last confirmed, and why the last attempt failed."""

    tried_at: datetime | None = None
    confirmed_at: datetime | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Through:
    """The newest message that came through: when it was sent, and when its row was written."""

    sent_at: datetime
    stored_at: datetime


@dataclass(frozen=True, slots=True)
class Way:
    """Where the way is cut, why if somebody said so, and how long the last message took that came through."""

    leg: Leg
    error: str = ""
    took: timedelta | None = None
    through_at: datetime | None = None


def judge_way(
    sung: Sung | None, *, heard_at: datetime | None, through: Through | None, since: datetime | None, as_of: datetime
) -> Way:
    """Say which leg is cut. `heard_at`: by the listener; `through`: the newest row; `since`: when the listener connected."""
    took, through_at = (through.stored_at - through.sent_at, through.sent_at) if through else (None, None)
    if sung is None:
        return Way(Leg.UNKNOWN, "", took, through_at)
    if through_at is not None and as_of - through_at <= LATE:
        return Way(Leg.OPEN, "", took, through_at)
    if sung.tried_at is None or as_of - sung.tried_at > LATE:
        leg = Leg.SENDER
    elif sung.confirmed_at is None or as_of - sung.confirmed_at > LATE:
        leg = Leg.BROKER
    elif heard_at is None or as_of - heard_at > LATE:
        # just connected: not silent yet
        leg = Leg.OPEN if since is not None and as_of - since <= LATE else Leg.LISTENER
    else:
        leg = Leg.WORKERS
    return Way(leg, sung.error if leg is Leg.BROKER else "", took, through_at)


def sung_at(message: RawMessage) -> int | None:
    """When a message of our own was sent (µs since 1970 UTC); None for anybody else's."""
    if message.topic != TOPIC or len(message.payload) != _DIGITS or not message.payload.isdigit():
        return None
    return int(message.payload)
