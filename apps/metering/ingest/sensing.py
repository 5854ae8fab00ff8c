"""What sensors of dataloggers and gateways say: the last three readings and the extremes ever seen."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from apps.engine.telemetry import Sensor as Said
from apps.metering.ingest.hearing import Identity
from apps.metering.ingest.moments import moment
from apps.metering.models import Sensor

LAST = 3


def write_sensors(said: Iterable[tuple[Identity, Said]], devices: Mapping[Identity, int]) -> None:
    """Add readings to their sensors, made where they speak for the first time. Call it inside a transaction.

    Four queries whatever their number. The result depends on the set of readings, not on their order.
    """
    readings: dict[tuple[int, str], list[Said]] = defaultdict(list)
    for identity, sensor in said:
        readings[devices[identity], sensor.name].append(sensor)
    if not readings:
        return
    Sensor.objects.bulk_create(
        [
            Sensor(
                device_id=device,
                name=name,
                first_seen_at=moment(min(sensor.measured_us for sensor in found)),
                last_measured_at=moment(max(sensor.measured_us for sensor in found)),
            )
            for (device, name), found in sorted(readings.items())
        ],
        ignore_conflicts=True,
    )
    rows = Sensor.objects.select_for_update().filter(device_id__in={device for device, _ in readings}).order_by("pk")
    touched = [row for row in rows if (row.device_id, row.name) in readings]
    for row in touched:
        for sensor in readings[row.device_id, row.name]:
            _add(row, sensor)
    Sensor.objects.bulk_update(touched, ["last_three", "extremes", "first_seen_at", "last_measured_at"])


def _add(row: Sensor, sensor: Said) -> None:
    at = moment(sensor.measured_us)
    reading = {"at": at.isoformat(), "values": {name: str(value) for name, value in sensor.values}}
    known = {item["at"]: item for item in row.last_three}
    kept = known.get(reading["at"])
    # two readings at one instant: the same one whatever the order
    known[reading["at"]] = reading if kept is None else min(kept, reading, key=str)
    row.last_three = [known[key] for key in sorted(known)][-LAST:]
    for name, value in sensor.values:
        row.extremes[name] = _widened(row.extremes.get(name), value)
    row.first_seen_at = min(row.first_seen_at, at)
    row.last_measured_at = max(row.last_measured_at, at)


def _widened(extremes: dict[str, Any] | None, value: Decimal) -> dict[str, str]:
    known = [Decimal(extremes["min"]), Decimal(extremes["max"]), value] if extremes else [value]
    return {"min": str(min(known)), "max": str(max(known))}
