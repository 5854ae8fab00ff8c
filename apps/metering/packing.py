"""How the energy of one day lies in the columns `values` and `quality` of a `DayCurve`. Nothing else knows.

`minutes` is 15 (92, 96 or 100 slots) or 60 (23, 24 or 25 slots): the slots of the local day in order of time.

- `values`: whole Wh, one little-endian int32 per slot. Empty when every slot is 0 Wh.
- `quality`: one byte per slot (`engine.inputs.Quality`), or a single byte when all slots have the same.
- A slot of quality `MISSING` holds 0 Wh, so equal curves are equal bytes.
- `minutes` 60 when each hour is either missing or known as a whole (its energy in its first quarter, the other three
  `PART_OF_HOUR`); a day that knows some hours by the quarter and others only as a whole is kept in quarters, marked so.

In memory a curve is always quarters: WIDTH columns, of which the first 92, 96 or 100 count; the rest is 0 and MISSING.
So a hundred thousand curves of a month are two matrices, and everything here works on all rows at once.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apps.engine.inputs import Quality

WIDTH = 100
"""Quarters of the longest day."""
QUARTERS = 4
UNKNOWN = (b"", bytes([Quality.MISSING]))
"""The columns `values` and `quality` of a curve of which nothing is known."""
_WH = np.dtype("<i4")


@dataclass(frozen=True, slots=True)
class Packed:
    """Curves of the same form: `rows` says which curves, `minutes` how long a slot is; the bytes are (k, ·) uint8."""

    rows: NDArray[np.intp]
    minutes: int
    values: NDArray[np.uint8]
    quality: NDArray[np.uint8]


def pack(values: NDArray[np.int32], quality: NDArray[np.uint8], quarters: NDArray[np.integer]) -> list[Packed]:
    """Pack n curves: `values` (n, WIDTH) Wh, `quality` (n, WIDTH), `quarters` (n,) 92, 96 or 100; grouped by their form.

    Missing slots must hold 0 Wh.
    """
    hourly = are_hourly(quality)
    zero = ~values.any(axis=1)
    groups: list[Packed] = []
    for length in np.unique(quarters).tolist():
        of_length = quarters == length
        for minutes, chosen in ((15, of_length & ~hourly), (60, of_length & hourly)):
            step = QUARTERS if minutes == 60 else 1
            known = quality[:, :length:step]
            uniform = (known == known[:, :1]).all(axis=1)
            for is_zero in (False, True):
                for is_uniform in (False, True):
                    rows = np.flatnonzero(chosen & (zero == is_zero) & (uniform == is_uniform))
                    if not rows.size:
                        continue
                    energy = values[rows, : 0 if is_zero else length : step]
                    packed = np.ascontiguousarray(energy, _WH).view(np.uint8).reshape(rows.size, -1)
                    groups.append(Packed(rows, minutes, packed, quality[rows, : 1 if is_uniform else length : step]))
    return groups


def unpack_values(packed: NDArray[np.uint8], slots: int) -> NDArray[np.int32]:
    """Return k curves of the same packed length as (k, slots) Wh, as a view where that is possible."""
    if packed.shape[1] == 0:
        return np.zeros((packed.shape[0], slots), np.int32)
    return np.ascontiguousarray(packed).view(_WH).astype(np.int32, copy=False)


def unpack_quality(packed: NDArray[np.uint8], slots: int) -> NDArray[np.uint8]:
    """Return k curves of the same packed length as (k, slots) quality; a single byte stands for all slots."""
    return np.broadcast_to(packed, (packed.shape[0], slots))


def hours_to_quarters(values: NDArray[np.int32], quality: NDArray[np.uint8]) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Return (k, 4 h) quarters for (k, h) hours: the energy in the first quarter, nothing invented for the other three."""
    k, hours = values.shape
    energy = np.zeros((k, hours, QUARTERS), np.int32)
    known = np.zeros((k, hours, QUARTERS), np.uint8)
    energy[:, :, 0] = values
    known[:, :, 0] = quality
    known[:, :, 1:] = np.where(quality == Quality.MISSING, Quality.MISSING, Quality.PART_OF_HOUR)[:, :, None]
    return energy.reshape(k, -1), known.reshape(k, -1)


def whole_hours(quality: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return (k, h): which hours of (k, 4 h) quarters are known only as a whole."""
    whole: NDArray[np.bool_] = np.equal(quality[:, 1::QUARTERS], Quality.PART_OF_HOUR)
    return whole


def are_hourly(quality: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return (n,): which curves hold at least one hour known as a whole and none known by the quarter."""
    whole = whole_hours(quality)
    some: NDArray[np.bool_] = np.logical_or.reduce(whole, axis=1)
    if not some.any():
        return some
    known = (quality != Quality.MISSING).reshape(len(quality), -1, QUARTERS).any(axis=2)
    return np.asarray(some & (whole | ~known).all(axis=1))
