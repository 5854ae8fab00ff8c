"""What a batch of marks asks to compute: points and the parts of their curves, and single series for their notes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apps.engine.intervals import QUARTER_US
from apps.metering.bindings import NO_CHANNEL, Parts, Points, list_parts, list_points, list_powers
from apps.metering.columns import FAR_US, Column
from apps.metering.marks import Marks


@dataclass(frozen=True, slots=True)
class Targets:
    """t targets: first the points, then series that measure no exchange. Spans of whole quarters `starts_us`, `ends_us` (t,).

    `Parts.target` is the place here. A target whose span is empty has no quarter that may be stated, and no parts.
    """

    points: Points
    parts: Parts
    starts_us: Column
    ends_us: Column

    def some(self, which: NDArray[np.bool_]) -> "Targets":
        """Return the same targets, at the same places, where all but some have no quarter and no part any more."""
        ends_us = np.where(which, self.ends_us, self.starts_us)
        return Targets(self.points, self.parts.chosen(which[self.parts.target]), self.starts_us, ends_us)

    @property
    def quarters(self) -> Column:
        return (self.ends_us - self.starts_us) // QUARTER_US

    @property
    def part_from_us(self) -> Column:
        """From when on the readings of each part count for its target, (k,)."""
        return np.maximum(self.starts_us[self.parts.target], self.parts.starts_us)

    @property
    def part_to_us(self) -> Column:
        return np.minimum(self.ends_us[self.parts.target], self.parts.ends_us)


def list_targets(marks: Marks, earliest_us: Column, latest_us: Column, marked: Points, *, from_us: int, until_us: int) -> Targets:
    """Return what marks of series and points can change between two instants, given the reach of each series' mark (m,)."""
    points = list_points(marks.series, earliest_us, latest_us).joined(marked)
    parts = list_parts(points)
    alone = ~np.isin(marks.series, parts.series)
    begins_us = np.concatenate((points.from_us, earliest_us[alone]))
    finishes_us = np.concatenate((points.to_us, latest_us[alone]))
    first = begins_us // QUARTER_US
    after = np.maximum(-(-finishes_us // QUARTER_US), first + 1)
    starts_us = np.clip(first * QUARTER_US, from_us, until_us)
    ends_us = np.clip(after * QUARTER_US, starts_us, until_us)
    parts = parts.joined(_lone_parts(marks, alone, len(points), earliest_us, latest_us))
    targets = Targets(points, parts, starts_us, ends_us)
    needed = (targets.part_from_us <= targets.part_to_us) & (targets.quarters[parts.target] > 0)
    return Targets(points, parts.chosen(needed), starts_us, ends_us)


def _lone_parts(marks: Marks, alone: NDArray[np.bool_], first: int, earliest_us: Column, latest_us: Column) -> Parts:
    series = marks.series[alone]
    return Parts(
        target=first + np.arange(len(series)),
        series=series,
        assignment=np.zeros(len(series), np.int64),
        starts_us=np.zeros(len(series), np.int64),
        ends_us=np.full(len(series), FAR_US),
        power_w=list_powers(series, earliest_us[alone], latest_us[alone]),
        channel=np.full(len(series), NO_CHANNEL),
        doubt_us=marks.doubt_us[alone],
    )
