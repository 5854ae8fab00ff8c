"""Devices, readings and marks put into the database by hand, as the ingest leaves them."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import numpy as np
from django.db import connection

from apps.engine.inputs import Quality
from apps.engine.intervals import day_span
from apps.engine.telemetry.messages import EPOCH, MICROSECOND
from apps.metering.closing import close_quarters
from apps.metering.ingest.binary import Moments, Wholes, open_array_cursor
from apps.metering.models import (
    Broker,
    Channel,
    DayCurve,
    Device,
    DeviceAssignment,
    QuarterMark,
    Reading,
    RegisterSeries,
    SeriesNote,
    Source,
)
from apps.metering.queries import get_day_curve

S = 1_000_000
MINUTE, QUARTER, HOUR, DAY = 60 * S, 900 * S, 3600 * S, 86_400 * S
WH = 1000
M, E, X, U = Quality.MEASURED, Quality.ESTIMATED, Quality.MISSING, Quality.SUSPECT
POD, OTHER_POD = "IT001E00000001", "IT001E00000002"
ON = datetime(2026, 9, 7, tzinfo=UTC).date()
START_US = day_span(ON).starts_us
"""2026-09-07 00:00 in Rome."""
LATE = datetime(2026, 11, 20, tzinfo=UTC)
Rows = Sequence[tuple[int, int]]


def instant(at_us: int) -> datetime:
    return EPOCH + at_us * MICROSECOND


def microseconds(at: datetime) -> int:
    return (at - EPOCH) // MICROSECOND


def make_device(key: str = "meter-1") -> Device:
    broker, _ = Broker.objects.get_or_create(name="casa", defaults={"host": "localhost", "client_id": "cer-1"})
    return Device.objects.create(broker=broker, vendor="shelly", key=key, first_seen_at=LATE)


def make_series(device: Device, channel: str = "import", component: str = "em:0") -> RegisterSeries:
    return RegisterSeries.objects.create(device=device, channel=channel, component=component)


def assign(
    device: Device,
    pod: str = POD,
    *,
    starts_us: int = START_US - 400 * DAY,
    ends_us: int | None = None,
    power_w: int = 6000,
    role: str = "exchange",
    component: str = "",
) -> DeviceAssignment:
    return DeviceAssignment.objects.create(
        device=device,
        component=component,
        pod_key=pod,
        role=role,
        connection_power_w=power_w,
        starts_at=instant(starts_us),
        ends_at=None if ends_us is None else instant(ends_us),
    )


def meter(key: str = "meter-1", pod: str = POD, **assignment) -> RegisterSeries:
    """A device with one import register that measures the exchange of a POD."""
    device = make_device(key)
    assign(device, pod, **assignment)
    return make_series(device)


def arrive(series: RegisterSeries, rows: Rows) -> None:
    """Readings (measured_us, register_milliwh) arrive: stored once, and what is new is marked, in the way of the ingest."""
    at_us, registers = np.array(rows, np.int64).reshape(-1, 2).T
    with open_array_cursor() as cursor:
        cursor.execute(
            "INSERT INTO metering_reading (series_id, measured_at, register_milliwh, received_at)"
            " SELECT %s, * FROM unnest(%s, %s, %s) ON CONFLICT DO NOTHING",
            (series.pk, Moments(at_us), Wholes(registers), Moments(at_us + S)),
        )
    mark(series, [at for at, _ in rows])


def mark(series: RegisterSeries, instants_us: Iterable[int]) -> None:
    at = [instant(at_us) for at_us in instants_us]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO metering_quartermark AS m (series_id, from_at, to_at, version) VALUES (%s, %s, %s, 1)"
            " ON CONFLICT (series_id) DO UPDATE SET from_at = least(m.from_at, excluded.from_at),"
            " to_at = greatest(m.to_at, excluded.to_at), version = m.version + 1",
            [series.pk, min(at), max(at)],
        )


def close(as_of: datetime = LATE, **given):
    """Close until there is nothing left to close by then; give the batches."""
    batches = []
    while QuarterMark.objects.filter(from_at__lt=instant(microseconds(as_of) // QUARTER * QUARTER)).exists():
        batches.append(close_quarters(as_of=as_of, **given))
        assert len(batches) < 50, "closing does not come to an end"
    return batches


def every(seconds: int, registers: Iterable[int], starts_us: int = START_US) -> list[tuple[int, int]]:
    return [(starts_us + n * seconds * S, value) for n, value in enumerate(registers)]


def curve(pod: str = POD, on=ON, channel: Channel = Channel.WITHDRAWN) -> tuple[list[int], list[int]]:
    """The Wh and quality of a day."""
    day = get_day_curve(pod, on)
    if channel is Channel.WITHDRAWN:
        return day.withdrawn_wh.tolist(), day.withdrawn_quality.tolist()
    return day.injected_wh.tolist(), day.injected_quality.tolist()


def hour(pod: str = POD, first: int = 0, count: int = 4, **given) -> tuple[list[int], list[int]]:
    """The same of the first hour of it."""
    values, quality = curve(pod, **given)
    return values[first : first + count], quality[first : first + count]


def notes(series: RegisterSeries | None = None) -> list[tuple[str, int | None]]:
    found = SeriesNote.objects.order_by("from_at", "to_at", "kind")
    return [(note.kind, note.energy_wh) for note in (found.filter(series=series) if series else found)]


def curves_sha256() -> str:
    """One hash of every device curve, byte for byte, but for when it was written."""
    digest = hashlib.sha256()
    for row in DayCurve.objects.filter(source=Source.DEVICE).order_by("pod_key", "day", "channel"):
        digest.update(repr((row.pod_key, row.day, row.channel, row.minutes, bytes(row.values), bytes(row.quality))).encode())
    return digest.hexdigest()


def notes_of_all() -> list[tuple]:
    return sorted(
        SeriesNote.objects.values_list("series_id", "from_at", "to_at", "kind", "energy_wh", "register_milliwh"), key=repr
    )


def readings_sha256() -> str:
    rows = Reading.objects.order_by("series_id", "measured_at", "register_milliwh")
    return hashlib.sha256(repr(list(rows.values_list())).encode()).hexdigest()
