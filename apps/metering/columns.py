"""Columns of numbers out of the database as NumPy arrays: PostgreSQL sends arrays, and no object is made per number.

`bigint[]` and `timestamptz[]` without NULL become int64; instants are microseconds since 1970 UTC, as everywhere.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg import Cursor
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.pq import Format

from apps.metering.ingest.binary import open_array_cursor

FAR_US = 4_102_444_800_000_000
"""2100: later than anything that is measured, and still an instant to every program."""
_INT8_ARRAY, _TIMESTAMPTZ_ARRAY = 1016, 1185
_HEADER = 20  # dimensions, NULLs, type of the elements, length, lower bound
_SINCE_1970 = np.int64(946_684_800_000_000)
_ELEMENT = np.dtype([("length", ">i4"), ("value", ">i8")])
Column = NDArray[np.int64]


class _WholesLoader(Loader):
    format = Format.BINARY

    def load(self, data: Buffer) -> Column:
        if len(data) < _HEADER:
            return np.empty(0, np.int64)
        return np.frombuffer(data, _ELEMENT, offset=_HEADER)["value"].astype(np.int64)


class _MomentsLoader(_WholesLoader):
    def load(self, data: Buffer) -> Column:
        return super().load(data) + _SINCE_1970


def open_column_cursor() -> Cursor[Any]:
    """A cursor that takes columns (`Wholes`, `Moments`) and gives columns. Run its queries with `binary=True`."""
    cursor = open_array_cursor()
    cursor.adapters.register_loader(_INT8_ARRAY, _WholesLoader)
    cursor.adapters.register_loader(_TIMESTAMPTZ_ARRAY, _MomentsLoader)
    return cursor


def fetch_columns(query: str, *arguments: object) -> tuple[Any, ...]:
    """Return the one row of a query of `array_agg`s; a column over no rows at all is empty."""
    with open_column_cursor() as cursor:
        row = cursor.execute(query, arguments, binary=True).fetchone()
    if row is None:
        raise ValueError("The query gave no row: it must aggregate.")
    return tuple(np.empty(0, np.int64) if value is None else value for value in row)
