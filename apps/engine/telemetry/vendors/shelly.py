"""Shelly, second generation on: three-phase `em`, single-phase `em1`, `switch`, and the notifications of all of them.

Registers are Wh: `emdata` and `em1data` count what was drawn (`…_act…`) and given back (`…_ret…`), a switch what it let through
(`aenergy.total`, back in `ret_aenergy.total`). The number in the topic names the meter: the `id` inside differs in the field.
Only a notification carries a time, in `ts`; `minute_ts` of a switch is when its minute began, not when it was read.
"""

import re
from collections.abc import Callable
from functools import lru_cache

import msgspec

from apps.engine.telemetry.messages import Channel, Electrics, Kind, Parsed, Register
from apps.engine.telemetry.quantities import (
    ABSENT,
    MILLI_OF_ONE,
    Fields,
    fields_in,
    is_given,
    part_of,
    register,
    registers_of,
    shown,
)
from apps.engine.telemetry.readers import Address, Json, Registers, TopicReader, Words, same_identity
from apps.engine.telemetry.routes import Route
from apps.engine.telemetry.stamps import epoch_seconds_us

VENDOR = "shelly"
_METER_NAME = re.compile(r"(em|em1|switch)((?:data)?):([0-9]+)")
_LONGEST_NAME = 16
_PHASES = ("a", "b", "c")


class _Counter(msgspec.Struct, gc=False):
    total: msgspec.Raw = ABSENT


class _Counted(msgspec.Struct, gc=False):
    """The fields that make energy, of any meter. Some firmware leaves all of them out, a partial update some."""

    total_act: msgspec.Raw = ABSENT  # emdata
    total_act_ret: msgspec.Raw = ABSENT
    total_act_energy: msgspec.Raw = ABSENT  # em1data
    total_act_ret_energy: msgspec.Raw = ABSENT
    aenergy: _Counter | None = None  # switch
    ret_aenergy: _Counter | None = None


class _Measured(msgspec.Struct, gc=False):
    """What flows now makes no energy: nothing of it is read before somebody looks."""


class _Notification(msgspec.Struct, gc=False):
    src: str | None = None
    params: Fields = {}


_COUNTED = msgspec.json.Decoder(_Counted)
_NO_COUNTER = _Counter()


def _registers(component: str, body: _Counted, payload: bytes | msgspec.Raw) -> Registers:
    drawn = register(body.total_act or body.total_act_energy or (body.aenergy or _NO_COUNTER).total, MILLI_OF_ONE)
    given = register(body.total_act_ret or body.total_act_ret_energy or (body.ret_aenergy or _NO_COUNTER).total, MILLI_OF_ONE)
    if drawn is None and given is None:
        return _summed(component, _phases(component, fields_in(payload), register))
    return registers_of(component, drawn, given)


def _phases(component: str, fields: Fields, read: Callable[[msgspec.Raw, int], int | None] = shown) -> Registers:
    """Return the registers of single phases. Read with `register`, one that cannot be is refused; else it is not shown."""
    return tuple(
        Register(component, channel, value, phase)
        for phase in _PHASES
        for channel, name in ((Channel.IMPORT, "_total_act_energy"), (Channel.EXPORT, "_total_act_ret_energy"))
        if (value := read(fields.get(phase + name, ABSENT), MILLI_OF_ONE)) is not None
    )


def _summed(component: str, phases: Registers) -> Registers:
    """Return the totals of a payload that names only phases. With one phase unknown the total is unknown."""
    parts = {channel: [p.register_milliwh for p in phases if p.channel is channel] for channel in Channel}
    return tuple(Register(component, channel, sum(found)) for channel, found in parts.items() if len(found) == len(_PHASES))


def _electrics(component: str, fields: Fields) -> tuple[Electrics, ...]:
    rows = [Electrics(component, "", *(_first(fields, names) for names in _TOTALS))]
    for phase in _PHASES:
        rows.append(Electrics(component, phase, *(_first(fields, (phase + name,)) for name in _OF_PHASE)))
    return tuple(row for row in rows if row != Electrics(row.component, row.phase))


