"""Thousands of readings of which none is known go in by COPY: half the cost of asking, inserting and confirming row by row.

The same rows and marks as `writing._READINGS` leaves. Whether some are known is asked beforehand, once per series where nothing
so new is stored; if so, or should somebody else store one in that moment (COPY then fails and is undone), all goes by that
statement. Two workers never wait crosswise: rows go in by their keys in one pass, of one partition because COPY fills each by
itself, and marks afterwards, by series.
"""

import numpy as np
from django.db import transaction
from numpy.typing import NDArray
from psycopg.errors import UniqueViolation

from apps.metering.ingest.binary import Moments, Wholes, open_array_cursor

_REACHED = """
SELECT n.place - 1
FROM unnest(%s, %s) WITH ORDINALITY AS n (series_id, from_at, place)
CROSS JOIN LATERAL (
    SELECT FROM metering_reading r
    WHERE r.series_id = n.series_id AND r.measured_at >= n.from_at AND r.measured_at >= ALL(%s)
    ORDER BY r.measured_at DESC LIMIT 1
) AS found
"""
_KNOWN = """
SELECT n.place - 1
FROM unnest(%s, %s, %s) WITH ORDINALITY AS n (series_id, measured_at, register_milliwh, place)
CROSS JOIN LATERAL (
    SELECT FROM metering_reading r
    WHERE (r.series_id, r.measured_at, r.register_milliwh) = (n.series_id, n.measured_at, n.register_milliwh)
        AND r.measured_at >= ALL(%s) AND r.measured_at <= ALL(%s)
    OFFSET 0
) AS found
LIMIT 1
"""
_COPY = "COPY metering_reading (series_id, measured_at, register_milliwh, received_at) FROM STDIN (FORMAT BINARY)"
_MARK = """
INSERT INTO metering_quartermark AS m (series_id, from_at, to_at, version)
SELECT series_id, from_at, to_at, 1 FROM unnest(%s, %s, %s) AS n (series_id, from_at, to_at)
ON CONFLICT (series_id) DO UPDATE SET
    from_at = least(m.from_at, excluded.from_at), to_at = greatest(m.to_at, excluded.to_at), version = m.version + 1
"""
_HEADER, _TRAILER = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
_NAMES = ("series", "measured", "register", "received")
_FIELDS = [field for name in _NAMES for field in ((f"{name}_length", ">i4"), (name, ">i8"))]
_ROW = np.dtype([("count", ">i2"), *_FIELDS])
Column = NDArray[np.int64]


def copy_new(series: Column, measured_us: Column, registers: Column, received_us: Column) -> int | None:
    """Store readings (n,), each once and with its earliest arrival, and mark what they touch; returns how many.

    None where nothing was stored: some are known, or they lie in several months. Inside a transaction.
    """
    order = np.lexsort((received_us, registers, measured_us, series))
    rows = np.stack((series, measured_us, registers, received_us))[:, order]
    rows = rows[:, np.concatenate(([True], (np.diff(rows[:3]) != 0).any(axis=0)))]
    months = np.array([rows[1].min(), rows[1].max()], "datetime64[us]").astype("datetime64[M]")
    firsts = np.flatnonzero(np.concatenate(([True], np.diff(rows[0]) != 0)))
    if months[0] != months[1] or _is_some_known(rows, firsts):
        return None
    try:
        with transaction.atomic():
            _copy(rows)
    except UniqueViolation:
        return None
    lasts = np.append(firsts[1:], rows.shape[1]) - 1
    with open_array_cursor() as cursor:
        cursor.execute(_MARK, (Wholes(rows[0, firsts]), Moments(rows[1, firsts]), Moments(rows[1, lasts])))
    return int(rows.shape[1])


def _is_some_known(rows: Column, firsts: NDArray[np.intp]) -> bool:
    """Say whether one of the rows is stored already. They are sorted by series and instant; `firsts` begin the series."""
    earliest, latest = Moments([int(rows[1].min())]), Moments([int(rows[1].max())])
    reached = np.zeros(len(firsts), np.bool_)
    reached[_places(_REACHED, Wholes(rows[0, firsts]), Moments(rows[1, firsts]), earliest)] = True
    asked = rows[:, np.repeat(reached, np.diff(np.append(firsts, rows.shape[1])))]
    if not asked.size:
        return False
    return bool(_places(_KNOWN, Wholes(asked[0]), Moments(asked[1]), Wholes(asked[2]), earliest, latest))


def _places(query: str, *columns: Wholes | Moments) -> list[int]:
    with open_array_cursor() as cursor:
        cursor.execute("SET LOCAL jit TO off")  # compiling would take ten times as long as running
        return [place for (place,) in cursor.execute(query, columns).fetchall()]


def _copy(rows: Column) -> None:
    content = np.empty(rows.shape[1], _ROW)
    content["count"] = len(_NAMES)
    columns = (rows[0], Moments(rows[1]).values, rows[2], Moments(rows[3]).values)
    for name, column in zip(_NAMES, columns, strict=True):
        content[f"{name}_length"], content[name] = 8, column
    with open_array_cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.write(_HEADER + content.tobytes() + _TRAILER)
