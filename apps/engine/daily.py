"""The energy of each local day, as results show it: hours are summed while they are at hand, and never kept."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apps.engine.calendar import first_hours_of_days
from apps.engine.energy import ROWS_PER_BLOCK, count_storage, hours_of_block
from apps.engine.inputs import MonthInputs, Point


@dataclass(frozen=True, slots=True)
class DailyEnergy:
    """The days of the month, with P points, J injections, D days: `withdrawn_wh` (P, D), `injected_wh` (J, D), int64.

    The sums of `energy.HourlyEnergy`. `gaps` (H,) marks per POD the hours that are not known; PODs without any are not in it.
    """

    withdrawn_wh: NDArray[np.int64]
    injected_wh: NDArray[np.int64]
    gaps: Mapping[str, NDArray[np.bool_]]

    def missing_hours_of(self, point: Point) -> int:
        """How many hours of this point's own validity are not known: a POD that changed holder has a count for each."""
        marked = self.gaps.get(point.pod)
        return 0 if marked is None else int(np.count_nonzero(marked[point.first_hour : point.last_hour]))


def daily_energy(inputs: MonthInputs) -> DailyEnergy:
    """Sum quarters to days, by the same rules as `energy.hourly_energy`. Errors: `NegativeEnergy`."""
    first_hours = first_hours_of_days(inputs.year, inputs.month)
    gaps: dict[str, NDArray[np.bool_]] = {}
    holders = tuple(inputs.points[row.point] for row in inputs.injections)
    sums = []
    for channel, energy, quality, points in (
        ("withdrawal", inputs.withdrawn_wh, inputs.withdrawn_quality, inputs.points),
        ("injection", inputs.injected_wh, inputs.injected_quality, holders),
    ):
        days = np.empty((len(points), first_hours.size), np.int64)
        block = np.empty((ROWS_PER_BLOCK, inputs.prices_ueur_per_mwh.shape[1]), np.int64)
        for start in range(0, len(points), ROWS_PER_BLOCK):
            rows = slice(start, start + ROWS_PER_BLOCK)
            hours = block[: len(points[rows])]
            hours_of_block(energy[rows], quality[rows], points[rows], channel, gaps, hours)
            if channel == "withdrawal":
                count_storage(hours, points[rows])
            np.add.reduceat(hours, first_hours, axis=1, out=days[rows])
        sums.append(days)
    return DailyEnergy(withdrawn_wh=sums[0], injected_wh=sums[1], gaps=gaps)
