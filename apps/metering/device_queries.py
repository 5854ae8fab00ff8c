"""Read: how well devices did lately and in a month, and what they are made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from apps.engine.calendar import day_starts_at, month_days, quarters_in_day, utc_offset
from apps.engine.inputs import Quality
from apps.metering.loading import load_curves
from apps.metering.models import Channel, Source

QUARTER = timedelta(minutes=15)
# Of two channels the worse one speaks: a larger number here is worse.
_WORSE = np.zeros(256, np.uint8)
_WORSE[[Quality.OFFICIAL, Quality.PART_OF_HOUR, Quality.MEASURED, Quality.ESTIMATED, Quality.MISSING, Quality.SUSPECT]] = range(6)


@dataclass(frozen=True, slots=True)
class MonthQuality:
    """Quarters of a month by their quality in the curves of devices, both channels counted: how many of `expected`."""

    measured: int
    estimated: int
    suspect: int
    missing: int
    expected: int


def list_recent_quality(pod_keys: Sequence[str], *, until: datetime, quarters: int = 24) -> dict[str, list[int]]:
    """Return the quality of the last quarters before an instant, oldest first, in the curves of devices; by POD.

    The worse of the channels that have a curve. PODs without any curve in that time are left out. A constant number of queries.
    """
    ends_at = until - timedelta(seconds=until.timestamp() % QUARTER.total_seconds())
    starts_at = ends_at - quarters * QUARTER
    first, last = _local_day(starts_at), _local_day(ends_at - QUARTER)
    found: dict[str, NDArray[np.uint8]] = {}
    offsets = [(day_starts_at(first + timedelta(days=n)) - starts_at) // QUARTER for n in range((last - first).days + 1)]
    days = (first, last + timedelta(days=1))
    groups = load_curves(list(pod_keys), *days, channels=Channel.values, sources=[Source.DEVICE.value], with_values=False)
    rows = [
        (pod_keys[pod], int(day), quality)
        for group in groups
        for pod, day, quality in zip(group.pods, group.days, group.quality, strict=True)
    ]
    by_day: dict[tuple[str, int], NDArray[np.uint8]] = {}
    for pod, day, quality in rows:
        known = by_day.get((pod, day))
        by_day[pod, day] = quality if known is None else np.where(_WORSE[quality] > _WORSE[known], quality, known)
    for (pod, day), quality in by_day.items():
        kept = found.setdefault(pod, np.full(quarters, Quality.MISSING, np.uint8))
        length = quarters_in_day(first + timedelta(days=day))
        places = np.arange(length) + offsets[day]
        inside = (places >= 0) & (places < quarters)
        kept[places[inside]] = quality[:length][inside]
    return {pod: quality.tolist() for pod, quality in found.items()}


def get_month_device_quality(pod_key: str, year: int, month: int, *, until: datetime) -> MonthQuality:
    """Return how the curves of devices of one POD are in a month, in quarters that have ended by `until`."""
    days = month_days(year, month)
    expected = sum(max(0, min(quarters_in_day(day), (until - day_starts_at(day)) // QUARTER)) for day in days)
    counts = np.zeros(256, np.int64)
    channels = set()
    groups = load_curves(
        [pod_key],
        days[0],
        days[-1] + timedelta(days=1),
        channels=Channel.values,
        sources=[Source.DEVICE.value],
        with_values=False,
    )
    for group in groups:
        for channel, day, quality in zip(group.channels, group.days, group.quality, strict=True):
            channels.add(int(channel))
            counts += np.bincount(quality[: quarters_in_day(days[day])], minlength=256)
    expected *= max(1, len(channels))
    known = {name: int(counts[name]) for name in (Quality.MEASURED, Quality.ESTIMATED, Quality.SUSPECT)}
    return MonthQuality(
        measured=known[Quality.MEASURED],
        estimated=known[Quality.ESTIMATED],
        suspect=known[Quality.SUSPECT],
        missing=max(0, expected - sum(known.values())),
        expected=expected,
    )


def _local_day(at: datetime) -> date:
    return (at + utc_offset(at)).date()
