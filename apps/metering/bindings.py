"""What has to be computed together: the points whose curves some series can change, and every series that makes those curves."""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from apps.engine.intervals.nouns import LARGEST_POWER_W
from apps.metering.columns import FAR_US, Column, fetch_columns
from apps.metering.ingest.binary import Moments, Wholes
from apps.metering.models import Channel

NO_CHANNEL = 0
POD_FORM = "^[A-Z0-9]{14}$"
"""Anything else is no POD and makes no curve: one bad row must not keep all others from being closed."""
_IS_POD = f"a.pod_key ~ '{POD_FORM}'"
_COUNTS = "s.channel IN ('import', 'export')"  # the production register of an exchange meter makes no curve of the exchange
_MEASURES = "a.device_id = s.device_id AND a.component IN ('', s.component)"
_POINTS = f"""
SELECT array_agg(pod_key), array_agg(from_at), array_agg(to_at) FROM (
    SELECT a.pod_key, min(greatest(t.from_at, a.starts_at)) AS from_at, max(least(t.to_at, a.ends_at)) AS to_at
    FROM unnest(%s, %s, %s) AS t (series_id, from_at, to_at)
    JOIN metering_registerseries s ON s.id = t.series_id AND {_COUNTS}
    JOIN metering_deviceassignment a ON {_MEASURES} AND a.role = 'exchange' AND {_IS_POD}
        AND a.starts_at <= t.to_at AND (a.ends_at IS NULL OR a.ends_at >= t.from_at)
    GROUP BY a.pod_key
) AS points
"""  # noqa: S608 - words of ours
_PARTS = f"""
SELECT array_agg(p.n - 1), array_agg(s.id), array_agg(a.id), array_agg(a.starts_at), array_agg(coalesce(a.ends_at, (%s)[1])),
    array_agg(least(a.connection_power_w, {LARGEST_POWER_W})::bigint),
    array_agg((CASE s.channel WHEN 'import' THEN {Channel.WITHDRAWN.value} ELSE {Channel.INJECTED.value} END)::bigint),
    array_agg(coalesce(s.doubt_from, (%s)[1]))
FROM unnest(%s::text[], %s, %s) WITH ORDINALITY AS p (pod_key, from_at, to_at, n)
JOIN metering_deviceassignment a ON a.pod_key = p.pod_key AND a.role = 'exchange'
    AND a.starts_at <= p.to_at AND (a.ends_at IS NULL OR a.ends_at >= p.from_at)
JOIN metering_registerseries s ON {_MEASURES} AND {_COUNTS}
"""  # noqa: S608 - words of ours
_POWERS = f"""
SELECT array_agg(power_w ORDER BY n) FROM (
    SELECT t.n, least(coalesce(max(a.connection_power_w), {LARGEST_POWER_W}), {LARGEST_POWER_W})::bigint AS power_w
    FROM unnest(%s, %s, %s) WITH ORDINALITY AS t (series_id, from_at, to_at, n)
    JOIN metering_registerseries s ON s.id = t.series_id
    LEFT JOIN metering_deviceassignment a ON {_MEASURES}
        AND a.starts_at <= t.to_at AND (a.ends_at IS NULL OR a.ends_at >= t.from_at)
    GROUP BY t.n
) AS powers
"""  # noqa: S608 - words of ours


@dataclass(frozen=True, slots=True)
class Points:
    """p points (PODs) and from when to when their curves can have changed, (p,) each."""

    pod_keys: NDArray[np.bytes_]
    from_us: Column
    to_us: Column

    def __len__(self) -> int:
        return len(self.pod_keys)

    @property
    def names(self) -> list[str]:
        return [pod.decode("ascii") for pod in self.pod_keys.tolist()]

    def joined(self, other: "Points") -> "Points":
        """Return the points of both, each once, over the stretch that holds all of its own; sorted by POD."""
        pod_keys, place = np.unique(np.concatenate((self.pod_keys, other.pod_keys)), return_inverse=True)
        from_us, to_us = np.full(len(pod_keys), FAR_US), np.zeros(len(pod_keys), np.int64)
        np.minimum.at(from_us, place, np.concatenate((self.from_us, other.from_us)))
        np.maximum.at(to_us, place, np.concatenate((self.to_us, other.to_us)))
        return Points(pod_keys, from_us, to_us)

    def first(self, count: int) -> "Points":
        return Points(self.pod_keys[:count], self.from_us[:count], self.to_us[:count])


@dataclass(frozen=True, slots=True)
class Parts:
    """k parts of curves, (k,) each: one series while one assignment lasts, both ends included.

    `target` is what it is part of (a point, or nothing but its own notes), `assignment` tells apart devices that follow each
    other, `channel` is `models.Channel` or `NO_CHANNEL`, `doubt_us` as in `Marks`.
    """

    target: Column
    series: Column
    assignment: Column
    starts_us: Column
    ends_us: Column
    power_w: Column
    channel: Column
    doubt_us: Column

    def __len__(self) -> int:
        return len(self.series)

    def chosen(self, which: NDArray[np.bool_] | NDArray[np.intp]) -> "Parts":
        return Parts(*(getattr(self, field.name)[which] for field in fields(self)))

    def joined(self, other: Self) -> "Parts":
        return Parts(*(np.concatenate((getattr(self, field.name), getattr(other, field.name))) for field in fields(self)))


def list_points(series: Column, from_us: Column, to_us: Column) -> Points:
    """Return the points whose exchange some series measured in some stretch of time, in no particular order."""
    pods, earliest, latest = fetch_columns(_POINTS, Wholes(series), Moments(from_us), Moments(to_us))
    return Points(np.array(list(pods), "S14"), earliest, latest)


def list_parts(points: Points) -> Parts:
    """Return every series that measures the exchange of the points in their stretches; `target` is the place of the point."""
    far = Moments([FAR_US])
    return Parts(*fetch_columns(_PARTS, far, far, points.names, Moments(points.from_us), Moments(points.to_us)))


def list_powers(series: Column, from_us: Column, to_us: Column) -> Column:
    """Return the most that each device can carry (W), whatever it measures; unassigned, more than any connection has."""
    (powers,) = fetch_columns(_POWERS, Wholes(series), Moments(from_us), Moments(to_us))
    column: Column = powers
    return column
