"""Curves from the database into arrays: one COPY, no object per curve but the bytes that PostgreSQL sends."""

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

import numpy as np
from django.db import connection
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray
from psycopg import Cursor
from psycopg.abc import Buffer

from apps.metering.ingest.binary import open_array_cursor
from apps.metering.models import Channel, Source
from apps.metering.packing import QUARTERS, WIDTH, hours_to_quarters, unpack_quality, unpack_values

_SIGNATURE = 19  # "PGCOPY\n\xff\r\n\0", flags, length of the extension
_ROW = struct.Struct(">hii")  # count of fields, length of the first one, the position
_LENGTH = struct.Struct(">i")
_PODS_AT_A_TIME = 250
# The curves of a POD come as one row: their heads, their values, their qualities, each strung together in the same order.
# A row per curve would cost more to receive than to read. POD by POD the primary key gives them without a sort, and the first
# ones arrive while the database still looks for the others.
_QUERY = """
    SELECT (asked.position - 1)::int4 AS position, found.heads, found.values, found.quality
    FROM unnest(%(pods)s::varchar[]) WITH ORDINALITY AS asked (pod, position), LATERAL (
        SELECT
            string_agg(int8send(
                ((day - %(first_day)s::date)::int8 << 40) | (channel::int8 << 36) | (source::int8 << 32)
                | (minutes::int8 << 24) | (length({values})::int8 << 8) | length(quality)
            ), '') AS heads,
            string_agg({values}, '') AS values,
            string_agg(quality, '') AS quality
        FROM metering_daycurve
        WHERE pod_key = asked.pod AND day >= %(first_day)s AND day < %(end_day)s {restrictions}
    ) AS found
    WHERE found.heads IS NOT NULL
"""
_STREAM = f"COPY ({_QUERY}) TO STDOUT (FORMAT BINARY)"
_AT_ONCE = f"""
SELECT string_agg(int4send(position), ''), string_agg(int4send(length(heads) / 8), ''),
    string_agg(heads, ''), string_agg(values, ''), string_agg(quality, '')
FROM ({_QUERY}) AS pods
"""  # noqa: S608 - a query of ours
# Said only where they leave something out: PostgreSQL before 17 goes down the index once per value of such a list.
_CHANNELS = "AND channel = ANY(%(channels)s::smallint[])"
_SOURCES = "AND source = ANY(%(sources)s::smallint[])"


@dataclass(frozen=True, slots=True)
class LoadedCurves:
    """k curves of the same form, in no particular order: `values` and `quality` (k, s) quarters of a day.

    `pods` (k,) are positions in the list that was asked for, `days` (k,) days after the first one asked for. Only the first
    92, 96 or 100 quarters of each day count: a curve that is the same all day does not know how long its day is.
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
    at_once: bool = False,
) -> Iterator[LoadedCurves]:
    """Return every stored curve of the PODs from `first_day` to before `end_day`, grouped by form, as `load_batches`.

    `at_once` takes them as one row: for who holds as much in memory anyway, a day of many PODs comes in half the time.
    """
    query, arguments = _ask(pod_keys, first_day, end_day, channels, sources, with_values)
    if at_once:
        yield from _load_at_once(_AT_ONCE.format(**query), arguments)
        return
    for batch in load_batches(pod_keys, first_day, end_day, channels=channels, sources=sources, with_values=with_values):
        yield from batch


def load_batches(
    pod_keys: Sequence[str],
    first_day: date,
    end_day: date,
    *,
    channels: Sequence[int],
    sources: Sequence[int],
    with_values: bool = True,
) -> Iterator[list[LoadedCurves]]:
    """Return the same, all that is stored of a few hundred PODs at a time: so much lies in memory, however many are asked for.

    The connection is busy until the last batch was taken. Without values, all energies are 0 and only the quality is read.
    """
    query, arguments = _ask(pod_keys, first_day, end_day, channels, sources, with_values)
    with open_cursor() as cursor, cursor.copy(_STREAM.format(**query), arguments) as copy:
        rows = _read_rows(copy)
        while batch := list(islice(rows, _PODS_AT_A_TIME)):
            positions, *parts = zip(*batch, strict=True)
            heads, values, quality = (b"".join(part) for part in parts)
            counts = [len(part) // 8 for part in parts[0]]
            yield list(_split(np.repeat(np.array(positions, np.intp), counts), heads, values, quality))


def _ask(
    pod_keys: Sequence[str],
    first_day: date,
    end_day: date,
    channels: Sequence[int],
    sources: Sequence[int],
    with_values: bool,
) -> tuple[dict[str, str], dict[str, object]]:
    """Return what completes the query, and its arguments."""
    restrictions = " ".join(
        restriction
        for restriction, wanted, known in (
            (_CHANNELS, channels, Channel.values),
            (_SOURCES, sources, Source.values),
        )
        if set(wanted) != set(known)
    )
    arguments: dict[str, object] = {
        "pods": list(pod_keys),
        "first_day": first_day,
        "end_day": end_day,
        "channels": list(channels),
        "sources": list(sources),
    }
    return {"values": "values" if with_values else "''::bytea", "restrictions": restrictions}, arguments


def _load_at_once(query: str, arguments: dict[str, object]) -> Iterator[LoadedCurves]:
    with open_array_cursor() as cursor:
        row = cursor.execute(query, arguments, binary=True).fetchone()
    if row is None or row[0] is None:
        return
    parts = [bytes(part) for part in row if isinstance(part, bytes | memoryview)]
    positions, counts = (np.frombuffer(part, ">i4").astype(np.intp) for part in parts[:2])
    yield from _split(np.repeat(positions, counts), *parts[2:])


def _read_rows(copy: Iterable[Buffer]) -> Iterator[tuple[int, memoryview, memoryview, memoryview]]:
    """Return the position of each POD that has curves, and the three strings of its row."""
    skip = _SIGNATURE  # before the first row
    for content in copy:
        message, skip = memoryview(content)[skip:], 0
        if len(message) < _ROW.size:  # the end
            continue
        _fields, _length, position = _ROW.unpack_from(message)
        parts = []
        start = _ROW.size
        for _part in range(3):
            end = start + 4 + _LENGTH.unpack_from(message, start)[0]
            parts.append(message[start + 4 : end])
            start = end
        yield position, parts[0], parts[1], parts[2]


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
