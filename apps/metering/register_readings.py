"""Readings of many series as arrays, with as many more on either side as the rules look at."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from apps.engine.intervals import CONTEXT
from apps.metering.columns import Column, fetch_columns, open_column_cursor
from apps.metering.ingest.binary import Moments, Wholes

# Instants, not rows: two values at one instant are one reading to the rules.
_REACH = f"""
SELECT array_agg(coalesce(before.at, w.from_at) ORDER BY w.n), array_agg(coalesce(after.at, w.to_at) ORDER BY w.n)
FROM unnest(%s, %s, %s) WITH ORDINALITY AS w (series_id, from_at, to_at, n)
CROSS JOIN LATERAL (
    SELECT min(measured_at) AS at FROM (
        SELECT DISTINCT measured_at FROM metering_reading
        WHERE series_id = w.series_id AND measured_at < w.from_at ORDER BY measured_at DESC LIMIT {CONTEXT}
    ) AS earlier
) AS before
CROSS JOIN LATERAL (
    SELECT max(measured_at) AS at FROM (
        SELECT DISTINCT measured_at FROM metering_reading
        WHERE series_id = w.series_id AND measured_at > w.to_at ORDER BY measured_at LIMIT {CONTEXT}
    ) AS later
) AS after
"""  # noqa: S608 - a number of ours
_LOAD = """
SELECT w.n - 1, found.measured, found.received, found.registers
FROM unnest(%s, %s, %s) WITH ORDINALITY AS w (series_id, from_at, to_at, n)
CROSS JOIN LATERAL (
    SELECT array_agg(measured_at) AS measured, array_agg(received_at) AS received, array_agg(register_milliwh) AS registers
    FROM metering_reading
    WHERE series_id = w.series_id AND measured_at BETWEEN w.from_at AND w.to_at
) AS found
WHERE found.measured IS NOT NULL
ORDER BY w.n
"""


@dataclass(frozen=True, slots=True)
class SeriesReadings:
    """The readings of n series: series i owns the rows `starts[i]:starts[i + 1]`; `starts` (n + 1,), the rest (N,)."""

    starts: Column
    measured_us: Column
    received_us: Column
    register_milliwh: Column


def find_reach(series: Column, from_us: Column, to_us: Column) -> tuple[Column, Column]:
    """Return the instants of the `CONTEXT`-th reading before and after a stretch of each series.

    Where there are fewer, of the oldest and newest; where there is none, the ends of the stretch itself.
    """
    if not series.size:
        return from_us, to_us
    earliest, latest = fetch_columns(_REACH, Wholes(series), Moments(from_us), Moments(to_us))
    return earliest, latest


def load_with_context(series: Column, from_us: Column, to_us: Column) -> SeriesReadings:
    """Return the readings of a stretch of each series, both ends included, and `CONTEXT` more on either side."""
    earliest, latest = find_reach(series, from_us, to_us)
    with open_column_cursor() as cursor:
        arguments = (Wholes(series), Moments(earliest), Moments(latest))
        rows: list[tuple[Any, ...]] = cursor.execute(_LOAD, arguments, binary=True).fetchall()
    counts = np.zeros(len(series), np.int64)
    columns: list[Column] = [np.empty(0, np.int64)] * 3
    if rows:
        positions, *parts = zip(*rows, strict=True)
        columns = [np.concatenate(part) for part in parts]
        counts[list(positions)] = [len(part) for part in parts[0]]
    return SeriesReadings(np.concatenate(([0], np.cumsum(counts))), columns[0], columns[1], columns[2])
