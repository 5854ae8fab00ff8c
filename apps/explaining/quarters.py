"""From an hour to its quarters and readings: what the run counted, and beside it, marked as such, what is stored today."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.engine.calendar import day_starts_at, hour_of_day, hours_in_day
from apps.engine.explaining import ExplainedHours, explain_hours
from apps.engine.inputs import MonthInputs, Quality
from apps.explaining.hours import HourRow, hour_row
from apps.explaining.moments import local
from apps.explaining.numbers import kwh, number
from apps.explaining.snapshots import get_hours
from apps.explaining.subject import Subject
from apps.metering.models import Channel, Source
from apps.metering.origins import RegisterOrigin, SourceQuarter, list_quarter_sources, list_register_origins
from apps.metering.partitions import readings_kept_from

QUARTER = timedelta(minutes=15)
MOST_POINTS = 200
UNKNOWN = (Quality.MISSING, Quality.SUSPECT)
QUALITIES: Mapping[int, Any] = {
    Quality.MEASURED: lazy("misurata"),
    Quality.ESTIMATED: lazy("stimata"),
    Quality.SUSPECT: lazy("sospetta, non contata"),
    Quality.MISSING: lazy("mancante, non contata"),
    Quality.OFFICIAL: lazy("del distributore"),
    Quality.PART_OF_HOUR: lazy("compresa nel primo quarto"),
}
SOURCES: Mapping[int, Any] = {
    Source.OFFICIAL: lazy("distributore"),
    Source.MANUAL: lazy("inserimento manuale"),
    Source.DEVICE: lazy("dispositivo"),
}
CHANNELS = {Channel.WITHDRAWN: lazy("Prelevata"), Channel.INJECTED: lazy("Immessa")}
LinkDevices = Callable[[set[int], date], Mapping[int, str]]


@dataclass(frozen=True, slots=True)
class Edge:
    """The readings around an edge of a quarter, in words; empty where there is none."""

    at: datetime
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Register:
    """A register that measures the point: its device, the device's day if the reader may open it, its readings."""

    device: str
    component: str
    url: str
    edges: Sequence[Edge]
    has_readings: bool


@dataclass(frozen=True, slots=True)
class QuarterRow:
    """`today` says what differs now, or where the same number comes from; `changed` when it differs."""

    at: datetime
    wh: int
    quality: Any
    is_unknown: bool
    today: str
    changed: bool


@dataclass(frozen=True, slots=True)
class PointChannel:
    """One point of the member and one direction: its four quarters, their sum, how it counts, the registers behind it today."""

    pod: str
    channel: str
    rows: Sequence[QuarterRow]
    counted_wh: int
    note: str
    registers: Sequence[Register]


@dataclass(frozen=True, slots=True)
class PointShare:
    """What one point of the configuration drew and was attributed in the hour; for who may see all of them."""

    pod: str
    member: str
    withdrawn_wh: int
    exact_wh: Fraction
    shared_wh: int
    is_own: bool


@dataclass(frozen=True, slots=True)
class HourOfQuarters:
    day: date
    hour: HourRow
    points: Sequence[PointChannel]
    shares: Sequence[PointShare]
    left_out: int
    readings_dropped: bool
    day_url: str
    before: str
    after: str


def explain_hour(subject: Subject, day: date, hour: int, *, as_of: datetime, link_devices: LinkDevices) -> HourOfQuarters:
    """One hour of a local day, counted from 0. At most four queries. Errors: `SnapshotUnreadable`."""
    first = hour_of_day(day) + hour
    inputs = get_hours(subject.run, slice(first, first + 1))
    found = explain_hours(inputs, subject.member.code)
    starts_at = day_starts_at(day) + 4 * hour * QUARTER
    pods = [point.point.pod for point in found.points]
    sources = list_quarter_sources(pods, day, 4 * hour) if pods else {}
    registers = list_register_origins(pods, day, 4 * hour) if pods else []
    links = link_devices({one.device_id for one in registers}, day) if registers else {}
    shares = _shares(subject, inputs, found) if subject.sees_all else []
    return HourOfQuarters(
        day=day,
        hour=hour_row(subject, inputs, found, day, hour, 0),
        points=_points(inputs, found, starts_at, sources, registers, links),
        shares=shares[:MOST_POINTS],
        left_out=max(0, len(shares) - MOST_POINTS),
        readings_dropped=starts_at < readings_kept_from(as_of),
        day_url=subject.day_url(day),
        before=subject.hour_url(day, hour - 1) if hour else "",
        after=subject.hour_url(day, hour + 1) if hour + 1 < hours_in_day(day) else "",
    )


