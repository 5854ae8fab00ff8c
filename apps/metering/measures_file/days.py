"""The days that a file speaks of, quarter by quarter: first accepted line stands, whatever the order of the rows."""

import numpy as np
from numpy.typing import NDArray

from apps.metering.measures_file.instants import DAYS, local_label, quarters_of_days
from apps.metering.measures_file.pods import RegisteredPods
from apps.metering.measures_file.rejects import Reason, Reject, reject
from apps.metering.measures_file.rows import CHANNELS, SILENT, Rows
from apps.metering.packing import QUARTERS, WIDTH

# One byte per quarter and channel: the quality, and what is known about how it was stated.
QUALITY = 0x0F
STATED = 0x10
SEEN = 0x20  # a row of this quarter came by, whether or not it filled in this channel
JOINT = 0x40  # the row that stated this quarter stated the other channel, too

CAPACITY = 360_000
"""PODs × days held at once, at 1.2 KB each. What goes beyond is spilled to disk and read again later."""
_MOST_CELLS = 40_000_000
_ROUNDS = 8


class StatedDays:
    """Cells of (POD, day): `values` (cells, 2, WIDTH) Wh, `state` likewise, `lines` (cells, 2, WIDTH / 4) of whole hours."""

    def __init__(self, pods: RegisteredPods, capacity: int) -> None:
        self.pods = pods
        self.pod_keys = np.array(pods.keys, "S14")
        self.capacity = capacity
        # Pages of zeros cost nothing until they are written.
        self.values = np.zeros((capacity, CHANNELS, WIDTH), np.int32)
        self.state = np.zeros((capacity, CHANNELS, WIDTH), np.uint8)
        self.lines = np.zeros((capacity, CHANNELS, WIDTH // QUARTERS), np.uint32)
        self.pod = np.zeros(capacity, np.int32)
        self.day = np.zeros(capacity, np.int32)
        self.count = 0
        self.stored = np.zeros(capacity, np.bool_)
        self._is_full = np.zeros(capacity, np.bool_)
        self._full: list[NDArray[np.intp]] = []
        self._day_column = np.full(DAYS, -1, np.int32)
        self._columns = 0
        self._cells = np.full((len(pods.keys), 32), -1, np.int32)

    def add(self, rows: Rows) -> tuple[list[Reject], Rows]:
        """Take rows in order of lines. Return those that contradict an earlier one, and those for which there is no room."""
        cells = self._find_cells(rows)
        homeless = cells < 0
        left = rows.take(slice(0, 0))
        if homeless.any():
            left = rows.take(homeless)
            rows, cells = rows.take(~homeless), cells[~homeless]
        rejects = self._place(rows, cells.astype(np.intp) * (CHANNELS * WIDTH) + rows.slot)
        self._note_full(cells)
        return rejects, left

    def count_full(self) -> int:
        """How many days are waiting in which every quarter of both channels is stated: nothing can change them any more."""
        return sum(cells.size for cells in self._full)

    def take_full(self) -> NDArray[np.intp]:
        """Hand over these days, each once, to be stored; they stay here so that later rows can be held against them."""
        cells = np.concatenate([np.empty(0, np.intp), *self._full])
        self._full.clear()
        self.stored[cells] = True
        return cells

    def take_rest(self) -> NDArray[np.intp]:
        """Hand over all that was not handed over before."""
        cells = np.flatnonzero(~self.stored[: self.count])
        self._full.clear()
        self.stored[cells] = True
        return cells

    def clear(self) -> None:
        """Forget everything, for another round."""
        used = slice(0, self.count)
        self.values[used], self.state[used], self.lines[used] = 0, 0, 0
        self.stored[used] = self._is_full[used] = False
        self._full.clear()
        self.count = self._columns = 0
        self._day_column.fill(-1)
        self._cells.fill(-1)

    def _note_full(self, cells: NDArray[np.int32]) -> None:
        if not cells.size:
            return
        ends = np.flatnonzero(np.diff(cells, append=-1))
        touched = np.unique(cells[ends]).astype(np.intp)
        was_full = self._is_full[touched]
        touched = touched[~was_full]
        stated = np.count_nonzero(self.state[touched] & STATED, axis=(1, 2))
        full = touched[stated == CHANNELS * quarters_of_days()[self.day[touched]]]
        if full.size:
            self._is_full[full] = True
            self._full.append(full)

    def _find_cells(self, rows: Rows) -> NDArray[np.int32]:
        """Return the cell of each row, making room for days that are new; -1 where there is no room."""
        heads = np.flatnonzero((np.diff(rows.pod, prepend=-1) != 0) | (np.diff(rows.day, prepend=-1) != 0))
        if heads.size * 4 < len(rows):  # rows of one POD and day stand together: one look for all of them
            return np.repeat(self._look_up(rows.pod[heads], rows.day[heads]), np.diff(heads, append=len(rows)))
        return self._look_up(rows.pod, rows.day)

    def _look_up(self, pods: NDArray[np.int32], days: NDArray[np.int32]) -> NDArray[np.int32]:
        columns = self._day_column[days]
        if (columns < 0).any():
            self._add_days(days[columns < 0])
            columns = self._day_column[days]
        cells = self._cells[pods, columns]
        cells[columns < 0] = -1
        unknown = (cells < 0) & (columns >= 0)
        if not unknown.any() or self.count == self.capacity:
            return cells
        pairs = np.unique(pods[unknown].astype(np.int64) * DAYS + days[unknown])[: self.capacity - self.count]
        pod, day = pairs // DAYS, pairs % DAYS
        added = np.arange(self.count, self.count + pairs.size, dtype=np.int32)
        self.pod[added], self.day[added] = pod, day
        self._cells[pod, self._day_column[day]] = added
        self.count += pairs.size
        cells[unknown] = self._cells[pods[unknown], columns[unknown]]
        return cells

    def _add_days(self, days: NDArray[np.int32]) -> None:
        for day in np.unique(days).tolist():
            if self._columns == self._cells.shape[1]:
                if self._cells.size * 2 > _MOST_CELLS:
                    return
                self._cells = np.concatenate([self._cells, np.full_like(self._cells, -1)], axis=1)
            self._day_column[day] = self._columns
            self._columns += 1

    def _place(self, rows: Rows, keys: NDArray[np.intp]) -> list[Reject]:
        """Write rows at the positions of their withdrawn quarter; the injected one lies WIDTH further."""
        state, values = self.state.reshape(-1), self.values.reshape(-1)
        if not (state[keys] & SEEN).any():
            # Nothing came by here before. Has each row a place of its own?
            distinct = bool((keys[1:] > keys[:-1]).all())
            if not distinct:  # number the places and look again
                numbers = np.arange(len(rows), dtype=np.int32)
                values[keys] = numbers
                distinct = bool((values[keys] == numbers).all())
                values[keys] = 0
            if distinct:
                self._write(rows, keys)
                return []
        rejects: list[Reject] = []
        order = np.argsort(keys, kind="stable")
        starts = np.concatenate([[True], np.diff(keys[order]) > 0])
        run = np.arange(len(keys)) - np.maximum.accumulate(np.where(starts, np.arange(len(keys)), 0))
        turn = np.empty(len(keys), np.intp)
        turn[order] = run
        for number in range(min(_ROUNDS, int(turn.max(initial=-1)) + 1)):
            now = np.flatnonzero(turn == number)
            rejects += self._place_distinct(rows.take(now), keys[now])
        for row in np.flatnonzero(turn >= _ROUNDS).tolist():
            rejects += self._place_distinct(rows.take(slice(row, row + 1)), keys[row : row + 1])
        return sorted(rejects)

    def _place_distinct(self, rows: Rows, keys: NDArray[np.intp]) -> list[Reject]:
        """Write rows that have a place of their own each, unless an earlier row said something else there."""
        state, values = self.state.reshape(-1), self.values.reshape(-1)
        conflict = np.zeros(len(rows), np.bool_)
        fresh = np.empty((CHANNELS, len(rows)), np.bool_)
        for channel in range(CHANNELS):
            there = state[keys + channel * WIDTH]
            said = rows.energy[channel] != SILENT
            stated = (there & STATED) != 0
            other = (values[keys + channel * WIDTH] != rows.energy[channel]) | ((there & QUALITY) != rows.quality)
            conflict |= said & stated & other
            fresh[channel] = said & ~stated
        taken = ~conflict
        accepted = rows.take(taken)
        self._write(
            Rows(
                accepted.line,
                accepted.pod,
                accepted.day,
                accepted.slot,
                np.where(fresh[:, taken], accepted.energy, SILENT).astype(np.int32),
                accepted.quality,
            ),
            keys[taken],
        )
        return [
            reject(line, Reason.CONFLICT, f"{self.pods.keys[pod]} {local_label(day, slot)}")
            for line, pod, day, slot in zip(
                rows.line[conflict].tolist(),
                rows.pod[conflict].tolist(),
                rows.day[conflict].tolist(),
                rows.slot[conflict].tolist(),
                strict=True,
            )
        ]

    def _write(self, rows: Rows, keys: NDArray[np.intp]) -> None:
        """Write what rows say into places where nothing was said."""
        state, values, lines = self.state.reshape(-1), self.values.reshape(-1), self.lines.reshape(-1)
        said = rows.energy != SILENT
        mark = np.where(said.all(axis=0), STATED | SEEN | JOINT, STATED | SEEN).astype(np.uint8) | rows.quality
        whole_hours = np.flatnonzero(rows.slot % np.int32(QUARTERS) == 0)
        for channel in range(CHANNELS):
            places = keys + channel * WIDTH
            if said[channel].all():
                values[places] = rows.energy[channel]
                state[places] = mark
                at_hours = whole_hours
            else:
                values[places[said[channel]]] = rows.energy[channel][said[channel]]
                state[places[said[channel]]] = mark[said[channel]]
                state[places[~said[channel]]] |= SEEN
                at_hours = whole_hours[said[channel][whole_hours]]
            lines[places[at_hours] // QUARTERS] = rows.line[at_hours]
