"""Whether a device is there, and what its silence means.

A device is *heard* when its last message is younger than its timeout, `TIMEOUTS` heartbeats. It is said to be gone when the
broker spoke its last will and nothing came from it since. Then, in this order:

- **keep** what an equal or later look found: older facts never flip anything.
- **heard** and not said to be gone: online, or *clock wrong* if a stamp that cannot be came within the timeout.
- **offline** stays so until it is heard: neither night nor a broker explain a silence that began without them.
- **said to be gone**: offline at once, or asleep.
- **broker down**: its time is up, but its broker is not connected and brought nothing since. The silence proves nothing.
  While the broker is known to be away half the timeout is enough.
- **in time**: what it was, until its time is up. After a broker was reached again, a device has a whole timeout to speak.
- **asleep**: the time of what sleeps at night was up in the present dark (`darkness`), and it is still dark.
- **offline** else.

A device that changed `UNSTEADY_FLIPS` times within `UNSTEADY_WITHIN` is *unsteady*: what it is must have lasted `HOLD` before it
changes again, it must be silent for `UNSTEADY_PATIENCE` timeouts, and its last will is not enough. So the worst device flips five
times in its first hour, then three or four. Changes to and from *broker down* are not its fault and not among its `flips`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

TIMEOUTS = 3
UNSTEADY_FLIPS = 4
UNSTEADY_WITHIN = timedelta(hours=1)
UNSTEADY_PATIENCE = 3
HOLD = timedelta(minutes=15)


class Presence(StrEnum):
    UNKNOWN = "unknown"  # never heard
    ONLINE = "online"
    OFFLINE = "offline"
    ASLEEP = "asleep"
    BROKER_DOWN = "broker_down"
    CLOCK_WRONG = "clock_wrong"


class Reason(StrEnum):
    """Why a presence changed."""

    HEARD = "heard"
    CLOCK = "clock"
    WILL = "will"
    SILENT = "silent"
    NIGHT = "night"
    BROKER = "broker"


@dataclass(frozen=True, slots=True)
class BrokerFact:
    """A broker as the listener sees it.

    `is_up` is None when nobody says. `up_since` is when the present connection began, `carried_at` the newest message of any
    device.
    """

    is_up: bool | None = None
    up_since: datetime | None = None
    carried_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeviceFact:
    """A device as it stands. Instants are aware; None means never.

    `heartbeat` is above zero; `will_online` is what the broker said last of its connection; `sleeps` says that it lives on
    sunlight; `presence` and `since` are what was found before; `flips` counts its own changes within `UNSTEADY_WITHIN`.
    """

    heartbeat: timedelta
    broker: BrokerFact
    presence: Presence = Presence.UNKNOWN
    since: datetime | None = None
    last_received_at: datetime | None = None
    will_online: bool | None = None
    will_at: datetime | None = None
    clock_wrong_at: datetime | None = None
    sleeps: bool = False
    flips: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a device is. `reason` is None when it is what it was."""

    presence: Presence
    reason: Reason | None = None


def judge(device: DeviceFact, *, as_of: datetime, dark_since: datetime | None) -> Verdict:
    """Return what a device is at an instant; `dark_since` is when the present dark began, None by day. The rules stand above."""
    unsteady = device.flips >= UNSTEADY_FLIPS
    held_until = device.since + (HOLD if unsteady else timedelta()) if device.since else None
    if held_until is not None and as_of <= held_until:
        return Verdict(device.presence)
    found = _look(device, as_of, dark_since, unsteady)
    return Verdict(device.presence) if found.presence is device.presence else found


def _look(device: DeviceFact, as_of: datetime, dark_since: datetime | None, unsteady: bool) -> Verdict:
    same = Verdict(device.presence)
    heard_at, gone_at, timeout = device.last_received_at, _said_gone_at(device), TIMEOUTS * device.heartbeat
    if heard_at is not None and gone_at is None and heard_at + _fresh_for(device.broker, timeout) > as_of:
        wrong = device.clock_wrong_at is not None and device.clock_wrong_at + timeout > as_of
        return Verdict(Presence.CLOCK_WRONG, Reason.CLOCK) if wrong else Verdict(Presence.ONLINE, Reason.HEARD)
    if device.presence is Presence.OFFLINE:
        return same
    silent_from = None if heard_at is None else _count_from(device, heard_at, timeout) + timeout
    if gone_at is not None and not unsteady:
        return _be_silent(device, min(gone_at, silent_from or gone_at), dark_since, Reason.WILL)
    if heard_at is None or silent_from is None:
        return same
    is_over = silent_from + (UNSTEADY_PATIENCE - 1) * unsteady * timeout <= as_of
    if not _is_proven(device.broker, silent_from):
        is_late = heard_at + _fresh_for(device.broker, timeout) <= as_of
        return _behind_broker(device, dark_since) if is_over or (is_late and device.broker.is_up is False) else same
    return _be_silent(device, silent_from, dark_since, Reason.SILENT) if is_over else same


def _said_gone_at(device: DeviceFact) -> datetime | None:
    """When the last will was spoken, if nothing came from the device since."""
    if device.will_online is not False or device.will_at is None:
        return None
    is_back = device.last_received_at is not None and device.last_received_at > device.will_at
    return None if is_back else device.will_at


def _fresh_for(broker: BrokerFact, timeout: timedelta) -> timedelta:
    return timeout // 2 if broker.is_up is False else timeout


def _count_from(device: DeviceFact, heard_at: datetime, timeout: timedelta) -> datetime:
    """From when on the device could have been heard. A broker that comes and goes gives one timeout at most, not for ever."""
    up_since = device.broker.up_since if device.broker.is_up else None
    if up_since is None or up_since <= heard_at:
        return heard_at
    return up_since if device.presence is Presence.BROKER_DOWN else min(up_since, heard_at + timeout)


def _is_proven(broker: BrokerFact, silent_from: datetime) -> bool:
    """Whether the broker would have brought a message by then."""
    return bool(broker.is_up) or (broker.carried_at is not None and broker.carried_at >= silent_from)


def _behind_broker(device: DeviceFact, dark_since: datetime | None) -> Verdict:
    if device.presence is Presence.ASLEEP and dark_since is not None:
        return Verdict(Presence.ASLEEP)
    return Verdict(Presence.BROKER_DOWN, Reason.BROKER)


def _be_silent(device: DeviceFact, silent_from: datetime, dark_since: datetime | None, reason: Reason) -> Verdict:
    if device.sleeps and dark_since is not None:
        slept = device.presence is Presence.ASLEEP and device.since is not None and device.since >= dark_since
        if slept or silent_from >= dark_since:
            return Verdict(Presence.ASLEEP, Reason.NIGHT)
    return Verdict(Presence.OFFLINE, reason)