_TOTALS = (("total_act_power", "act_power", "apower"), ("voltage",), ("total_current", "current"), ("freq",))
_OF_PHASE = ("_act_power", "_voltage", "_current", "_freq")


def _first(fields: Fields, names: tuple[str, ...]) -> int | None:
    return next((shown(fields[name], MILLI_OF_ONE) for name in names if name in fields), None)


class _Power(Json[_Measured]):
    """`status/em:0`, `status/em1:0`: what flows now."""

    def electrics(self, parsed: Parsed) -> tuple[Electrics, ...]:
        return _electrics(parsed.component, fields_in(parsed.payload))


class _Energy(Json[_Counted]):
    """`status/emdata:0`, `status/em1data:0`, `status/switch:0`: registers, and of a switch also what flows now."""

    def registers(self, body: _Counted, address: Address, payload: bytes) -> Registers:
        return _registers(address.component, body, payload)

    def phases(self, parsed: Parsed) -> Registers:
        return _phases(parsed.component, fields_in(parsed.payload))

    def electrics(self, parsed: Parsed) -> tuple[Electrics, ...]:
        return _electrics(parsed.component, fields_in(parsed.payload))


class _Events(Json[_Notification]):
    """`events/rpc`: NotifyStatus with what changed, NotifyFullStatus with everything, of several meters at once."""

    def registers(self, body: _Notification, address: Address, payload: bytes) -> Registers:
        same_identity("src", body.src, address.source.name)
        found: list[Register] = []
        for component, counts, raw in _meters(body):
            if counts:
                found += _registers(component, part_of(_COUNTED, raw), raw)
        return tuple(found)

    def kind_of(self, body: _Notification) -> Kind:
        return Kind.POWER if _meters(body) else Kind.STATUS

    def stamp_us(self, body: _Notification, received_us: int) -> int | None:
        return epoch_seconds_us(body.params.get("ts", ABSENT))

    def phases(self, parsed: Parsed) -> Registers:
        return tuple(row for component, _, raw in self._meters(parsed) for row in _phases(component, fields_in(raw)))

    def electrics(self, parsed: Parsed) -> tuple[Electrics, ...]:
        return tuple(row for component, _, raw in self._meters(parsed) for row in _electrics(component, fields_in(raw)))

    def _meters(self, parsed: Parsed) -> list[tuple[str, bool, msgspec.Raw]]:
        return _meters(self.shape.decode(parsed.payload))


def _meters(body: _Notification) -> list[tuple[str, bool, msgspec.Raw]]:
    """Return the meters that a notification speaks of: component, whether it has registers, fields."""
    named = ((_meter_named(name), raw) for name, raw in body.params.items() if len(name) <= _LONGEST_NAME and is_given(raw))
    return [(meter[0], meter[1], raw) for meter, raw in named if meter]


@lru_cache(maxsize=256)
def _meter_named(name: str) -> tuple[str, bool] | None:
    """Return the component of a meter's name and whether it has registers: `em1data:0` is those of `em1:0`."""
    meter = _METER_NAME.fullmatch(name)
    return (f"{meter[1]}:{meter[3]}", meter[1] == "switch" or bool(meter[2])) if meter else None


def _route(levels: str, reader: TopicReader, component: str = "") -> Route:
    return Route(f"**/{levels}", reader, "{prefix}", "{last}", component)


ROUTES = (
    _route("status/{meter:em1?}:{n:[0-9]+}", _Power(_Measured, Kind.POWER), "{meter}:{n}"),
    _route("status/{meter:em1?}data:{n:[0-9]+}", _Energy(_Counted), "{meter}:{n}"),
    _route("status/{meter:switch}:{n:[0-9]+}", _Energy(_Counted, Kind.POWER), "{meter}:{n}"),
    _route("events/rpc", _Events(_Notification)),
    _route("online", Words(true=True, false=False)),
)
