"""NumPy columns as PostgreSQL arrays in binary form: thousands of rows travel as four values."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray
from psycopg import Cursor
from psycopg.adapt import Buffer, Dumper
from psycopg.pq import Format

INT8, TIMESTAMPTZ = 20, 1184
_INT8_ARRAY, _TIMESTAMPTZ_ARRAY = 1016, 1185
_EPOCH_US = (datetime(2000, 1, 1, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000_000
_SINCE_2000 = np.int64(_EPOCH_US)
_ELEMENT = np.dtype([("length", ">i4"), ("value", ">i8")])


class Wholes:
    """A `bigint[]` of whole numbers."""

    def __init__(self, values: Sequence[int] | NDArray[np.int64]) -> None:
        self.values = np.asarray(values, np.int64)


class Moments:
    """A `timestamptz[]` of microseconds since 1970 UTC."""

    def __init__(self, values: Sequence[int] | NDArray[np.int64]) -> None:
        self.values = np.asarray(values, np.int64) - _SINCE_2000


def _dump(values: NDArray[np.int64], element: int) -> bytes:
    if not values.size:
        return np.array([0, 0, element], ">i4").tobytes()
    elements = np.empty(values.size, _ELEMENT)
    elements["length"], elements["value"] = 8, values
    return np.array([1, 0, element, values.size, 1], ">i4").tobytes() + elements.tobytes()


class _WholesDumper(Dumper):
    format = Format.BINARY
    oid = _INT8_ARRAY

    def dump(self, obj: Any) -> Buffer:
        return _dump(obj.values, INT8)


class _MomentsDumper(Dumper):
    format = Format.BINARY
    oid = _TIMESTAMPTZ_ARRAY

    def dump(self, obj: Any) -> Buffer:
        return _dump(obj.values, TIMESTAMPTZ)


def open_array_cursor() -> Cursor[Any]:
    """A cursor of the current connection that binds at the server, and knows both columns."""
    connection.ensure_connection()
    cursor: Cursor[Any] = Cursor(connection.connection)
    cursor.adapters.register_dumper(Wholes, _WholesDumper)
    cursor.adapters.register_dumper(Moments, _MomentsDumper)
    return cursor
