"""Series of which no reading is set aside and no energy spread: what was counted, later readings in order do not change."""

import numpy as np
from numpy.typing import NDArray

from apps.engine.intervals.nouns import Readings
from apps.engine.intervals.segments import ESTIMATED_BEYOND_US
from apps.engine.intervals.sequence import are_believable
from apps.engine.intervals.steps import is_lawful


def are_orderly(readings: Readings) -> NDArray[np.bool_]:
    """Say of which series (n,) every reading given is believable and follows the one before: later, lawfully, without a gap.

    The order in which they are given counts: a series that is not sorted is not orderly.
    """
    owner = np.repeat(np.arange(len(readings.starts) - 1), np.diff(readings.starts))
    good = are_believable(readings.measured_us, readings.received_us, readings.register_milliwh)
    elapsed_us = np.diff(readings.measured_us)
    follows = is_lawful(readings.connection_power_w[owner[1:]], elapsed_us, np.diff(readings.register_milliwh))
    follows &= elapsed_us <= ESTIMATED_BEYOND_US
    good[1:] &= follows | (owner[1:] != owner[:-1])
    orderly = np.ones(len(readings.starts) - 1, np.bool_)
    orderly[owner[~good]] = False
    return orderly
