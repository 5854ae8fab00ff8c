"""From days to stored curves: hours told from quarters, channels apart, a few thousand curves at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from apps.engine.inputs import Quality
from apps.metering.curve_operations import store_curves
from apps.metering.measures_file.days import JOINT, QUALITY, STATED, StatedDays
from apps.metering.measures_file.instants import FIRST_DAY
from apps.metering.measures_file.reading import Reading
from apps.metering.measures_file.rejects import Reject
from apps.metering.measures_file.resolution import resolve
from apps.metering.measures_file.rows import CHANNELS
from apps.metering.measures_file.spill import Spill
from apps.metering.models import Channel, Source
from apps.metering.packing import QUARTERS, WIDTH
from apps.metering.statements import CurveStatements, Verdict

_CELLS_AT_A_TIME = 4096
_CHANNELS = np.array([Channel.WITHDRAWN.value, Channel.INJECTED.value], np.int16)


@dataclass
class Storing:
    """Stores days as they become ready, inside the caller's transaction. `new` and `changed` count rows of the file."""

    source: Source
    as_of: datetime
    dry: bool
    new: int = 0
    changed: int = 0

    def store_settled(self, days: StatedDays, cells: NDArray[np.intp]) -> None:
        """Store days of which every quarter is stated: by the quarter, without doubt."""
        for chosen in _portions(days, cells):
            self._store(days, chosen, None)

    def store_rest(self, reading: Reading) -> None:
        """Store all that was read and is not stored yet; rows rejected only now go to the reading's log."""
        days = reading.days
        late = list(self._store_waiting(reading))
        waiting = reading.spill
        while waiting:
            again = Spill()
            for bucket in waiting.drain():
                days.clear()
                for rows in bucket:
                    conflicts, left = days.add(rows)
                    late += conflicts
                    again.keep(left)
                late += self._store_waiting(reading)
            waiting = again
        reading.log.add_late(late)

    def _store_waiting(self, reading: Reading) -> Iterator[Reject]:
        days = reading.days
        for cells in _portions(days, days.take_rest()):
            resolved = resolve(days, cells, reading.by_quarter, self.source)
            yield from resolved.rejects
            self._store(days, cells, resolved.hourly)

    def _store(self, days: StatedDays, cells: NDArray[np.intp], hourly: NDArray[np.bool_] | None) -> None:
        state, values = days.state[cells], days.values[cells]
        by_row = (state & STATED) != 0
        stated, quality = by_row, state & np.uint8(QUALITY)
        if hourly is not None and hourly.any():
            stated = by_row.copy()
            _spread_hours(hourly, stated, quality)
        chosen = np.flatnonzero(stated.reshape(-1, WIDTH).any(axis=1))
        said = CurveStatements(
            pod_keys=np.repeat(days.pod_keys[days.pod[cells]], CHANNELS)[chosen],
            days=np.repeat(np.datetime64(FIRST_DAY) + days.day[cells], CHANNELS)[chosen],
            channels=np.tile(_CHANNELS, cells.size)[chosen],
            values=values.reshape(-1, WIDTH)[chosen],
            quality=quality.reshape(-1, WIDTH)[chosen],
            stated=stated.reshape(-1, WIDTH)[chosen],
        )
        stored = store_curves(said=said, source=self.source, as_of=self.as_of, dry=self.dry)
        verdicts = np.zeros((cells.size * CHANNELS, WIDTH), np.uint8)
        verdicts[chosen] = stored.verdicts
        if hourly is not None:
            # A row of an hour did what it did to any of its quarters.
            quarters = verdicts.reshape(cells.size, CHANNELS, -1, QUARTERS)
            quarters[..., 0] = np.where(hourly[:, None, :], quarters.max(axis=3), quarters[..., 0])
        self._count(state, np.where(by_row, verdicts.reshape(by_row.shape), np.uint8(Verdict.SILENT)))

    def _count(self, state: NDArray[np.uint8], verdicts: NDArray[np.uint8]) -> None:
        """Count rows: one where a row stated both channels of a quarter, otherwise one per channel."""
        joint = (state[:, 0] & JOINT) != 0
        both = np.where(joint, verdicts.max(axis=1), np.uint8(Verdict.SILENT))
        single = np.where(joint[:, None], np.uint8(Verdict.SILENT), verdicts)
        self.new += int(np.count_nonzero(both == Verdict.NEW) + np.count_nonzero(single == Verdict.NEW))
        self.changed += int(np.count_nonzero(both == Verdict.CHANGED) + np.count_nonzero(single == Verdict.CHANGED))


def _portions(days: StatedDays, cells: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    """Cut cells into portions, by POD and day."""
    order = cells[np.lexsort((days.day[cells], days.pod[cells]))]
    for first in range(0, order.size, _CELLS_AT_A_TIME):
        yield order[first : first + _CELLS_AT_A_TIME]


def _spread_hours(hourly: NDArray[np.bool_], stated: NDArray[np.bool_], quality: NDArray[np.uint8]) -> None:
    """State whole hours (k, 25) in all four quarters of `stated` and `quality` (k, 2, WIDTH), in place."""
    spread = stated.reshape(*stated.shape[:2], -1, QUARTERS)
    marks = quality.reshape(spread.shape)
    whole = hourly[:, None, :] & spread[:, :, :, 0]
    spread[:, :, :, 1:] |= whole[..., None]
    part = np.where(marks[:, :, :, 0] == Quality.MISSING, Quality.MISSING, Quality.PART_OF_HOUR)
    marks[:, :, :, 1:] = np.where(whole[..., None], part[..., None], marks[:, :, :, 1:])
