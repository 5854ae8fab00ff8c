"""Our own devices: `energy/plant/<plant>/device/<device>/measurements`, with registers in kWh and power in kW.

`energy_produced` is produced, `energy_consumed` drawn. The payload names device and plant, and must name those of its topic.
`status` and `commands` are kept for people to see.
"""

import msgspec

from apps.engine.telemetry.messages import Channel, Electrics, Kind, Parsed, Register
from apps.engine.telemetry.quantities import (
    ABSENT,
    MILLI_OF_KILO,
    MILLI_OF_ONE,
    Fields,
    fields_in,
    register,
    registers_of,
    shown,
)
from apps.engine.telemetry.readers import Address, Facts, Json, JsonOrWord, Registers, facts_of, name_in, same_identity
from apps.engine.telemetry.routes import Route
from apps.engine.telemetry.stamps import written_us

VENDOR = "native"


class _Report(msgspec.Struct, gc=False):
    device_id: msgspec.Raw = ABSENT
    plant_id: msgspec.Raw = ABSENT
    written: msgspec.Raw = msgspec.field(default=ABSENT, name="timestamp")
    measurements: Fields = {}
    status: Fields = {}


def _check_identity(device_id: msgspec.Raw, plant_id: msgspec.Raw, address: Address) -> None:
    same_identity("device_id", name_in(device_id), address.levels["device"])
    same_identity("plant_id", name_in(plant_id), address.levels["plant"])


class _Measurements(Json[_Report]):
    def registers(self, body: _Report, address: Address, payload: bytes) -> Registers:
        _check_identity(body.device_id, body.plant_id, address)
        produced = register(body.measurements.get("energy_produced", ABSENT), MILLI_OF_KILO)
        drawn = register(body.measurements.get("energy_consumed", ABSENT), MILLI_OF_KILO)
        consumption = registers_of("main", drawn, None)
        return consumption if produced is None else (Register("main", Channel.PRODUCTION, produced), *consumption)

    def stamp_us(self, body: _Report, received_us: int) -> int | None:
        return written_us(body.written, received_us)

    def electrics(self, parsed: Parsed) -> tuple[Electrics, ...]:
        fields = self.shape.decode(parsed.payload).measurements
        powers = [shown(fields.get(name, ABSENT), MILLI_OF_KILO) for name in ("power_produced", "power_consumed")]
        rest = [shown(fields.get(name, ABSENT), MILLI_OF_ONE) for name in ("voltage", "current", "frequency")]
        rows = (Electrics("production", "", powers[0], *rest), Electrics("main", "", powers[1], *rest))
        return tuple(row for row in rows if row.power_milliw is not None)

    def facts(self, parsed: Parsed) -> Facts:
        return facts_of(self.shape.decode(parsed.payload).status)


class _Anything(JsonOrWord[Fields]):
    def registers(self, body: Fields, address: Address, payload: bytes) -> Registers:
        _check_identity(body.get("device_id", ABSENT), body.get("plant_id", ABSENT), address)
        return ()

    def facts(self, parsed: Parsed) -> Facts:
        return facts_of(fields_in(parsed.payload))


_DEVICE = "energy/plant/{plant}/device/{device}"

ROUTES = tuple(
    Route(f"{_DEVICE}/{level}", reader, _DEVICE, "{device}")
    for level, reader in (
        ("measurements", _Measurements(_Report)),
        ("status", _Anything(Fields)),
        ("commands", _Anything(Fields, Kind.COMMAND)),
    )
)
