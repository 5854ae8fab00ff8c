"""Which stretches of which series wait to be closed, and what becomes of them afterwards.

Whoever stores readings marks them; whoever closes looks without locking, so that nobody who stores ever waits for a computation,
and removes a mark only if its `version` is still the one he saw: what came in meanwhile keeps its mark.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apps.metering.bindings import Points
from apps.metering.columns import FAR_US, Column, fetch_columns, open_column_cursor
from apps.metering.ingest.binary import Moments, Wholes

_LIST = """
SELECT array_agg(series_id), array_agg(from_at), array_agg(to_at), array_agg(version),
    array_agg(coalesce(doubt_from, far.at)), array_agg(coalesce(orderly_before_at, far.at)),
    array_agg(coalesce(orderly_at, far.at)), array_agg(coalesce(orderly_power_w, 0))
FROM (
    SELECT m.*, s.doubt_from
    FROM metering_quartermark m JOIN metering_registerseries s ON s.id = m.series_id
    WHERE m.from_at < ALL(%s) AND m.series_id > %s
    ORDER BY m.series_id LIMIT %s
) AS marks, unnest(%s) AS far (at)
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
_SHORTEN = """
UPDATE metering_quartermark m SET
    from_at = n.from_at, to_at = greatest(m.to_at, n.from_at),
    orderly_before_at = nullif(n.before_at, far.at), orderly_at = nullif(n.orderly_at, far.at), orderly_power_w = n.power_w
FROM unnest(%s, %s, %s, %s, %s) AS n (series_id, from_at, before_at, orderly_at, power_w), unnest(%s) AS far (at)
WHERE m.series_id = n.series_id AND m.from_at < n.from_at
"""
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
class Orderly:
    """What a closing knows of some series (`metering.orderly`): (m,) each, `FAR_US` and 0 W where it knows nothing.

    Everything up to the reading at `at_us` is in order; `before_us` is the reading before it; `power_w` what it was judged by.
    """

    before_us: Column
    at_us: Column
    power_w: Column

    @classmethod
    def nothing(cls, count: int) -> "Orderly":
        return cls(np.full(count, FAR_US), np.full(count, FAR_US), np.zeros(count, np.int64))

    def of(self, which: NDArray[np.bool_] | NDArray[np.intp] | slice) -> "Orderly":
        return Orderly(self.before_us[which], self.at_us[which], self.power_w[which])

    def put(self, where: NDArray[np.intp], others: "Orderly") -> None:
        self.before_us[where], self.at_us[where], self.power_w[where] = others.before_us, others.at_us, others.power_w


@dataclass(frozen=True, slots=True)
class Marks:
    """m marks, by series: (m,) each; `doubt_us` is `FAR_US` where the unit of the series was never in doubt."""

    series: Column
    from_us: Column
    to_us: Column
    version: Column
    doubt_us: Column
    orderly: Orderly

    def __len__(self) -> int:
        return len(self.series)

    def first(self, count: int) -> "Marks":
        here = slice(count)
        return Marks(
            self.series[here],
            self.from_us[here],
            self.to_us[here],
            self.version[here],
            self.doubt_us[here],
            self.orderly.of(here),
        )


def list_marks(*, before_us: int, after_series: int, limit: int) -> Marks:
    """Return the first marks that begin before an instant, of series numbered above `after_series`."""
    series, from_us, to_us, version, doubt_us, *orderly = fetch_columns(
        _LIST, Moments([before_us]), after_series, limit, Moments([FAR_US])
    )
    return Marks(series, from_us, to_us, version, doubt_us, Orderly(*orderly))


def mark_series(series: Column, from_us: Column, to_us: Column) -> None:
    """Have stretches of series closed again. Inside a transaction; waits for who is marking the same series."""
    if series.size:
        with open_column_cursor() as cursor:
            cursor.execute(_ADD, (Wholes(series), Moments(from_us), Moments(to_us)))


def settle_marks(marks: Marks, orderly: Orderly, *, closed_until_us: int) -> None:
    """Remove the marks that nobody added to since they were listed; what reaches into quarters that still run stays, shortened.

    A mark that somebody holds is being added to, so it stays as it is: nothing here waits. With what stays goes what is known of
    each series (m,); such a mark begins after the last reading known, so that whatever comes up to there makes it begin earlier.
    """
    (mine,) = fetch_columns(_LOCK, Wholes(marks.series), Wholes(marks.version))
    chosen = np.isin(marks.series, mine, assume_unique=True)
    known = orderly.of(chosen)
    from_us = np.where(known.at_us < FAR_US, known.at_us + 1, closed_until_us)
    with open_column_cursor() as cursor:
        cursor.execute(_REMOVE, (Wholes(mine), Moments([closed_until_us])))
        columns = (Moments(from_us), Moments(known.before_us), Moments(known.at_us), Wholes(known.power_w))
        cursor.execute(_SHORTEN, (Wholes(marks.series[chosen]), *columns, Moments([FAR_US])))


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
