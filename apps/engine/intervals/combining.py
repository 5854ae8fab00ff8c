"""Several series that make one curve: the meters of a point at the same time, or one device after another."""

import numpy as np
from numpy.typing import NDArray

from apps.engine.energy import LARGEST_SLOT_WH
from apps.engine.errors import InputsInconsistent
from apps.engine.inputs import Quality
from apps.engine.intervals.nouns import QuarterSeries

_WORSE = (Quality.MEASURED, Quality.ESTIMATED, Quality.SUSPECT)
Curves = tuple[NDArray[np.int32], NDArray[np.uint8]]


def together(quarters: QuarterSeries, curve: NDArray[np.int64], curves: int) -> Curves:
    """Return the sum of series that count at the same time (phases, circuits): `curve` (n,) says to which each belongs.

    Shapes (curves, Q). Quality is the worst of the parts; where one is missing the sum is unknown: missing, 0 Wh.
    """
    values, worst = _summed(quarters, curve, curves)
    missing = np.zeros(values.shape, np.bool_)
    np.logical_or.at(missing, curve, quarters.quality == Quality.MISSING)
    return _cut(values, worst, missing)


def in_turn(quarters: QuarterSeries, curve: NDArray[np.int64], curves: int) -> Curves:
    """Return the series of devices that measured one point one after the other, each given only while it was assigned.

    Shapes (curves, Q). A quarter is missing when all devices miss it; in that of the change both parts count, estimated.
    """
    values, worst = _summed(quarters, curve, curves)
    known = np.zeros(values.shape, np.bool_)
    np.logical_or.at(known, curve, quarters.quality != Quality.MISSING)
    return _cut(values, worst, ~known)


def _summed(quarters: QuarterSeries, curve: NDArray[np.int64], curves: int) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    values = np.zeros((curves, quarters.span.quarters), np.int64)
    np.add.at(values, curve, quarters.values_wh)
    worst = np.zeros(values.shape, np.uint8)
    for rank, quality in enumerate(_WORSE):
        np.maximum.at(worst, curve, np.where(quarters.quality == quality, np.uint8(rank), np.uint8(0)))
    return values, np.array(_WORSE, np.uint8)[worst]


def _cut(values: NDArray[np.int64], quality: NDArray[np.uint8], missing: NDArray[np.bool_]) -> Curves:
    if int(values.max(initial=0)) > LARGEST_SLOT_WH:
        raise InputsInconsistent(f"A quarter holds more than {LARGEST_SLOT_WH} Wh. Correct which series belong together.")
    values[missing] = 0
    quality[missing] = Quality.MISSING
    return values.astype(np.int32), quality
