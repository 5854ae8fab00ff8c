"""What each series counted up to the edges of quarters: the interpolation, exact."""

import numpy as np
from numpy.typing import NDArray

from apps.engine.intervals.nouns import QUARTER_US, Instants, Span
from apps.engine.intervals.segments import Fate, Segments, rounded_wh
from apps.engine.intervals.sequence import Sequence

_HALF_BITS = 18
_HALF = (1 << _HALF_BITS) - 1


def counted_at_edges(segments: Segments, series: int, span: Span) -> tuple[NDArray[np.int64], Instants]:
    """Return the energy (Wh) and the time (µs) counted up to the Q + 1 edges of a span, (series, Q + 1) each.

    Only differences along a row mean something: every series goes on from what those before it counted.
    """
    sequence = segments.sequence
    rows = len(sequence.owner)
    edges_us = span.starts_us + np.arange(span.quarters + 1) * QUARTER_US
    passed = _readings_passed(sequence, series, edges_us)  # 0: none, not even of an earlier series
    apart, nothing = np.array([Fate.APART], np.int8), np.zeros(1, np.int64)
    counted_wh = np.concatenate((nothing, segments.counted_wh))[: rows + 1][passed]
    counted_us = np.concatenate((nothing, segments.counted_us))[: rows + 1][passed]
    # The last reading of a series is followed by APART, so edges after it and before the first of the next stay as they are.
    inside = np.concatenate((apart, segments.fates, apart))[: rows + 1][passed] <= Fate.GAP
    row, edge_us = passed[inside] - 1, np.broadcast_to(edges_us, passed.shape)[inside]
    counted_wh[inside] += rounded_wh(_register_at(sequence, row, edge_us)) - segments.wh[row]
    counted_us[inside] += edge_us - sequence.at_us[row]
    return counted_wh, counted_us


def _readings_passed(sequence: Sequence, series: int, edges_us: Instants) -> NDArray[np.intp]:
    """Return (series, Q + 1): how many rows lie before or at each edge of each series, those of earlier series included."""
    # One key orders by series and instant. Instants outside the span need no more than to stay outside.
    starts_us, width = int(edges_us[0]) - 1, int(edges_us[-1] - edges_us[0]) + 3
    keys = sequence.owner * width + np.clip(sequence.at_us - starts_us, 0, width - 1)
    wanted = np.arange(series)[:, None] * width + (edges_us - starts_us)
    return np.searchsorted(keys, wanted, side="right")


def _register_at(sequence: Sequence, row: NDArray[np.intp], at_us: Instants) -> NDArray[np.int64]:
    """Return the register at instants between the readings `row` and `row + 1`, rounded down to a thousandth of a Wh.

    Rounding down first changes no Wh: half-up looks at whole thousandths only. The energy of a day times the microseconds of a
    day does not fit 64 bits, so the time is cut into two halves of 18 and 19 bits (no counted gap is longer than 2^37 µs).
    """
    before = sequence.register_milliwh[row]
    elapsed_us = sequence.at_us[row + 1] - sequence.at_us[row]
    slope, rest = np.divmod(sequence.register_milliwh[row + 1] - before, elapsed_us)
    since_us = at_us - sequence.at_us[row]
    high, left = np.divmod(rest * (since_us >> _HALF_BITS), elapsed_us)
    low = ((left << _HALF_BITS) + rest * (since_us & _HALF)) // elapsed_us
    return np.asarray(before + slope * since_us + (high << _HALF_BITS) + low)