def _shares(subject: Subject, inputs: MonthInputs, found: ExplainedHours) -> list[PointShare]:
    """All points that drew anything, the member's first, then by what they drew."""
    total, shared = int(found.withdrawn_wh[0]), int(found.shared_wh[0])
    rows = [
        PointShare(
            pod=point.pod,
            member=point.member,
            withdrawn_wh=int(drawn),
            exact_wh=Fraction(int(drawn) * shared, total),
            shared_wh=int(got),
            is_own=point.member == subject.member.code,
        )
        for point, drawn, got in zip(inputs.points, found.points_withdrawn_wh[:, 0], found.points_shared_wh[:, 0], strict=True)
        if drawn
    ]
    return sorted(rows, key=lambda row: (not row.is_own, -row.withdrawn_wh, row.pod))


def _points(
    inputs: MonthInputs,
    found: ExplainedHours,
    starts_at: datetime,
    sources: Mapping[tuple[str, Channel], list[list[SourceQuarter]]],
    registers: Sequence[RegisterOrigin],
    links: Mapping[int, str],
) -> list[PointChannel]:
    """The member's points that are valid in the hour; the injection where a plant stands behind the point."""
    told = []
    for held in found.points:
        point = held.point
        if point.first_hour >= point.last_hour:
            continue
        curves = [(Channel.WITHDRAWN, inputs.withdrawn_wh[held.row], inputs.withdrawn_quality[held.row], held.withdrawn_wh)]
        for row, injection in enumerate(inputs.injections):
            if injection.point == held.row:
                curves.append((Channel.INJECTED, inputs.injected_wh[row], inputs.injected_quality[row], held.injected_wh))
                break
        for channel, wh, quality, counted in curves:
            today = sources.get((point.pod, channel), [[], [], [], []])
            note = ""
            if channel is Channel.WITHDRAWN and point.storage_efficiency is not None:
                note = _("Accumulo: conta per il rendimento medio, %(share)s.") % {"share": number(point.storage_efficiency, 3)}
            told.append(
                PointChannel(
                    pod=point.pod,
                    channel=str(CHANNELS[channel]),
                    rows=[
                        _quarter(starts_at + place * QUARTER, int(wh[place]), Quality(int(quality[place])), today[place])
                        for place in range(4)
                    ],
                    counted_wh=int(counted[0]),
                    note=note,
                    registers=[_register(one, links) for one in registers if (one.pod_key, one.channel) == (point.pod, channel)],
                )
            )
    return told


def _quarter(at: datetime, wh: int, quality: Quality, today: Sequence[SourceQuarter]) -> QuarterRow:
    is_unknown = quality in UNKNOWN
    best = today[0] if today else None
    if best is None:
        words, changed = (_("oggi non c’è più"), True) if not is_unknown else ("", False)
    elif best.quality in UNKNOWN:
        words, changed = _("oggi %(quality)s") % {"quality": QUALITIES[best.quality]}, not is_unknown
    elif is_unknown or (best.wh != wh and best.quality is not Quality.PART_OF_HOUR):
        words = _("oggi %(energy)s, %(source)s") % {"energy": kwh(best.wh), "source": SOURCES[best.source]}
        changed = True
    else:
        words, changed = str(SOURCES[best.source]), False
    return QuarterRow(local(at), wh, QUALITIES[quality], is_unknown, words, changed)


def _register(one: RegisterOrigin, links: Mapping[int, str]) -> Register:
    edges = [
        Edge(
            local(edge.at),
            _reading(edge.before.measured_at, edge.before.register_milliwh) if edge.before else "",
            _reading(edge.after.measured_at, edge.after.register_milliwh) if edge.after else "",
        )
        for edge in one.boundaries
    ]
    return Register(
        device=one.device_name,
        component=one.component,
        url=links.get(one.device_id, ""),
        edges=edges,
        has_readings=any(edge.before or edge.after for edge in edges),
    )


def _reading(at: datetime, milliwh: int) -> str:
    """1.234,567 kWh (13:14:58)"""
    return f"{kwh(milliwh // 1000)} ({local(at):%H:%M:%S})"
