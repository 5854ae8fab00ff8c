"""Readings in order: one per series and instant, whatever the order and number in which they arrived."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apps.engine.intervals.nouns import Instants, Note, NoteKind, Readings
from apps.engine.telemetry.quantities import LARGEST_REGISTER_MILLIWH
from apps.engine.telemetry.stamps import AHEAD_US, EARLIEST_US


@dataclass(frozen=True, slots=True)
class Sequence:
    """The readings of some series, by series and instant, strictly rising. `owner` (N,) is the series of each."""

    owner: NDArray[np.int64]
    at_us: Instants
    register_milliwh: NDArray[np.int64]
    power_w: NDArray[np.int64]  # per series

    def keep(self, mask: NDArray[np.bool_]) -> "Sequence":
        return Sequence(self.owner[mask], self.at_us[mask], self.register_milliwh[mask], self.power_w)

    def notes(self, rows: NDArray[np.intp], kind: NoteKind) -> list[Note]:
        """Return one note per row: this reading was set aside."""
        columns = (self.owner[rows].tolist(), self.at_us[rows].tolist(), self.register_milliwh[rows].tolist())
        return [Note(owner, at, at, kind, None, register) for owner, at, register in zip(*columns, strict=True)]


def in_order(readings: Readings, first: int, last: int) -> tuple[Sequence, list[Note]]:
    """Return the readings of the series `[first, last)`, numbered from 0, and what had to be set aside to order them."""
    rows = slice(int(readings.starts[first]), int(readings.starts[last]))
    owner = np.repeat(np.arange(last - first), np.diff(readings.starts[first : last + 1]))
    given = Sequence(owner, readings.measured_us[rows], readings.register_milliwh[rows], readings.connection_power_w[first:last])
    sequence, notes = _believable(given, readings.received_us[rows])
    if _is_in_order(sequence):
        return sequence, notes
    sequence = _sorted(sequence)
    chosen = _chosen(sequence)
    return sequence.keep(chosen), notes + sequence.notes(np.flatnonzero(~chosen), NoteKind.CONFLICT)


def are_believable(at_us: Instants, received_us: Instants, register_milliwh: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say which readings have a stamp and a register that there can be."""
    return _stamps(at_us, received_us) & _registers(register_milliwh)


def _stamps(at_us: Instants, received_us: Instants) -> NDArray[np.bool_]:
    return np.asarray((at_us >= EARLIEST_US) & (at_us <= received_us + AHEAD_US))


def _registers(register_milliwh: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.asarray((register_milliwh >= 0) & (register_milliwh <= LARGEST_REGISTER_MILLIWH))


def _believable(given: Sequence, received_us: Instants) -> tuple[Sequence, list[Note]]:
    stamps, registers = _stamps(given.at_us, received_us), _registers(given.register_milliwh)
    if stamps.all() and registers.all():
        return given, []
    notes = given.notes(np.flatnonzero(~stamps), NoteKind.STAMP)
    notes += given.notes(np.flatnonzero(stamps & ~registers), NoteKind.REGISTER)
    return given.keep(stamps & registers), list(set(notes))


def _is_in_order(sequence: Sequence) -> bool:
    later, apart = sequence.at_us[1:] > sequence.at_us[:-1], sequence.owner[1:] != sequence.owner[:-1]
    return bool((later | apart).all())


def _sorted(sequence: Sequence) -> Sequence:
    """Return the readings by series, instant and register, each once."""
    order = np.lexsort((sequence.register_milliwh, sequence.at_us, sequence.owner))
    owner, at_us, register = sequence.owner[order], sequence.at_us[order], sequence.register_milliwh[order]
    again = (np.diff(owner) == 0) & (np.diff(at_us) == 0) & (np.diff(register) == 0)
    return Sequence(owner, at_us, register, sequence.power_w).keep(np.concatenate(([True], ~again)))


def _chosen(sequence: Sequence) -> NDArray[np.bool_]:
    """Return which of the registers at one instant counts: the smallest that is not below the instant before.

    Below it the register would have fallen, above the smallest it would count more than need be. Where all are below, or
    nothing is before, the smallest.
    """
    new_series = np.concatenate(([True], np.diff(sequence.owner) > 0))
    new_instant = new_series | np.concatenate(([True], np.diff(sequence.at_us) > 0))
    firsts = np.flatnonzero(new_instant)
    chosen = new_instant.copy()
    sizes = np.diff(np.append(firsts, len(new_instant)))
    for instant in np.flatnonzero(sizes > 1).tolist():
        first = int(firsts[instant])
        registers = sequence.register_milliwh[first : first + int(sizes[instant])]
        before = 0 if new_series[first] else int(sequence.register_milliwh[firsts[instant - 1]])
        place = int(np.searchsorted(registers, before))
        if place < len(registers):
            chosen[first] = False
            chosen[first + place] = True
    return chosen
