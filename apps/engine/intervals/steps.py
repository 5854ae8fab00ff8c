"""What a register may do from one reading to the next, and the single readings that it cannot have shown."""

import numpy as np
from numpy.typing import NDArray

from apps.engine.intervals.nouns import Instants, Note, NoteKind
from apps.engine.intervals.sequence import Sequence

RESOLUTION_MILLIWH = 10_000
"""10 Wh: the coarsest registers count in hundredths of a kWh, so a step may show that much more than flowed."""
GLITCH_US = 5 * 1_000_000
GLITCH_READINGS = 8
"""A glitch is this many readings at most: it keeps what one reading can change near it."""
_LONGEST_US = 365 * 86400 * 1_000_000
_US_PER_MS = 1000
_MILLIJOULES_PER_MILLIWH = 3600


def allowance_milliwh(power_w: NDArray[np.int64], elapsed_us: Instants) -> NDArray[np.int64]:
    """Return the most that a connection lets a register rise in a time (beyond a year: as in a year)."""
    return np.asarray(_carried_millijoules(power_w, elapsed_us) // _MILLIJOULES_PER_MILLIWH + RESOLUTION_MILLIWH)


def _carried_millijoules(power_w: NDArray[np.int64], elapsed_us: Instants) -> NDArray[np.int64]:
    return np.asarray(power_w * (np.minimum(elapsed_us, _LONGEST_US) // _US_PER_MS))


def is_lawful(power_w: NDArray[np.int64], elapsed_us: Instants, risen_milliwh: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say which steps a register may take: later in time, not falling, not above what the connection allows."""
    # The same as `risen <= allowance`, without its division; registers are below 10^15, so this fits.
    within = (risen_milliwh - RESOLUTION_MILLIWH) * _MILLIJOULES_PER_MILLIWH <= _carried_millijoules(power_w, elapsed_us)
    return (elapsed_us > 0) & (risen_milliwh >= 0) & within


def without_strays(sequence: Sequence, lawful: NDArray[np.bool_]) -> tuple[Sequence, list[Note]]:
    """Return the readings without glitches and outliers. `lawful` (N − 1,) is of the steps between neighbours."""
    glitches = _glitches(sequence)
    notes = sequence.notes(np.flatnonzero(glitches), NoteKind.GLITCH)
    if notes:
        sequence = sequence.keep(~glitches)
        lawful = lawful_steps(sequence)
    outliers = _outliers(sequence, lawful)
    notes += sequence.notes(np.flatnonzero(outliers), NoteKind.OUTLIER)
    return sequence.keep(~outliers), notes


def lawful_steps(sequence: Sequence) -> NDArray[np.bool_]:
    """Return (N − 1,): whether each reading may follow the one before; True where another series begins."""
    lawful = is_lawful(sequence.power_w[sequence.owner[1:]], np.diff(sequence.at_us), np.diff(sequence.register_milliwh))
    return np.asarray(lawful | (sequence.owner[1:] != sequence.owner[:-1]))


def _glitches(sequence: Sequence) -> NDArray[np.bool_]:
    """Return the readings between a fall and the return to at least the same register within five seconds."""
    glitches = np.zeros(len(sequence.owner), np.bool_)
    falls = np.flatnonzero((np.diff(sequence.register_milliwh) < 0) & (np.diff(sequence.owner) == 0))
    for before in falls.tolist():
        back = _return_to(sequence, before)
        glitches[before + 1 : back] = True
    return glitches


def _return_to(sequence: Sequence, before: int) -> int:
    """Return the row at which a register that fell after `before` is back; the row after `before` when it is not a glitch."""
    power_w = sequence.power_w[sequence.owner[before]]
    latest_us = sequence.at_us[before + 1] + GLITCH_US
    for row in range(before + 2, min(before + 2 + GLITCH_READINGS, len(sequence.owner))):
        if sequence.owner[row] != sequence.owner[before] or sequence.at_us[row] > latest_us:
            break
        risen = sequence.register_milliwh[row] - sequence.register_milliwh[before]
        if risen >= 0:
            return row if is_lawful(power_w, sequence.at_us[row] - sequence.at_us[before], risen) else before + 1
    return before + 1


def _outliers(sequence: Sequence, lawful: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return single readings that fall and cannot rise back so fast, or rise too fast and fall back, among lawful neighbours.

    The step before the neighbour must be lawful, too: in a register that jumps to and fro nothing is the exception.
    """
    outliers = np.zeros(len(sequence.owner), np.bool_)
    falls = (np.diff(sequence.register_milliwh) < 0) & ~lawful
    rises = ~falls & ~lawful
    stray = (falls[:-1] & rises[1:]) | (rises[:-1] & falls[1:])
    rows = np.flatnonzero(stray) + 1
    stable = (rows < 2) | lawful[np.maximum(rows - 2, 0)]
    rows = rows[stable]
    power_w = sequence.power_w[sequence.owner[rows]]
    elapsed = sequence.at_us[rows + 1] - sequence.at_us[rows - 1]
    risen = sequence.register_milliwh[rows + 1] - sequence.register_milliwh[rows - 1]
    outliers[rows[is_lawful(power_w, elapsed, risen)]] = True
    return outliers
