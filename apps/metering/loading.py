"""Curves from the database into arrays: one COPY, no object per curve but the bytes that PostgreSQL sends."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from django.db import connection
from numpy.typing import NDArray
from psycopg import Cursor

from apps.metering.packing import QUARTERS, WIDTH, hours_to_quarters, unpack_quality, unpack_values

_SIGNATURE = 19  # "PGCOPY\n\xff\r\n\0", flags, length of the extension
_TRAILER = 2
# One row of the COPY below: a count of fields, then length and content of each.
_FIXED = [
    *(("fields", ">i2"), ("_pod", ">i4"), ("pod_key", "S14"), ("_day", ">i4"), ("day", ">i4")),
    *(("_channel", ">i4"), ("channel", ">i2"), ("_source", ">i4"), ("source", ">i2"), ("_minutes", ">i4"), ("minutes", ">i2")),
    ("values_length", ">i4"),
]
_FIXED_SIZE = np.dtype(_FIXED).itemsize
_QUERY = """
COPY (
    SELECT pod_key, day - %s::date, channel, source, minutes, {values}, quality FROM metering_daycurve
    WHERE pod_key = ANY(%s::varchar[]) AND day >= %s AND day < %s
        AND channel = ANY(%s::smallint[]) AND source = ANY(%s::smallint[])
) TO STDOUT (FORMAT BINARY)
"""


@dataclass(frozen=True, slots=True)
class LoadedCurves:
    """k curves of the same form, in no particular order: `values` and `quality` (k, s) quarters of a day.

    `pods` (k,) are positions in the list that was asked for (the first, if a POD is there twice), `days` (k,) days after the
    first one asked for. Only the first 92, 96 or 100 quarters of each day count: a curve that is the same all day does not
    know how long its day is.
    """

    pods: NDArray[np.intp]
    days: NDArray[np.intp]
    channels: NDArray[np.int16]
    sources: NDArray[np.int16]
    hourly: bool
    values: NDArray[np.int32]
    quality: NDArray[np.uint8]


def load_curves(
    pod_keys: Sequence[str],
    first_day: date,
    end_day: date,
    *,
    channels: Sequence[int],
    sources: Sequence[int],
    with_values: bool = True,
) -> Iterator[LoadedCurves]:
    """Yield every stored curve of the PODs from `first_day` to before `end_day`, grouped by form.

    Without values, all energies are 0 and only the quality is read.
    """
    messages: defaultdict[int, list[bytes]] = defaultdict(list)
    query = _QUERY.format(values="values" if with_values else "''::bytea")
    keys, positions = _sort(pod_keys)
    arguments = [first_day, list(pod_keys), first_day, end_day, list(channels), list(sources)]
    with open_cursor() as cursor, cursor.copy(query, arguments) as copy:
        first = bytes(copy.read())
        if len(first) > _SIGNATURE:
            messages[len(first) - _SIGNATURE].append(first[_SIGNATURE:])
        for message in copy:
            messages[len(message)].append(message)  # type: ignore[arg-type]
    messages.pop(_TRAILER, None)
    for size in sorted(messages):
        for rows in _read_rows(b"".join(messages.pop(size)), size):
            yield _unpack(rows, positions[np.searchsorted(keys, rows["pod_key"])])


def open_cursor() -> Cursor[tuple[object, ...]]:
    """A cursor of the driver itself, inside Django's transaction: Django's own does not know COPY with arguments."""
    connection.ensure_connection()
    cursor: Cursor[tuple[object, ...]] = connection.connection.cursor()
    return cursor


def _sort(pod_keys: Sequence[str]) -> tuple[NDArray[np.bytes_], NDArray[np.intp]]:
    keys = np.array(pod_keys, "S14")
    order = np.argsort(keys, kind="stable")
    return keys[order], order


def _read_rows(content: bytes, size: int) -> Iterator[NDArray[np.void]]:
    """Read rows of `size` bytes each. No two forms add up to the same size, but for those that are the same all day."""
    values_length = int(np.frombuffer(content, ">i4", 1, offset=_FIXED_SIZE - 4)[0])
    quality_length = size - _FIXED_SIZE - values_length - 4
    row = np.dtype(
        [*_FIXED, ("values", np.uint8, (values_length,)), ("_quality", ">i4"), ("quality", np.uint8, (quality_length,))]
    )
    rows = np.frombuffer(content, row)
    if (rows["values_length"] != values_length).any() or (rows["_quality"] != quality_length).any():
        raise ValueError("Curves of different forms have the same size. Choose another packing.")
    for minutes in (15, 60):
        chosen = rows["minutes"] == minutes
        if chosen.all():
            yield rows
        elif chosen.any():
            yield rows[chosen]


def _unpack(rows: NDArray[np.void], pods: NDArray[np.intp]) -> LoadedCurves:
    minutes = int(rows["minutes"][0])
    slots = WIDTH if minutes == 15 else WIDTH // QUARTERS
    if rows["values"].shape[1]:
        slots = rows["values"].shape[1] // 4
    elif rows["quality"].shape[1] > 1:
        slots = rows["quality"].shape[1]
    values, quality = unpack_values(rows["values"], slots), unpack_quality(rows["quality"], slots)
    if minutes == 60:
        values, quality = hours_to_quarters(values, quality)
    return LoadedCurves(
        pods=pods,
        days=rows["day"].astype(np.intp),
        channels=rows["channel"].astype(np.int16),
        sources=rows["source"].astype(np.int16),
        hourly=minutes == 60,
        values=values,
        quality=quality,
    )
