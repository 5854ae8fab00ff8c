"""Read: where the quarters of one hour of some points come from today: the curve of each source, and the readings of devices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection
from django.db.models import Q

from apps.engine.calendar import day_starts_at, quarters_in_day
from apps.engine.inputs import Quality
from apps.metering.loading import load_curves
from apps.metering.models import Channel, DeviceAssignment, RegisterSeries, Source

QUARTER = timedelta(minutes=15)
CHANNEL_OF: Mapping[str, Channel] = {
    RegisterSeries.Counts.IMPORT: Channel.WITHDRAWN,
    RegisterSeries.Counts.EXPORT: Channel.INJECTED,
}
_NEAREST = """
SELECT before.measured_at, before.register_milliwh, after.measured_at, after.register_milliwh
FROM unnest(%s::bigint[], %s::timestamptz[]) WITH ORDINALITY AS w (series_id, at, n)
LEFT JOIN LATERAL (
    SELECT measured_at, register_milliwh FROM metering_reading
    WHERE series_id = w.series_id AND measured_at <= w.at AND measured_at > w.at - interval '2 days'
    ORDER BY measured_at DESC LIMIT 1
) AS before ON true
LEFT JOIN LATERAL (
    SELECT measured_at, register_milliwh FROM metering_reading
    WHERE series_id = w.series_id AND measured_at > w.at AND measured_at < w.at + interval '2 days'
    ORDER BY measured_at LIMIT 1
) AS after ON true
ORDER BY w.n
"""


@dataclass(frozen=True, slots=True)
class SourceQuarter:
    """What one source says today about one quarter. Unknown quarters are not told."""

    source: Source
    wh: int
    quality: Quality


@dataclass(frozen=True, slots=True)
class RegisterReading:
    """One stored value of a register: thousandths of a Wh."""

    measured_at: datetime
    register_milliwh: int


@dataclass(frozen=True, slots=True)
class Boundary:
    """The readings nearest to the edge of a quarter: the last at or before it, the first after it, within two days."""

    at: datetime
    before: RegisterReading | None
    after: RegisterReading | None


@dataclass(frozen=True, slots=True)
class RegisterOrigin:
    """A register that measures the exchange of a POD in that hour, by the five edges of its four quarters."""

    pod_key: str
    channel: Channel
    device_id: int
    device_name: str
    component: str
    boundaries: tuple[Boundary, ...]


def list_quarter_sources(
    pod_keys: Sequence[str], day: date, first_quarter: int
) -> dict[tuple[str, Channel], list[list[SourceQuarter]]]:
    """Per POD and channel the four quarters from `first_quarter` of a local day, each with what every source says, best first."""
    length = quarters_in_day(day)
    found: dict[tuple[str, Channel], list[list[SourceQuarter]]] = {}
    keys = sorted(set(pod_keys))
    for group in load_curves(keys, day, day + timedelta(days=1), channels=Channel.values, sources=Source.values):
        for row, pod in enumerate(group.pods.tolist()):
            quarters = found.setdefault((keys[pod], Channel(int(group.channels[row]))), [[], [], [], []])
            for place, slot in enumerate(range(first_quarter, min(first_quarter + 4, length))):
                quality = Quality(int(group.quality[row, slot]))
                if quality is not Quality.MISSING:
                    said = SourceQuarter(Source(int(group.sources[row])), int(group.values[row, slot]), quality)
                    quarters[place].append(said)
    for quarters in found.values():
        for said_of_quarter in quarters:
            said_of_quarter.sort(key=lambda said: -said.source)
    return found


def list_register_origins(pod_keys: Sequence[str], day: date, first_quarter: int) -> list[RegisterOrigin]:
    """The registers that measured the exchange of these PODs in the hour, with the readings around it. Three queries."""
    starts_at = day_starts_at(day) + first_quarter * QUARTER
    ends_at = starts_at + 4 * QUARTER
    bound = list(
        DeviceAssignment.objects.filter(
            Q(ends_at__isnull=True) | Q(ends_at__gt=starts_at),
            pod_key__in=set(pod_keys),
            role=DeviceAssignment.Role.EXCHANGE,
            starts_at__lt=ends_at,
        )
        .select_related("device")
        .order_by("pod_key", "starts_at")
    )
    if not bound:
        return []
    series = RegisterSeries.objects.filter(device__in={one.device_id for one in bound}, channel__in=list(CHANNEL_OF))
    registers = list(series.order_by("component", "channel"))
    parts = [
        (one, register)
        for one in bound
        for register in registers
        if register.device_id == one.device_id and one.component in ("", register.component)
    ]
    edges = [starts_at + n * QUARTER for n in range(5)]
    nearest = _nearest([register.pk for _, register in parts], edges)
    return [
        RegisterOrigin(
            pod_key=one.pod_key,
            channel=CHANNEL_OF[register.channel],
            device_id=one.device_id,
            device_name=str(one.device),
            component=register.component,
            boundaries=nearest[place],
        )
        for place, (one, register) in enumerate(parts)
    ]


def _nearest(series: Sequence[int], edges: Sequence[datetime]) -> list[tuple[Boundary, ...]]:
    """Per series the readings around each edge."""
    if not series:
        return []
    numbers, moments = [number for number in series for _ in edges], list(edges) * len(series)
    with connection.cursor() as cursor:
        cursor.execute(_NEAREST, [numbers, moments])
        rows = cursor.fetchall()
    told = [Boundary(at, _reading(*row[:2]), _reading(*row[2:])) for at, row in zip(moments, rows, strict=True)]
    return [tuple(told[start : start + len(edges)]) for start in range(0, len(told), len(edges))]


def _reading(measured_at: datetime | None, milliwh: int | None) -> RegisterReading | None:
    return None if measured_at is None or milliwh is None else RegisterReading(measured_at, milliwh)
