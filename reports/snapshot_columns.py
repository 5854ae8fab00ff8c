"""Columns of a Parquet file: whole Wh, cents and µ€ as exact decimals, instants in UTC, and back.

The decimals are the engine's own integers with a scale: nothing is divided. pyarrow is imported where it is used, because a web
process never needs it.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

ENERGY_PLACES, MONEY_PLACES, PRICE_PLACES = 3, 2, 6  # kWh, €, €/MWh


def decimals(values: NDArray[np.int64] | Sequence[int], places: int) -> Any:
    """Whole numbers as decimal128(18, places): 1234 with 3 places is 1.234."""
    import pyarrow as pa

    low = np.asarray(values, np.int64).ravel()
    words = np.empty((low.size, 2), np.int64)
    words[:, 0] = low
    words[:, 1] = low >> 63
    return pa.Array.from_buffers(pa.decimal128(18, places), low.size, [None, pa.py_buffer(words.data)])


def small_decimals(values: NDArray[np.int32], places: int, *, precision: int) -> Any:
    """Whole numbers of 32 bits as decimal32 (up to nine digits: the array itself, not copied) or decimal128."""
    import pyarrow as pa

    if precision > 9:
        return decimals(values.astype(np.int64), places).cast(pa.decimal128(precision, places))
    whole = np.ascontiguousarray(values, np.int32).ravel()
    return pa.Array.from_buffers(pa.decimal32(precision, places), whole.size, [None, pa.py_buffer(whole.data)])


def whole_numbers(column: Any) -> NDArray[np.int64]:
    """A decimal column as the whole numbers it was made of."""
    parts = []
    for chunk in column.chunks:
        if chunk.null_count:
            raise ValueError("An energy in a snapshot is empty.")
        width = chunk.type.bit_width
        words = np.frombuffer(chunk.buffers()[1], np.int32 if width == 32 else np.int64)
        step = max(1, width // 64)
        parts.append(words[chunk.offset * step : (chunk.offset + len(chunk)) * step : step].astype(np.int64))
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def exact_decimals(values: Sequence[Decimal | None]) -> Any:
    """Decimals of any form; an error when one has more than 18 places, never a rounding."""
    import pyarrow as pa

    return pa.array(values, pa.decimal128(38, 18))


def trimmed(value: Decimal) -> Decimal:
    """The same number without the zeros that the column added: 99.900000 becomes 99.9."""
    text = f"{value:f}"
    return Decimal(text.rstrip("0").rstrip(".") if "." in text else text)


def instants(values: NDArray[np.datetime64]) -> Any:
    """UTC instants to the millisecond, the coarsest that the format has."""
    import pyarrow as pa

    return pa.array(values.astype("datetime64[ms]"), pa.timestamp("ms", tz="UTC"))


def repeated(names: Sequence[str], times: int) -> Any:
    """Each name `times` times in a row, as a dictionary of different names: one that has a name twice makes the writer give
    up the dictionary and leave bytes in the file that it never wrote."""
    import pyarrow as pa

    codes = {name: code for code, name in enumerate(dict.fromkeys(names))}
    if len(codes) == len(names):
        indices = _steps(len(names), times)
    else:
        indices = np.repeat(np.array([codes[name] for name in names], np.int32), times)
    return pa.DictionaryArray.from_arrays(indices, pa.array(list(codes), pa.string()), safe=False)


@lru_cache(maxsize=2)
def _steps(count: int, times: int) -> NDArray[np.int32]:
    """0, 0, …, 1, 1, …: made once for all the groups of a month, which are equally long."""
    return np.repeat(np.arange(count, dtype=np.int32), times)


def days(values: Sequence[date | None]) -> Any:
    """Local days; None is empty."""
    import pyarrow as pa

    return pa.array(values, pa.date32())


def wholes(values: Sequence[int]) -> Any:
    """Whole numbers of up to 38 digits: the weight of a fixed share may need more than 64 bits."""
    import pyarrow as pa

    return pa.array([Decimal(value) for value in values], pa.decimal128(38, 0))
