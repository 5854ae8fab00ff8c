"""The values of this package: readings that come in, quarters and notes that come out.

Instants are whole microseconds since 1970 UTC (`_us`), registers whole thousandths of a watt-hour (`_milliwh`), energies of
quarters whole Wh. A *series* is one register of one device: one component and one channel.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from apps.engine.calendar import day_starts_at, quarters_in_day
from apps.engine.errors import InputsInconsistent
from apps.engine.telemetry.messages import EPOCH, MICROSECOND

QUARTER_US = 900 * 1_000_000
LARGEST_POWER_W = 10**8
"""A connection of 100 MW. Nothing of a community comes near, and int64 holds what it could count in a year."""
Instants = NDArray[np.int64]


class NoteKind(StrEnum):
    """What happened to a series, worth showing to a person."""

    STAMP = "stamp"  # a reading from before 2020 or from after it arrived: set aside
    REGISTER = "register"  # a register below zero or beyond a terawatt-hour: set aside
    CONFLICT = "conflict"  # another register at the same instant: set aside
    GLITCH = "glitch"  # down and up within five seconds: set aside
    OUTLIER = "outlier"  # one reading that neither its neighbours nor the connection allow: set aside
    RESET = "reset"  # the register fell: a new epoch begins, the energy between is unknown
    UNIT_CHANGE = "unit_change"  # the register was multiplied or divided by a thousand: in doubt until it turns back
    DOUBT = "doubt"  # energy counted while the unit was in doubt: set aside
    JUMP = "jump"  # more energy than the connection allows in that time: set aside
    GAP = "gap"  # more than 30 minutes without a reading: the energy is spread, estimated
    LONG_GAP = "long_gap"  # more than 24 hours: the quarters are missing, the energy stays here
    IMPOSSIBLE = "impossible"  # a quarter above what the connection allows: set aside


class Note(NamedTuple):
    """One thing that happened between two instants (the same twice for a single reading), sorted by series and time.

    `energy_wh` is what was counted there, None where that is unknown; `register_milliwh` is the reading that was set aside.
    """

    series: int
    from_us: int
    to_us: int
    kind: NoteKind
    energy_wh: int | None = None
    register_milliwh: int | None = None


@dataclass(frozen=True, slots=True)
class Readings:
    """The readings of n series, in any order inside each. Series i owns the rows `starts[i]:starts[i + 1]`.

    Shapes: `starts` (n + 1,); `measured_us`, `received_us`, `register_milliwh` (N,); `connection_power_w` (n,), what the point
    can carry at most; `in_doubt` (n,), whether an odd number of unit changes lies before the first reading given (None: nowhere).
    All integers are int64.
    """

    starts: NDArray[np.int64]
    measured_us: Instants
    received_us: Instants
    register_milliwh: NDArray[np.int64]
    connection_power_w: NDArray[np.int64]
    in_doubt: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        rows = {len(self.measured_us), len(self.received_us), len(self.register_milliwh), int(self.starts[-1])}
        series = {len(self.starts) - 1, len(self.connection_power_w)}
        if self.in_doubt is not None:
            series.add(len(self.in_doubt))
        columns = (self.starts, self.measured_us, self.received_us, self.register_milliwh, self.connection_power_w)
        if len(rows) > 1 or len(series) > 1 or self.starts[0] != 0 or (np.diff(self.starts) < 0).any():
            raise InputsInconsistent(
                "The columns of the readings do not belong together. The builder of the readings has a fault."
            )
        if any(column.dtype != np.int64 for column in columns):
            raise InputsInconsistent("Instants, registers and powers must be int64. Convert them before asking for quarters.")
        if ((self.connection_power_w < 0) | (self.connection_power_w > LARGEST_POWER_W)).any():
            raise InputsInconsistent(f"A connection has between 0 and {LARGEST_POWER_W} W. Correct the power of the point.")


class Span(NamedTuple):
    """Consecutive quarters of an hour: the first starts at `starts_us`."""

    starts_us: int
    quarters: int

    @property
    def ends_us(self) -> int:
        return self.starts_us + self.quarters * QUARTER_US


def day_span(day: date) -> Span:
    """Return the 92, 96 or 100 quarters of a local day (Europe/Rome)."""
    return Span((day_starts_at(day) - EPOCH) // MICROSECOND, quarters_in_day(day))


def days_span(first: date, after: date) -> Span:
    """Return the quarters of the local days from `first` up to, not including, `after`."""
    starts_us = (day_starts_at(first) - EPOCH) // MICROSECOND
    return Span(starts_us, ((day_starts_at(after) - EPOCH) // MICROSECOND - starts_us) // QUARTER_US)


@dataclass(frozen=True, slots=True)
class QuarterSeries:
    """What n series counted in the Q quarters of a span: `values_wh` (n, Q) int32, `quality` (n, Q) uint8 (`Quality`).

    A missing quarter holds 0 Wh. What was set aside stands in the notes and in no quarter, so for every epoch of a series
    Σ quarters + Σ `energy_wh` of its LONG_GAP, JUMP, DOUBT and IMPOSSIBLE notes = last − first register, to the Wh.
    """

    span: Span
    values_wh: NDArray[np.int32]
    quality: NDArray[np.uint8]
    notes: tuple[Note, ...]
