"""Read: curves as matrices and days, what is missing, who injects, what was imported."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from django.db.models.functions import TruncMonth
from numpy.typing import NDArray

from apps.engine.calendar import day_slots, day_starts_at, month_days, quarters_in_day
from apps.engine.quality import unknown_quarters
from apps.metering.loading import load_curves, open_cursor
from apps.metering.models import Channel, DayCurve, MeasureImport, Source
from apps.metering.month_curves import CurveMatrix, get_month_curves, get_month_quality, overlay

__all__ = [
    "Completeness",
    "CurveMatrix",
    "DayEnergy",
    "get_completeness",
    "get_day_curve",
    "get_first_day_with_curves",
    "get_import",
    "get_last_import",
    "get_month_curves",
    "list_forgotten_imports",
    "list_injecting_pods",
    "list_months_with_curves",
]
_INJECTING = """
SELECT DISTINCT pod_key FROM metering_daycurve
WHERE pod_key = ANY(%s) AND day >= %s AND day < %s AND channel = %s AND length(values) > 0
"""
_FIRST_DAY = """
SELECT min(first.day) FROM unnest(%s::varchar[]) AS wanted(pod_key)
CROSS JOIN LATERAL (
    SELECT day FROM metering_daycurve
    WHERE pod_key = wanted.pod_key AND day >= %s AND day < %s ORDER BY day LIMIT 1
) AS first
"""


@dataclass(frozen=True, slots=True)
class Completeness:
    """How much of a month is known: `known` (n, D) quarters per POD and local day, of `expected` (D,) 92, 96 or 100.

    A suspect quarter is not known. Hours known only as a whole count four quarters.
    `pods` in the order asked for, `days` the D days of the month.
    """

    pods: tuple[str, ...]
    days: tuple[date, ...]
    known: NDArray[np.int64]
    expected: NDArray[np.int64]

    @property
    def share(self) -> NDArray[np.float64]:
        """The known share of each POD and day, 0..1, (n, D): for charts."""
        return self.known / self.expected

    @property
    def missing_quarters(self) -> dict[str, int]:
        """PODs with something missing, and how many quarters."""
        missing = (self.expected - self.known).sum(axis=1).tolist()
        return {pod: gaps for pod, gaps in zip(self.pods, missing, strict=True) if gaps}


@dataclass(frozen=True, slots=True)
class DayEnergy:
    """One POD on one local day: Wh and quality per quarter, (92 | 96 | 100,), and the sources that know anything of it."""

    pod: str
    day: date
    starts_at: datetime
    withdrawn_wh: NDArray[np.int32]
    withdrawn_quality: NDArray[np.uint8]
    injected_wh: NDArray[np.int32]
    injected_quality: NDArray[np.uint8]
    sources: tuple[Source, ...]


def list_injecting_pods(pod_keys: Sequence[str], year: int, month: int) -> dict[str, int]:
    """Return the PODs that injected anything in the month and how many Wh, by POD. Days without injection are not read."""
    days = month_days(year, month)
    with open_cursor() as cursor:
        arguments = [list(pod_keys), days[0], days[-1] + timedelta(days=1), Channel.INJECTED.value]
        pods = sorted(str(row[0]) for row in cursor.execute(_INJECTING, arguments))
    energies = get_month_curves(pods, Channel.INJECTED, year, month).values.sum(axis=1, dtype=np.int64)
    return {pod: energy for pod, energy in zip(pods, energies.tolist(), strict=True) if energy}


def get_completeness(pod_keys: Sequence[str], channels: Sequence[int], year: int, month: int) -> Completeness:
    """Return how many quarters of each POD and day are known in all of `channels`. `pod_keys` are distinct."""
    days = month_days(year, month)
    known: NDArray[np.bool_] | None = None
    for channel in channels:
        of_channel = ~unknown_quarters(get_month_quality(pod_keys, channel, year, month))
        known = of_channel if known is None else known & of_channel
    if known is None:
        raise ValueError("Completeness was asked for no channel at all.")
    starts = [day_slots(day).start for day in days]
    return Completeness(
        pods=tuple(pod_keys),
        days=days,
        known=np.add.reduceat(known, starts, axis=1, dtype=np.int64),
        expected=np.array([quarters_in_day(day) for day in days], np.int64),
    )


def get_day_curve(pod_key: str, day: date) -> DayEnergy:
    """Return what is known of one POD on one day, both channels, ranks merged as in `get_month_curves`."""
    length = quarters_in_day(day)
    curves = {
        channel: (np.zeros((1, length), np.int32), np.zeros((1, length), np.uint8))
        for channel in (Channel.WITHDRAWN, Channel.INJECTED)
    }
    loaded = load_curves([pod_key], day, day + timedelta(days=1), channels=Channel.values, sources=Source.values)
    rows = [
        (
            int(group.sources[i]),
            Channel(int(group.channels[i])),
            (group.values[i : i + 1, :length], group.quality[i : i + 1, :length]),
        )
        for group in loaded
        for i in range(len(group.pods))
    ]
    for _source, channel, curve in sorted(rows, key=lambda row: row[0]):
        curves[channel] = overlay(curves[channel], curve)
    withdrawn, injected = curves[Channel.WITHDRAWN], curves[Channel.INJECTED]
    return DayEnergy(
        pod=pod_key,
        day=day,
        starts_at=day_starts_at(day),
        withdrawn_wh=withdrawn[0][0],
        withdrawn_quality=withdrawn[1][0],
        injected_wh=injected[0][0],
        injected_quality=injected[1][0],
        sources=tuple(sorted({Source(source) for source, _channel, _curve in rows}, reverse=True)),
    )


def list_months_with_curves(pod_keys: Sequence[str]) -> list[date]:
    """Return the first days of the months in which any of the PODs has a curve, in order."""
    rows = DayCurve.objects.filter(pod_key__in=pod_keys).annotate(month=TruncMonth("day")).values_list("month", flat=True)
    return sorted(rows.distinct())


def get_first_day_with_curves(pod_keys: Sequence[str], *, from_day: date, before: date) -> date | None:
    """Return the first day in `[from_day, before)` on which any of the PODs has a curve: one step in the index per POD."""
    with open_cursor() as cursor:
        row = cursor.execute(_FIRST_DAY, [list(pod_keys), from_day, before]).fetchone()
    day = row[0] if row else None
    return day if isinstance(day, date) else None


def get_import(import_id: int) -> MeasureImport:
    """Return one import. Errors: `MeasureImport.DoesNotExist`."""
    return MeasureImport.objects.get(pk=import_id)


def get_last_import() -> MeasureImport | None:
    """Return the import that finished last with success, if there is any."""
    return MeasureImport.objects.filter(state=MeasureImport.State.IMPORTED).order_by("-finished_at").first()


def list_forgotten_imports(*, before: datetime) -> list[MeasureImport]:
    """Return files that were opened before an instant and that no worker has brought to an end."""
    states = [MeasureImport.State.UPLOADED, MeasureImport.State.IMPORTING]
    return list(MeasureImport.objects.filter(state__in=states, created_at__lt=before).order_by("pk"))
