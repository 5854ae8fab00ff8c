"""Shelly, first generation: one scalar a topic. `total` and `total_returned` are registers in Wh.

`energy` and `returned_energy` are watt-minutes since the last message, not registers: they never make energy.
A message carries no time. The emeters of one device are its phases or its circuits: the binding says which are summed.
"""

import re

from apps.engine.telemetry.messages import Channel, Electrics, Kind, Parsed, Reason, Refused, Register
from apps.engine.telemetry.payloads import check_bytes
from apps.engine.telemetry.quantities import MILLI_OF_ONE, clean, register, scaled, shown
from apps.engine.telemetry.readers import Address, TopicReader
from apps.engine.telemetry.routes import Route

VENDOR = "shelly_gen1"
_NUMBER = re.compile(rb"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


def _checked(payload: bytes) -> bytes:
    check_bytes(payload)
    number = payload.strip()
    if not _NUMBER.fullmatch(number):
        raise Refused(Reason.WRONG_TYPE, f"A number was expected where {clean(payload[:40].decode(errors='replace'))!r} stands.")
    return number


class _Total(TopicReader):
    """A register."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def read(self, address: Address, payload: bytes, received_us: int) -> Parsed:
        value = register(_checked(payload), MILLI_OF_ONE)
        registers = () if value is None else (Register(address.component, self._channel, value),)
        return self.undated(Kind.REGISTERS, address, payload, received_us, registers)


class _Shown(TopicReader):
    """A number that people may look at: the quantity at this place of `Electrics`, or one that has no place."""

    def __init__(self, place: int | None = None) -> None:
        self._place = place

    def read(self, address: Address, payload: bytes, received_us: int) -> Parsed:
        scaled(_checked(payload), MILLI_OF_ONE)
        return self.undated(Kind.STATUS if self._place is None else Kind.POWER, address, payload, received_us)

    def electrics(self, parsed: Parsed) -> tuple[Electrics, ...]:
        if self._place is None:
            return ()
        value = shown(parsed.payload.strip(), MILLI_OF_ONE)
        return (Electrics(parsed.component, "", *(value if place == self._place else None for place in range(3))),)


def _route(quantities: str, reader: TopicReader) -> Route:
    pattern = f"shellies/{{device}}/emeter/{{n:[0-9]+}}/{{quantity:{quantities}}}"
    return Route(pattern, reader, "shellies/{device}", "{device}", "emeter:{n}")


ROUTES = (
    _route("total", _Total(Channel.IMPORT)),
    _route("total_returned", _Total(Channel.EXPORT)),
    _route("power", _Shown(0)),
    _route("voltage", _Shown(1)),
    _route("current", _Shown(2)),
    _route("energy|returned_energy|pf", _Shown()),
)
