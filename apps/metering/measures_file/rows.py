"""Accepted rows of a file as columns: the form in which blocks travel from the parsers to the days."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SILENT = -1
"""Stands for an empty cell: the row says nothing about that channel."""
CHANNELS = 2
"""Withdrawn, injected: in the order of `models.Channel`, counted from 0."""


@dataclass(frozen=True, slots=True)
class Rows:
    """n rows in order of lines.

    `line` (n,) int64; `pod` (n,) int32, position among the registered PODs; `day` (n,) int32, local day, counted from
    `instants.FIRST_DAY`; `slot` (n,) int32, quarter of the day 0..99; `energy` (2, n) int32 Wh or SILENT; `quality` (n,) uint8.
    """

    line: NDArray[np.int64]
    pod: NDArray[np.int32]
    day: NDArray[np.int32]
    slot: NDArray[np.int32]
    energy: NDArray[np.int32]
    quality: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.line)

    def take(self, which: NDArray[np.bool_] | NDArray[np.intp] | slice) -> "Rows":
        """The same for some of the rows."""
        return Rows(
            self.line[which], self.pod[which], self.day[which], self.slot[which], self.energy[:, which], self.quality[which]
        )


def join(parts: list[Rows]) -> Rows:
    """One after the other."""
    if len(parts) == 1:
        return parts[0]
    return Rows(
        np.concatenate([part.line for part in parts]),
        np.concatenate([part.pod for part in parts]),
        np.concatenate([part.day for part in parts]),
        np.concatenate([part.slot for part in parts]),
        np.concatenate([part.energy for part in parts], axis=1),
        np.concatenate([part.quality for part in parts]),
    )


def empty() -> Rows:
    """No rows."""
    column = np.empty(0, np.int32)
    return Rows(np.empty(0, np.int64), column, column, column, np.empty((CHANNELS, 0), np.int32), np.empty(0, np.uint8))
