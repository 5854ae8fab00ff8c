"""A month of curves as one matrix: the form in which a settlement reads them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from apps.engine.calendar import day_slots, hours_in_month, month_days
from apps.engine.inputs import Quality
from apps.metering.loading import load_batches
from apps.metering.models import Source
from apps.metering.packing import QUARTERS, whole_hours

Number = TypeVar("Number", np.int32, np.uint8)


@dataclass(frozen=True, slots=True)
class CurveMatrix:
    """One channel of n PODs over the Q quarters of a local month.

    `values` (n, Q) int32 Wh and `quality` (n, Q) uint8 (`engine.inputs.Quality`); row i answers `pods[i]`. A quarter that
    nobody stated is MISSING and 0 Wh. Hours known only as a whole stand in their first quarter, PART_OF_HOUR in the others.
    """

    pods: tuple[str, ...]
    values: NDArray[np.int32]
    quality: NDArray[np.uint8]


def get_month_curves(pods: Sequence[str], channel: int, year: int, month: int) -> CurveMatrix:
    """Return the curves of a month, merged quarter by quarter: distributor before manual before device.

    `pods` are keys of 14 characters, in any order, also twice. What a higher rank does not know, a lower one fills in. Where
    one knows an hour by the quarter and the other only as a whole they cannot be mixed: the hour is taken entirely from
    the higher rank if that knows all of it, otherwise from the one that knows it as a whole.
    """
    quarters = QUARTERS * hours_in_month(year, month)
    values = _blank(len(pods), quarters, np.int32)
    quality = _blank(len(pods), quarters, np.uint8)
    for curves in _load_month(pods, channel, year, month, with_values=True):
        starts = curves.pods * quarters + curves.columns
        if curves.lowest:
            if curves.values.any():
                _windows(values, curves.length)[starts] = curves.values
            _windows(quality, curves.length)[starts] = curves.quality
        else:
            lower = _windows(values, curves.length)[starts], _windows(quality, curves.length)[starts]
            merged = overlay(lower, (curves.values, curves.quality))
            _windows(values, curves.length)[starts], _windows(quality, curves.length)[starts] = merged
    return CurveMatrix(pods=tuple(pods), values=values, quality=quality)


def get_month_quality(pods: Sequence[str], channel: int, year: int, month: int) -> NDArray[np.uint8]:
    """Return the quality alone, (n, Q) uint8, merged as in `get_month_curves`: a tenth of the bytes."""
    quarters = QUARTERS * hours_in_month(year, month)
    quality = np.zeros((len(pods), quarters), np.uint8)
    for curves in _load_month(pods, channel, year, month, with_values=False):
        places = _windows(quality, curves.length)
        starts = curves.pods * quarters + curves.columns
        if curves.lowest:
            places[starts] = curves.quality
        else:
            nothing = np.zeros(curves.quality.shape, np.int32)
            places[starts] = overlay((nothing, places[starts]), (nothing, curves.quality))[1]
    return quality


def _blank(rows: int, columns: int, kind: type[Number]) -> NDArray[Number]:
    """A matrix of zeros. NumPy asks for large memory pages in `empty` but not in `zeros`, which is why that is slower here."""
    matrix = np.empty((rows, columns), kind)
    matrix.fill(0)
    return matrix


def _windows(matrix: NDArray[Number], length: int) -> NDArray[Number]:
    """Every stretch of `length` numbers of a matrix as a row of its own: writing to many rows copies stretch by stretch."""
    flat = matrix.reshape(-1)
    if flat.size < length:
        return np.empty((0, length), matrix.dtype)
    return as_strided(flat, (flat.size - length + 1, length), (flat.itemsize, flat.itemsize))


@dataclass(frozen=True, slots=True)
class _DayCurves:
    """k days of one source and one length: `pods` (k,) rows and `columns` (k,) where the days begin, `values` and `quality`
    (k, length). `lowest` when nothing of a lower rank lies below."""

    pods: NDArray[np.intp]
    columns: NDArray[np.intp]
    length: int
    values: NDArray[np.int32]
    quality: NDArray[np.uint8]
    lowest: bool


def _load_month(pods: Sequence[str], channel: int, year: int, month: int, *, with_values: bool) -> Iterator[_DayCurves]:
    """Yield what is stored of a month: lower ranks first."""
    days = month_days(year, month)
    slots = [day_slots(day) for day in days]
    columns = np.array([slot.start for slot in slots], np.intp)
    lengths = np.array([slot.stop - slot.start for slot in slots], np.intp)
    for groups in load_batches(
        pods,
        days[0],
        days[-1] + timedelta(days=1),
        channels=[channel],
        sources=Source.values,
        with_values=with_values,
    ):
        present = sorted({int(source) for group in groups for source in np.unique(group.sources)})
        for source in present:
            for group in groups:
                of_days = lengths[group.days]
                for length in np.unique(of_days[group.sources == source]).tolist():
                    chosen = (group.sources == source) & (of_days == length)
                    rows = slice(None) if chosen.all() else np.flatnonzero(chosen)
                    yield _DayCurves(
                        pods=group.pods[rows],
                        columns=columns[group.days[rows]],
                        length=length,
                        values=group.values[rows, :length],
                        quality=group.quality[rows, :length],
                        lowest=source == present[0],
                    )


Curves = tuple[NDArray[np.int32], NDArray[np.uint8]]


def overlay(lower: Curves, upper: Curves) -> Curves:
    """Return what two ranks know together, (k, 4 h) each: the higher where it knows, otherwise the lower."""
    known = upper[1] != Quality.MISSING
    # An hour that the lower rank knows as a whole gives way only to a whole hour.
    unbroken = whole_hours(lower[1]) & ~known.reshape(len(known), -1, QUARTERS).all(axis=2)
    known &= ~np.repeat(unbroken, QUARTERS, axis=1)
    return np.where(known, upper[0], lower[0]), np.where(known, upper[1], lower[1])
