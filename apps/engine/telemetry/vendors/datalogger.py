"""Dataloggers and gateways: a heartbeat with the last values of their sensors, and what goes in and out of them.

`heart_beat` names the site or the logger, and must be that of the topic. A logger without a serial number is `<type>_<n>`.
The stamps of sensors are local time without a zone. Sensors make no energy.
"""

import msgspec

from apps.engine.telemetry.messages import Clock, Kind, Parsed, Reason, Refused, Sensor
from apps.engine.telemetry.quantities import ABSENT, Fields, clean, decimal, fields_in, text
from apps.engine.telemetry.readers import Address, Facts, Json, JsonOrWord, Registers, facts_of, name_in, same_identity
from apps.engine.telemetry.routes import Route
from apps.engine.telemetry.stamps import settled, written_us

VENDOR = "datalogger"
_NOT_VALUES = ("device_name", "ts")
_LAST = "last_"


class _Heartbeat(msgspec.Struct, gc=False):
    heart_beat: msgspec.Raw = ABSENT
    sensors_last_data: list[Fields] = []


def _sensor(fields: Fields, received_us: int) -> Sensor:
    name = text(fields.get("device_name", ABSENT))
    if not name:
        raise Refused(Reason.WRONG_TYPE, "A sensor without a device_name cannot be told from the others.")
    stamp_us = written_us(fields.get("ts", ABSENT), received_us)
    measured_us, clock = (received_us, Clock.RECEIVED) if stamp_us is None else settled(stamp_us, received_us)
    values = ((clean(key.removeprefix(_LAST)), decimal(raw)) for key, raw in fields.items() if key not in _NOT_VALUES)
    return Sensor(name, measured_us, clock, tuple((key, value) for key, value in values if value is not None))


class _Heartbeats(Json[_Heartbeat]):
    def registers(self, body: _Heartbeat, address: Address, payload: bytes) -> Registers:
        same_identity("heart_beat", name_in(body.heart_beat), address.levels["site"], address.source.name)
        return ()

    def sensors(self, parsed: Parsed) -> tuple[Sensor, ...]:
        listed = self.shape.decode(parsed.payload).sensors_last_data
        return tuple(_sensor(fields, parsed.received_us) for fields in listed)

    def facts(self, parsed: Parsed) -> Facts:
        fields = fields_in(parsed.payload)
        return facts_of({name: raw for name, raw in fields.items() if name != "heart_beat"})


class _Anything(JsonOrWord[Fields]):
    def facts(self, parsed: Parsed) -> Facts:
        return facts_of(fields_in(parsed.payload))


_READERS = (
    ("heartbeat", _Heartbeats(_Heartbeat, Kind.HEARTBEAT)),
    ("input", _Anything(Fields, Kind.COMMAND)),
    ("output", _Anything(Fields)),
)
_LOGGER, _GATEWAY = "{site}/datalogger/{type}/{n}", "{site}/gateway"

ROUTES = tuple(
    Route(f"{device}/{level}", reader, device, name)
    for device, name in ((_LOGGER, "{type}_{n}"), (_GATEWAY, "gateway"))
    for level, reader in _READERS
)
