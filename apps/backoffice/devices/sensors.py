"""What the sensors of a datalogger or gateway said, in the reader's numbers."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

from django.utils.formats import number_format

from apps.backoffice.devices.labels import say_age, say_span
from apps.metering.models import Device, Sensor

MOST_SENSORS = 100
MOST_PLACES = 9


@dataclass(frozen=True, slots=True)
class Quantity:
    """One thing that a sensor measures: its last values beside their instants, the least and the most ever."""

    name: str
    last: list[str]
    least: str
    most: str


@dataclass(frozen=True, slots=True)
class SeenSensor:
    """A sensor; `moments` are those of its last three readings, oldest first."""

    sensor: Sensor
    moments: list[datetime]
    quantities: list[Quantity]
    seen: str
    uptime: str


def see_sensors(device: Device, *, as_of: datetime) -> list[SeenSensor]:
    return [_see(sensor, as_of) for sensor in device.sensors.order_by("name")[:MOST_SENSORS]]


def _see(sensor: Sensor, as_of: datetime) -> SeenSensor:
    readings = sensor.last_three
    names = sorted({name for reading in readings for name in reading["values"]} | set(sensor.extremes))
    quantities = [
        Quantity(
            name,
            [_number(reading["values"].get(name)) for reading in readings],
            _number(sensor.extremes.get(name, {}).get("min")),
            _number(sensor.extremes.get(name, {}).get("max")),
        )
        for name in names
    ]
    return SeenSensor(
        sensor,
        [datetime.fromisoformat(reading["at"]) for reading in readings],
        quantities,
        say_age(sensor.last_measured_at, as_of=as_of),
        say_span(max(as_of - sensor.first_seen_at, timedelta())),
    )


def _number(text: str | None) -> str:
    """A number as it was said, in the reader's format."""
    if text is None:
        return "–"
    try:
        value = Decimal(text)
        if not value.is_finite():
            return text[:40]
        value = (round(value, MOST_PLACES) if int(value.as_tuple().exponent) < -MOST_PLACES else value).normalize() + 0
    except InvalidOperation:
        return text[:40]
    places = max(0, -int(value.as_tuple().exponent))
    return number_format(value, decimal_pos=places, use_l10n=True, force_grouping=True).replace("-", "\u2212")
