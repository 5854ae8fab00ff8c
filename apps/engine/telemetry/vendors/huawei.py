"""Huawei inverters through a bridge: one report with the registers of the inverter and of the meter at the grid, in kWh.

`energy_yield_accumulated` is produced, `energy_grid_accumulated` drawn and `energy_grid_exported` given back; what is of today
only (`energy_yield_day`) starts again every night and makes no energy. `last_update` is seconds since 1970. Texts may be padded
with NUL. The sign of a power is the device's own.
"""

import msgspec

from apps.engine.telemetry.messages import Channel, Electrics, Kind, Parsed, Register
from apps.engine.telemetry.quantities import (
    ABSENT,
    MILLI_OF_KILO,
    MILLI_OF_ONE,
    fields_in,
    register,
    registers_of,
    shown,
)
from apps.engine.telemetry.readers import Address, Facts, JsonOrWord, Registers, facts_of
from apps.engine.telemetry.routes import Route
from apps.engine.telemetry.stamps import epoch_seconds_us

VENDOR = "huawei"
_POWERS = (("inverter", "power_active"), ("meter", "meter_power_active"), ("panels", "power_input"), ("battery", "battery_power"))
_SHOWN = ("model", "model_name", "serial_number", "inverter_status", "meter_status", "battery_soc", "rated_power")


class _Report(msgspec.Struct, gc=False):
    energy_yield_accumulated: msgspec.Raw = ABSENT
    energy_grid_accumulated: msgspec.Raw = ABSENT
    energy_grid_exported: msgspec.Raw = ABSENT
    power_active: msgspec.Raw = ABSENT
    last_update: msgspec.Raw = ABSENT


class _Reports(JsonOrWord[_Report]):
    def registers(self, body: _Report, address: Address, payload: bytes) -> Registers:
        produced = register(body.energy_yield_accumulated, MILLI_OF_KILO)
        drawn = register(body.energy_grid_accumulated, MILLI_OF_KILO)
        given = register(body.energy_grid_exported, MILLI_OF_KILO)
        meter = registers_of("meter", drawn, given)
        return meter if produced is None else (Register("inverter", Channel.PRODUCTION, produced), *meter)

    def kind_of(self, body: _Report) -> Kind:
        return Kind.POWER if body.power_active else Kind.STATUS

    def stamp_us(self, body: _Report, received_us: int) -> int | None:
        return epoch_seconds_us(body.last_update)

    def electrics(self, parsed: Parsed) -> tuple[Electrics, ...]:
        fields = fields_in(parsed.payload)
        powers = [(component, shown(fields.get(name, ABSENT), MILLI_OF_ONE)) for component, name in _POWERS]
        return tuple(Electrics(component, "", power) for component, power in powers if power is not None)

    def facts(self, parsed: Parsed) -> Facts:
        fields = fields_in(parsed.payload)
        return facts_of({name: fields[name] for name in _SHOWN if name in fields})


_READER = _Reports(_Report)

ROUTES = (
    Route("huawei-solar/{device}", _READER, "huawei-solar/{device}", "{device}"),
    Route("huawei-solar/{device}/status", _READER, "huawei-solar/{device}", "{device}"),
)
