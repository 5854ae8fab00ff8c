"""Readings of many series as arrays, with as many more on either side as the rules look at."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from apps.engine.intervals import CONTEXT
from apps.metering.columns import Column, fetch_columns, open_column_cursor
from apps.metering.ingest.binary import Moments, Wholes

# Instants, not rows: two values at one instant are one reading to the rules. Before a stretch, a couple of days lie in one
# or two partitions; whoever speaks so seldom that this is not enough is looked for once more, everywhere.
_REACH = f"""
SELECT array_agg(coalesce(before.at, w.from_at) ORDER BY w.n), array_agg(coalesce(after.at, w.to_at) ORDER BY w.n),
    array_agg(before.found ORDER BY w.n)
FROM unnest(%s, %s, %s) WITH ORDINALITY AS w (series_id, from_at, to_at, n)
CROSS JOIN LATERAL (
    SELECT min(measured_at) AS at, count(*) AS found FROM (
        SELECT DISTINCT measured_at FROM metering_reading
        WHERE series_id = w.series_id AND measured_at < w.from_at {{window}} ORDER BY measured_at DESC LIMIT {CONTEXT}
    ) AS earlier
) AS before
CROSS JOIN LATERAL (
    SELECT max(measured_at) AS at FROM (
        SELECT DISTINCT measured_at FROM metering_reading
        WHERE series_id = w.series_id AND measured_at > w.to_at ORDER BY measured_at LIMIT {CONTEXT}
    ) AS later
) AS after
"""  # noqa: S608 - a number of ours
_NEAR = _REACH.format(window="AND measured_at >= w.from_at - interval '2 days'")
_ANYWHERE = _REACH.format(window="")
# The planner knows nothing of a single series: it would rather sort all its readings than walk the index for the nearest few.
_WALK = "SELECT set_config('enable_sort', %s, true), set_config('enable_bitmapscan', %s, true), set_config('jit', 'off', true)"
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
# One row of long columns: an array per series would cost more to receive than its readings. Walking the index of each series is
# right however many there are, and the earliest instant keeps the partitions before it out of it.
_SINCE = """
SELECT array_agg(w.n - 1), array_agg(found.measured_at), array_agg(found.received_at), array_agg(found.register_milliwh)
FROM unnest(%s, %s) WITH ORDINALITY AS w (series_id, from_at, n)
CROSS JOIN LATERAL (
    SELECT measured_at, received_at, register_milliwh FROM metering_reading
    WHERE series_id = w.series_id AND measured_at >= w.from_at AND measured_at >= (%s::timestamptz[])[1]
    OFFSET 0
) AS found
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

    Where there are fewer, of the oldest and newest; where there is none, the ends of the stretch itself. Inside a transaction.
    """
    if not series.size:
        return from_us, to_us
    with open_column_cursor() as cursor:
        cursor.execute(_WALK, ("off", "off"))
    earliest_us, latest_us, found = fetch_columns(_NEAR, Wholes(series), Moments(from_us), Moments(to_us))
    few = np.flatnonzero(found < CONTEXT)
    earliest_us[few], latest_us[few], _ = fetch_columns(
        _ANYWHERE, Wholes(series[few]), Moments(from_us[few]), Moments(to_us[few])
    )
    with open_column_cursor() as cursor:
        cursor.execute(_WALK, ("on", "on"))
    return earliest_us, latest_us


def load_since(series: Column, from_us: Column) -> SeriesReadings:
    """Return the readings of each series from an instant on, it included, as the index gives them. Inside a transaction."""
    if not series.size:
        nothing = np.empty(0, np.int64)
        return SeriesReadings(np.zeros(1, np.int64), nothing, nothing, nothing)
    with open_column_cursor() as cursor:
        cursor.execute(_WALK, ("on", "off"))
    place, *columns = fetch_columns(_SINCE, Wholes(series), Moments(from_us), Moments([int(from_us.min())]))
    with open_column_cursor() as cursor:
        cursor.execute(_WALK, ("on", "on"))
    order = np.argsort(place, kind="stable")
    starts = np.concatenate(([0], np.cumsum(np.bincount(place, minlength=len(series)))))
    return SeriesReadings(starts, *(column[order] for column in columns))


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
