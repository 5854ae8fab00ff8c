"""Curves from arrays into the table: rows in PostgreSQL's binary COPY format, built for thousands of curves at once."""

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from psycopg import Cursor

from apps.metering.packing import pack

_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_EPOCH_DAY = np.datetime64("2000-01-01", "D")
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_COLUMNS = "pod_key, day, channel, source, minutes, values, quality, updated_at"


def encode_curves(
    *,
    pod_keys: NDArray[np.bytes_],
    days: NDArray[np.datetime64],
    channels: NDArray[np.int16],
    values: NDArray[np.int32],
    quality: NDArray[np.uint8],
    quarters: NDArray[np.int64],
    source: int,
    as_of: datetime,
) -> Iterator[bytes]:
    """Yield the rows of k curves, `values` and `quality` (k, WIDTH), a piece per form of curve."""
    at = (as_of - _EPOCH).total_seconds()
    microseconds = round(at * 1_000_000)
    since_epoch = (days - _EPOCH_DAY).astype(np.int32)
    for group in pack(values, quality, quarters):
        values_length, quality_length = group.values.shape[1], group.quality.shape[1]
        fields = [
            ("pod_key", "S14", 14, pod_keys[group.rows]),
            ("day", ">i4", 4, since_epoch[group.rows]),
            ("channel", ">i2", 2, channels[group.rows]),
            ("source", ">i2", 2, source),
            ("minutes", ">i2", 2, group.minutes),
            ("values", (np.uint8, (values_length,)), values_length, group.values),
            ("quality", (np.uint8, (quality_length,)), quality_length, group.quality),
            ("updated_at", ">i8", 8, microseconds),
        ]
        layout = [("count", ">i2")]
        for name, kind, _size, _content in fields:
            layout += [(f"{name}_length", ">i4"), (name, kind)]  # type: ignore[list-item]
        rows = np.empty(group.rows.size, np.dtype(layout))
        rows["count"] = len(fields)
        for name, _kind, size, content in fields:
            rows[f"{name}_length"], rows[name] = size, content
        yield rows.tobytes()


def copy_rows(cursor: Cursor[tuple[object, ...]], table: str, pieces: Iterator[bytes]) -> None:
    """Send rows made by `encode_curves` into a table with the columns of `DayCurve`."""
    with cursor.copy(f"COPY {table} ({_COLUMNS}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.write(_HEADER)
        for piece in pieces:
            copy.write(piece)
        copy.write(_TRAILER)
