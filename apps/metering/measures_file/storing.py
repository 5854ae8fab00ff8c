"""From days to stored curves: hours told from quarters, channels apart, a few thousand curves at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from apps.engine.inputs import Quality
from apps.metering.measures_file.days import JOINT, QUALITY, STATED, StatedDays
from apps.metering.measures_file.instants import FIRST_DAY
from apps.metering.measures_file.reading import Reading
from apps.metering.measures_file.rejects import Reject
from apps.metering.measures_file.resolution import resolve
from apps.metering.measures_file.rows import CHANNELS
from apps.metering.models import Channel, Source
from apps.metering.operations import store_curves
from apps.metering.packing import QUARTERS, WIDTH
from apps.metering.statements import CurveStatements, Verdict

_CELLS_AT_A_TIME = 4096
_CHANNELS = np.array([Channel.WITHDRAWN.value, Channel.INJECTED.value], np.int16)


@dataclass
class RowCounts:
    """How many rows did what; a row that says nothing new counts as unchanged."""

    new: int = 0
    changed: int = 0


def store_reading(reading: Reading, *, source: Source, as_of: datetime, dry: bool) -> RowCounts:
    """Store all that was read, in the caller's transaction; rows rejected only now go to the reading's log."""
    counts = RowCounts()
    late = list(_store_days(reading, counts, source, as_of, dry=dry))
    waiting = [reading.spill]
    days = reading.days
    while waiting:
        spill = waiting.pop()
        again = type(spill)()
        for bucket in spill.drain():
            days.clear()
            for rows in bucket:
                conflicts, left = days.add(rows)
                late += conflicts
                again.keep(left)
            late += _store_days(reading, counts, source, as_of, dry=dry)
        if again:
            waiting.append(again)
    for found in sorted(late):
        reading.log.add(found)
    return counts


def _store_days(reading: Reading, counts: RowCounts, source: Source, as_of: datetime, *, dry: bool) -> Iterator[Reject]:
    """Store the days held, by POD and day."""
    days = reading.days
    order = np.lexsort((days.day[: days.count], days.pod[: days.count]))
    keys = np.array(days.pods.keys, "S14")
    for first in range(0, days.count, _CELLS_AT_A_TIME):
        cells = order[first : first + _CELLS_AT_A_TIME]
        resolved = resolve(days, cells, reading.by_quarter, source)
        yield from resolved.rejects
        _store_cells(days, cells, resolved.hourly, keys, counts, source, as_of, dry=dry)


def _store_cells(
    days: StatedDays,
    cells: NDArray[np.intp],
    hourly: NDArray[np.bool_],
    keys: NDArray[np.bytes_],
    counts: RowCounts,
    source: Source,
    as_of: datetime,
    *,
    dry: bool,
) -> None:
    state, values = days.state[cells], days.values[cells]
    by_row = (state & STATED) != 0
    stated, quality = by_row.copy(), state & QUALITY
    if hourly.any():
        _spread_hours(hourly, stated, quality)
    chosen = stated.reshape(-1, WIDTH).any(axis=1)
    said = CurveStatements(
        pod_keys=np.repeat(keys[days.pod[cells]], CHANNELS)[chosen],
        days=np.repeat(np.datetime64(FIRST_DAY) + days.day[cells], CHANNELS)[chosen],
        channels=np.tile(_CHANNELS, cells.size)[chosen],
        values=values.reshape(-1, WIDTH)[chosen],
        quality=quality.reshape(-1, WIDTH)[chosen],
        stated=stated.reshape(-1, WIDTH)[chosen],
    )
    stored = store_curves(said=said, source=source, as_of=as_of, dry=dry)
    verdicts = np.zeros((cells.size * CHANNELS, WIDTH), np.uint8)
    verdicts[chosen] = stored.verdicts
    verdicts = np.where(by_row, verdicts.reshape(by_row.shape), Verdict.SILENT)
    joint = (state[:, 0] & JOINT) != 0
    rows = np.where(joint, verdicts.max(axis=1), Verdict.SILENT), np.where(joint[:, None], Verdict.SILENT, verdicts)
    counts.new += sum(int(np.count_nonzero(part == Verdict.NEW)) for part in rows)
    counts.changed += sum(int(np.count_nonzero(part == Verdict.CHANGED)) for part in rows)


def _spread_hours(hourly: NDArray[np.bool_], stated: NDArray[np.bool_], quality: NDArray[np.uint8]) -> None:
    """State whole hours (k, 25) in all four quarters of `stated` and `quality` (k, 2, WIDTH), in place."""
    spread = stated.reshape(*stated.shape[:2], -1, QUARTERS)
    marks = quality.reshape(spread.shape)
    whole = hourly[:, None, :] & spread[:, :, :, 0]
    spread[:, :, :, 1:] |= whole[..., None]
    part = np.where(marks[:, :, :, 0] == Quality.MISSING, Quality.MISSING, Quality.PART_OF_HOUR)
    marks[:, :, :, 1:] = np.where(whole[..., None], part[..., None], marks[:, :, :, 1:])
