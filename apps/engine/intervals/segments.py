"""What becomes of the energy between two readings that follow each other: counted, spread, set aside, or unknown."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from apps.engine.intervals.nouns import QUARTER_US, Instants, Note, NoteKind
from apps.engine.intervals.sequence import Sequence
from apps.engine.intervals.steps import RESOLUTION_MILLIWH, allowance_milliwh

ESTIMATED_BEYOND_US = 30 * 60 * 1_000_000
MISSING_BEYOND_US = 24 * 3600 * 1_000_000
MILLI = 1000
_THOUSANDFOLD = 1000
_LEAST_FOR_UNITS_MILLIWH = 1_000_000
"""1 kWh: below it a thousandfold says nothing about units."""
_UNITS_WITHIN = 50
"""A thousandfold is one within a fiftieth."""


class Fate(IntEnum):
    """Up to GAP the energy counts, up to DOUBT it is known and stands in a note, from RESET on nobody knows it."""

    MEASURED = 0
    GAP = 1
    LONG_GAP = 2
    JUMP = 3
    DOUBT = 4
    RESET = 5
    UNIT_CHANGE = 6
    APART = 7  # the next series begins


_NOTES = (
    None,
    NoteKind.GAP,
    NoteKind.LONG_GAP,
    NoteKind.JUMP,
    NoteKind.DOUBT,
    NoteKind.RESET,
    NoteKind.UNIT_CHANGE,
    None,
)


@dataclass(frozen=True, slots=True)
class Segments:
    """The N − 1 segments between the N readings of a sequence: segment i lies between the readings i and i + 1."""

    sequence: Sequence
    fates: NDArray[np.int8]
    wh: NDArray[np.int64]  # (N,): the register of each reading in Wh
    counted_wh: NDArray[np.int64]  # (N,): what counts from the first row up to each reading
    counted_us: Instants  # (N,): how much time that covers

    def notes(self) -> list[Note]:
        """Return one note for each segment that is not simply measured."""
        found = []
        for row in np.flatnonzero(self.fates).tolist():
            fate, kind = self.fates[row], _NOTES[self.fates[row]]
            if kind is not None:
                energy_wh = int(self.wh[row + 1] - self.wh[row]) if fate < Fate.RESET else None
                at_us = self.sequence.at_us[row : row + 2].tolist()
                found.append(Note(int(self.sequence.owner[row]), at_us[0], at_us[1], kind, energy_wh))
        return found


def rounded_wh(milliwh: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return registers in Wh, half-up: the only rounding between a meter and a bill."""
    return (milliwh + MILLI // 2) // MILLI


def segments_of(
    sequence: Sequence, lawful: NDArray[np.bool_], in_doubt: NDArray[np.bool_], from_probes: bool = False
) -> Segments:
    """Return the segments of a sequence. `lawful` (N − 1,) is of its steps, `in_doubt` of its series.

    `from_probes`: a step inside one quarter is trusted not to be too large; it was judged reading by reading as they arrived.
    """
    elapsed_us = np.diff(sequence.at_us)
    apart = sequence.owner[1:] != sequence.owner[:-1]
    fell = ~lawful & (sequence.register_milliwh[1:] < sequence.register_milliwh[:-1])
    jumped = ~lawful & ~fell
    if from_probes:
        jumped &= sequence.at_us[:-1] // QUARTER_US != (sequence.at_us[1:] - 1) // QUARTER_US
    fates = np.where(elapsed_us > ESTIMATED_BEYOND_US, np.int8(Fate.GAP), np.int8(Fate.MEASURED))
    fates[elapsed_us > MISSING_BEYOND_US] = Fate.LONG_GAP
    fates[jumped] = Fate.JUMP
    fates[fell] = Fate.RESET
    fates[apart] = Fate.APART
    changes = _unit_changes(sequence, np.flatnonzero(fell | jumped))
    if changes.size or in_doubt.any():
        fates[_doubted(sequence, changes, in_doubt) & (fates <= Fate.LONG_GAP)] = Fate.DOUBT
        fates[changes] = Fate.UNIT_CHANGE
    wh = rounded_wh(sequence.register_milliwh)
    counts = fates <= Fate.GAP
    return Segments(sequence, fates, wh, _running(np.diff(wh), counts), _running(elapsed_us, counts))


def _running(amounts: NDArray[np.int64], counts: NDArray[np.bool_]) -> NDArray[np.int64]:
    sums = np.zeros(len(amounts) + 1, np.int64)
    np.multiply(amounts, counts, out=sums[1:])
    return np.cumsum(sums, out=sums)


def _unit_changes(sequence: Sequence, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return which unlawful steps go to a thousand times or a thousandth of the register, and no further than energy explains."""
    before, after = sequence.register_milliwh[rows], sequence.register_milliwh[rows + 1]
    rises = after > before
    before, after = np.where(rises, before, before // _THOUSANDFOLD), np.where(rises, after // _THOUSANDFOLD, after)
    elapsed_us = sequence.at_us[rows + 1] - sequence.at_us[rows]
    most = np.minimum(allowance_milliwh(sequence.power_w[sequence.owner[rows]], elapsed_us), before // _UNITS_WITHIN)
    same = (after - before >= -RESOLUTION_MILLIWH) & (after - before <= most)
    return rows[same & (np.minimum(before, after) >= _LEAST_FOR_UNITS_MILLIWH)]


def _doubted(sequence: Sequence, changes: NDArray[np.intp], in_doubt: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which segments lie after an odd number of unit changes of their series."""
    changed = np.zeros(len(sequence.owner), np.int64)
    changed[changes + 1] = 1
    passed = np.cumsum(changed)[:-1]
    owner = sequence.owner[:-1]
    earlier = passed[np.searchsorted(owner, owner)]
    return np.asarray((passed - earlier + in_doubt[owner]) % 2 == 1)
