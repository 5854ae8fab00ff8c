"""Which stretches of which series wait to be closed, and what becomes of them afterwards.

Whoever stores readings marks them; whoever closes looks without locking, so that nobody who stores ever waits for a computation,
and removes a mark only if its `version` is still the one he saw: what came in meanwhile keeps its mark.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from apps.metering.bindings import Points
from apps.metering.columns import FAR_US, Column, fetch_columns, open_column_cursor
from apps.metering.ingest.binary import Moments, Wholes

_LIST = """
SELECT array_agg(series_id), array_agg(from_at), array_agg(to_at), array_agg(version), array_agg(doubt_from)
FROM (
    SELECT m.series_id, m.from_at, m.to_at, m.version, coalesce(s.doubt_from, (%s)[1]) AS doubt_from
    FROM metering_quartermark m JOIN metering_registerseries s ON s.id = m.series_id
    WHERE m.from_at < ALL(%s) AND m.series_id > %s
    ORDER BY m.series_id LIMIT %s
) AS marks
"""
_LOCK = """
SELECT array_agg(series_id) FROM (
    SELECT m.series_id
    FROM unnest(%s, %s) AS seen (series_id, version)
    JOIN metering_quartermark m ON m.series_id = seen.series_id AND m.version = seen.version
    ORDER BY m.series_id FOR UPDATE OF m SKIP LOCKED
) AS mine
"""
_REMOVE = "DELETE FROM metering_quartermark WHERE series_id = ANY(%s) AND to_at < ALL(%s)"
_SHORTEN = "UPDATE metering_quartermark SET from_at = (%s)[1] WHERE series_id = ANY(%s) AND from_at < ALL(%s)"
_ADD = """
INSERT INTO metering_quartermark AS m (series_id, from_at, to_at, version)
SELECT series_id, min(from_at), max(to_at), 1 FROM unnest(%s, %s, %s) AS n (series_id, from_at, to_at)
GROUP BY series_id ORDER BY series_id
ON CONFLICT (series_id) DO UPDATE SET
    from_at = least(m.from_at, excluded.from_at), to_at = greatest(m.to_at, excluded.to_at), version = m.version + 1
"""

_LIST_POINTS = """
SELECT array_agg(pod_key), array_agg(from_at), array_agg(to_at), array_agg(version) FROM (
    SELECT * FROM metering_pointmark ORDER BY pod_key LIMIT %s
) AS marks
"""
_REMOVE_POINTS = """
DELETE FROM metering_pointmark WHERE pod_key IN (
    SELECT m.pod_key
    FROM unnest(%s::text[], %s) AS seen (pod_key, version)
    JOIN metering_pointmark m ON m.pod_key = seen.pod_key AND m.version = seen.version
    ORDER BY m.pod_key FOR UPDATE OF m SKIP LOCKED
)
"""
_ADD_POINTS = """
INSERT INTO metering_pointmark AS m (pod_key, from_at, to_at, version)
SELECT pod_key, min(from_at), max(to_at), 1 FROM unnest(%s::text[], %s, %s) AS n (pod_key, from_at, to_at)
GROUP BY pod_key ORDER BY pod_key
ON CONFLICT (pod_key) DO UPDATE SET
    from_at = least(m.from_at, excluded.from_at), to_at = greatest(m.to_at, excluded.to_at), version = m.version + 1
"""


@dataclass(frozen=True, slots=True)
class PointMarks:
    """Points to be computed again, and the version of each mark."""

    points: Points
    version: Column

    def first(self, count: int) -> "PointMarks":
        return PointMarks(self.points.first(count), self.version[:count])


@dataclass(frozen=True, slots=True)
class Marks:
    """m marks, by series: (m,) each; `doubt_us` is `FAR_US` where the unit of the series was never in doubt."""

    series: Column
    from_us: Column
    to_us: Column
    version: Column
    doubt_us: Column

    def __len__(self) -> int:
        return len(self.series)

    def first(self, count: int) -> "Marks":
        return Marks(*(getattr(self, name)[:count] for name in self.__slots__))


def list_marks(*, before_us: int, after_series: int, limit: int) -> Marks:
    """Return the first marks that begin before an instant, of series numbered above `after_series`."""
    return Marks(*fetch_columns(_LIST, Moments([FAR_US]), Moments([before_us]), after_series, limit))


def mark_series(series: Column, from_us: Column, to_us: Column) -> None:
    """Have stretches of series closed again. Inside a transaction; waits for who is marking the same series."""
    if series.size:
        with open_column_cursor() as cursor:
            cursor.execute(_ADD, (Wholes(series), Moments(from_us), Moments(to_us)))


def settle_marks(marks: Marks, *, closed_until_us: int) -> None:
    """Remove the marks that nobody added to since they were listed; what reaches into quarters that still run stays, shortened.

    A mark that somebody holds is being added to, so it stays as it is: nothing here waits.
    """
    until = Moments([closed_until_us])
    (mine,) = fetch_columns(_LOCK, Wholes(marks.series), Wholes(marks.version))
    with open_column_cursor() as cursor:
        cursor.execute(_REMOVE, (Wholes(mine), until))
        cursor.execute(_SHORTEN, (until, Wholes(mine), until))


def list_point_marks(*, limit: int) -> PointMarks:
    """Return the first marks of points, by POD."""
    pods, from_us, to_us, version = fetch_columns(_LIST_POINTS, limit)
    return PointMarks(Points(np.array(list(pods), "S14"), from_us, to_us), version)


def mark_points(pods: Sequence[str], from_us: Column, to_us: Column) -> None:
    """Have stretches of points computed again. Inside a transaction."""
    if pods:
        with open_column_cursor() as cursor:
            cursor.execute(_ADD_POINTS, (list(pods), Moments(from_us), Moments(to_us)))


def settle_point_marks(marks: PointMarks) -> None:
    """Remove the marks that nobody added to since they were listed."""
    with open_column_cursor() as cursor:
        cursor.execute(_REMOVE_POINTS, (marks.points.names, Wholes(marks.version)))


def longest_prefix(sizes: Column, budget: int) -> int:
    """Return how many of some pieces fit a budget, taken in order; at least one, where there is one."""
    return max(min(1, sizes.size), int(np.searchsorted(np.cumsum(sizes), budget, side="right")))
