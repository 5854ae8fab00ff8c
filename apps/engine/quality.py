"""Which quarters may be counted: what is suspect is not known, exactly as what is missing (settlement-rules 2.9)."""

import numpy as np
from numpy.typing import NDArray

from apps.engine.inputs import Quality

QUARTERS_PER_HOUR = 4


def unknown_quarters(quality: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which quarters are not known, in the shape of `quality`.

    A suspect one holds a number, but a number that the rules of the measures do not believe: no amount may rest on it.
    """
    return np.asarray(np.equal(quality, Quality.MISSING) | np.equal(quality, Quality.SUSPECT))


def unknown_hours(quality: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return (…, H): which hours of (…, 4 H) quarters hold a quarter that is not known."""
    unknown = unknown_quarters(quality)
    return np.asarray(unknown.reshape(*quality.shape[:-1], -1, QUARTERS_PER_HOUR).any(axis=-1))
