"""Tasmota: the sensors' report on `tele/…/SENSOR`, the same on `stat/…/STATUS8`, and the last will.

Registers are kWh. `ENERGY.Total` is what was drawn, a number or a list per phase or tariff; meters with registers of their own
report them as `ImportActive` and `ExportActive`, under `ENERGY` or any other key. `Time` is local and has no zone.
"""

from typing import TypeVar

import msgspec

from apps.engine.telemetry.messages import Channel, Electrics, Kind, Parsed, Reason, Refused, Register
from apps.engine.telemetry.quantities import (
    ABSENT,
    MILLI_OF_KILO,
    MILLI_OF_ONE,
    Fields,
    clean,
    fields_in,
    is_given,
    is_object,
    items,
    part_of,
    registers_of,
    shown,
    total_and_parts,
)
from apps.engine.telemetry.readers import Address, Json, Registers, Words
from apps.engine.telemetry.routes import Route
from apps.engine.telemetry.stamps import written_us

VENDOR = "tasmota"
T = TypeVar("T")


class _Meter(msgspec.Struct, gc=False):
    total: msgspec.Raw = msgspec.field(default=ABSENT, name="Total")
    imported: msgspec.Raw = msgspec.field(default=ABSENT, name="ImportActive")
    exported: msgspec.Raw = msgspec.field(default=ABSENT, name="ExportActive")


class _Status8(msgspec.Struct, gc=False):
    sensors: Fields = msgspec.field(default_factory=dict, name="StatusSNS")


_METER = msgspec.json.Decoder(_Meter)
_OWN = "ENERGY"
_Found = tuple[str, msgspec.Raw, tuple[tuple[Channel, msgspec.Raw], ...]]


def _meters(fields: Fields) -> list[_Found]:
    """Return the meters of a report: component, its fields, and the field of each register."""
    found: list[_Found] = []
    for key, raw in fields.items():
        if is_object(raw):
            meter = part_of(_METER, raw)
            drawn = meter.imported or (meter.total if key == _OWN else ABSENT)
            if key == _OWN or drawn or meter.exported:
                found.append((clean(key), raw, ((Channel.IMPORT, drawn), (Channel.EXPORT, meter.exported))))
        elif key == _OWN and is_given(raw):
            raise Refused(Reason.WRONG_TYPE, "ENERGY should be an object with the meter's fields.")
    return found


def _electrics(component: str, fields: Fields) -> tuple[Electrics, ...]:
    """Return what flows now: a number is the whole meter's, a list has one part per phase, whose powers add up."""
    quantities = [fields.get(name, ABSENT) for name in ("Power", "Voltage", "Current", "Frequency")]
    lists = [items(raw) for raw in quantities]
    whole = [None if parts is not None else shown(raw, MILLI_OF_ONE) for raw, parts in zip(quantities, lists, strict=True)]
    phases: list[list[int | None]] = []
    for i, parts in enumerate(lists):
        for j, part in enumerate(parts or ()):
            if j == len(phases):
                phases.append([None] * len(lists))
            phases[j][i] = shown(part, MILLI_OF_ONE)
    powers = [phase[0] for phase in phases if phase[0] is not None]
    if powers and len(powers) == len(phases):
        whole[0] = sum(powers)
    rows = [Electrics(component, "", *whole)] + [Electrics(component, str(j), *phase) for j, phase in enumerate(phases, 1)]
    return tuple(row for row in rows if row != Electrics(row.component, row.phase))


class _Reports(Json[T]):
    def fields(self, body: T) -> Fields:
        raise NotImplementedError

    def registers(self, body: T, address: Address, payload: bytes) -> Registers:
        found: list[Register] = []
        for component, _, readings in _meters(self.fields(body)):
            drawn, given = (total_and_parts(raw, MILLI_OF_KILO)[0] for _, raw in readings)
            found += registers_of(component, drawn, given)
        return tuple(found)

    def kind_of(self, body: T) -> Kind:
        return Kind.POWER if _meters(self.fields(body)) else Kind.STATUS

    def stamp_us(self, body: T, received_us: int) -> int | None:
        return written_us(self.fields(body).get("Time", ABSENT), received_us)

    def phases(self, parsed: Parsed) -> Registers:
        return tuple(
            Register(component, channel, part, str(i))
            for component, _, readings in _meters(self.fields(self.shape.decode(parsed.payload)))
            for channel, raw in readings
            for i, part in enumerate(total_and_parts(raw, MILLI_OF_KILO)[1], 1)
        )

    def electrics(self, parsed: Parsed) -> tuple[Electrics, ...]:
        meters = _meters(self.fields(self.shape.decode(parsed.payload)))
        return tuple(row for component, raw, _ in meters for row in _electrics(component, fields_in(raw)))


class _Sensor(_Reports[Fields]):
    def fields(self, body: Fields) -> Fields:
        return body


class _Answer(_Reports[_Status8]):
    def fields(self, body: _Status8) -> Fields:
        return body.sensors


_SENSOR, _ANSWER = _Sensor(Fields), _Answer(_Status8)
_WILL = Words(online=True, offline=False)

ROUTES = tuple(
    Route(pattern, reader, "{device}", "{device}")
    for pattern, reader in (
        ("tele/{device}/SENSOR", _SENSOR),
        ("{device}/tele/SENSOR", _SENSOR),
        ("stat/{device}/STATUS8", _ANSWER),
        ("{device}/stat/STATUS8", _ANSWER),
        ("tele/{device}/LWT", _WILL),
        ("{device}/tele/LWT", _WILL),
    )
)
