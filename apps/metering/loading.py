"""Curves from the database into arrays: one COPY, no object per curve but the bytes that PostgreSQL sends."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from django.db import connection
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray
from psycopg import Cursor

from apps.metering.packing import QUARTERS, WIDTH, hours_to_quarters, unpack_quality, unpack_values

_SIGNATURE = 19  # "PGCOPY\n\xff\r\n\0", flags, length of the extension
_LENGTH = struct.Struct(">i")
_POD = slice(6, 20)
# The curves of a POD come as one row: their heads, their values, their qualities, each strung together in the same order.
# A row per curve would cost more to receive than to read.
_QUERY = """
COPY (
    SELECT
        pod_key,
        string_agg(int8send(
            ((day - %s::date)::int8 << 40) | (channel::int8 << 36) | (source::int8 << 32)
            | (minutes::int8 << 24) | (length({values})::int8 << 8) | length(quality)
        ), ''),
        string_agg({values}, ''),
        string_agg(quality, '')
    FROM metering_daycurve
    WHERE pod_key = ANY(%s::varchar[]) AND day >= %s AND day < %s
        AND channel = ANY(%s::smallint[]) AND source = ANY(%s::smallint[])
    GROUP BY pod_key
) TO STDOUT (FORMAT BINARY)
"""


@dataclass(frozen=True, slots=True)
class LoadedCurves:
    """k curves of the same form, in no particular order: `values` and `quality` (k, s) quarters of a day.

    `pods` (k,) are positions in the list that was asked for (the last, if a POD is there twice), `days` (k,) days after the
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
    """Return every stored curve of the PODs from `first_day` to before `end_day`, grouped by form.

    Without values, all energies are 0 and only the quality is read.
    """
    query = _QUERY.format(values="values" if with_values else "''::bytea")
    arguments = [first_day, list(pod_keys), first_day, end_day, list(channels), list(sources)]
    positions = {pod.encode("ascii"): position for position, pod in enumerate(pod_keys)}
    pods: list[int] = []
    counts: list[int] = []
    parts: list[list[memoryview]] = [[], [], []]
    with open_cursor() as cursor, cursor.copy(query, arguments) as copy:
        skip = _SIGNATURE  # before the first row
        for content in copy:
            message, skip = memoryview(content)[skip:], 0
            if len(message) < _POD.stop:  # the end
                continue
            start = _POD.stop
            for part in parts:
                end = start + 4 + _LENGTH.unpack_from(message, start)[0]
                part.append(message[start + 4 : end])
                start = end
            pods.append(positions[bytes(message[_POD])])
            counts.append(len(parts[0][-1]) // 8)
    heads, values, quality = (b"".join(part) for part in parts)
    return _split(np.repeat(np.array(pods, np.intp), counts), heads, values, quality)


def open_cursor() -> Cursor[tuple[object, ...]]:
    """A cursor of the driver itself, inside Django's transaction: Django's own does not know COPY with arguments."""
    connection.ensure_connection()
    cursor: Cursor[tuple[object, ...]] = connection.connection.cursor()
    return cursor


def _split(pods: NDArray[np.intp], heads: bytes, values: bytes, quality: bytes) -> Iterator[LoadedCurves]:
    """Tell the curves apart by their form: how long a slot is, how many bytes of values and of quality."""
    head = np.frombuffer(heads, ">i8").astype(np.int64)
    lengths_of_values, lengths_of_quality = head >> 8 & 0xFFFF, head & 0xFF
    values_end, quality_end = np.cumsum(lengths_of_values), np.cumsum(lengths_of_quality)
    forms, form_of = np.unique(head & 0xFFFFFFFF, return_inverse=True)
    for number, form in enumerate(forms.tolist()):
        rows = np.flatnonzero(form_of == number)
        minutes, values_length, quality_length = form >> 24, form >> 8 & 0xFFFF, form & 0xFF
        yield _unpack(
            pods[rows],
            head[rows],
            minutes,
            _gather(values, values_end[rows] - values_length, values_length),
            _gather(quality, quality_end[rows] - quality_length, quality_length),
        )


def _gather(content: bytes, starts: NDArray[np.int64], length: int) -> NDArray[np.uint8]:
    """Return the `length` bytes from each start, (k, length), as a copy that is aligned for numbers."""
    if not length:
        return np.empty((starts.size, 0), np.uint8)
    flat = np.frombuffer(content, np.uint8)
    return as_strided(flat, (flat.size - length + 1, length), (1, 1))[starts]


def _unpack(
    pods: NDArray[np.intp], head: NDArray[np.int64], minutes: int, values: NDArray[np.uint8], quality: NDArray[np.uint8]
) -> LoadedCurves:
    slots = WIDTH if minutes == 15 else WIDTH // QUARTERS
    if values.shape[1]:
        slots = values.shape[1] // 4
    elif quality.shape[1] > 1:
        slots = quality.shape[1]
    energy, known = unpack_values(values, slots), unpack_quality(quality, slots)
    if minutes == 60:
        energy, known = hours_to_quarters(energy, known)
    return LoadedCurves(
        pods=pods,
        days=(head >> 40).astype(np.intp),
        channels=(head >> 36 & 0xF).astype(np.int16),
        sources=(head >> 32 & 0xF).astype(np.int16),
        hourly=minutes == 60,
        values=energy,
        quality=known,
    )
