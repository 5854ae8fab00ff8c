"""Write: curves, and the course of an import."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from apps.engine.calendar import quarters_in_day
from apps.engine.inputs import Quality
from apps.metering.copying import copy_rows, encode_curves
from apps.metering.loading import load_curves, open_cursor
from apps.metering.models import Source
from apps.metering.packing import UNKNOWN, WIDTH
from apps.metering.statements import CurveStatements, Merged, Verdict, accept, merge

Number = TypeVar("Number", np.int32, np.uint8)
CURVE_LOCK = 0x4375  # with the source: who writes curves of one source writes alone
AT_ONCE = 20_000  # curves that may be there, some 10 MB
_TABLE = "metering_daycurve"
_CHANGED = """
CREATE TEMPORARY TABLE metering_changed (LIKE metering_daycurve) ON COMMIT DROP
"""
_UPDATE = """
UPDATE metering_daycurve c
SET minutes = n.minutes, values = n.values, quality = n.quality, updated_at = n.updated_at
FROM metering_changed n
WHERE (c.pod_key, c.day, c.channel, c.source) = (n.pod_key, n.day, n.channel, n.source)
"""
_REMOVE_UNKNOWN = """
DELETE FROM metering_daycurve c
USING unnest(%s::text[], %s::date[], %s::smallint[]) AS n (pod_key, day, channel)
WHERE (c.pod_key, c.day, c.channel) = (n.pod_key, n.day, n.channel) AND (c.source, c.values, c.quality) = (%s, %s, %s)
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """What storing did, in quarters; `verdicts` (k, WIDTH) says it quarter by quarter (`statements.Verdict`)."""

    new: int
    changed: int
    unchanged: int
    verdicts: NDArray[np.uint8]


@transaction.atomic
def store_curves(*, said: CurveStatements, source: Source, as_of: datetime, dry: bool = False) -> Stored:
    """Store what is said of k curves: stated quarters overwrite those of the same source, others stay. Idempotent.

    Curves that do not change are not written, so `updated_at` says when something changed last. With `dry` nothing is
    written and the answer is the same. Other writers of the source wait until the transaction ends.
    """
    lock_source(source)
    positions, stored_values, stored_quality = _load_stored(said, source)
    verdicts = np.zeros((len(said), WIDTH), np.uint8)
    fresh = np.ones(len(said), np.bool_)
    fresh[positions] = False
    added = np.flatnonzero(fresh)
    for rows, merged, is_update in (
        (added, accept(said, slice(None) if added.size == len(said) else added), False),
        (positions, merge(said, positions, stored_values, stored_quality), True),
    ):
        if not rows.size:
            continue
        verdicts[rows] = merged.verdicts
        touched = np.flatnonzero((merged.verdicts >= Verdict.NEW).any(axis=1))
        if touched.size and not dry:
            _write(said, rows[touched], merged, touched, source, as_of, is_update=is_update)
    return Stored(
        new=int(np.count_nonzero(verdicts == Verdict.NEW)),
        changed=int(np.count_nonzero(verdicts == Verdict.CHANGED)),
        unchanged=int(np.count_nonzero(verdicts == Verdict.UNCHANGED)),
        verdicts=verdicts,
    )


def remove_unknown(*, said: CurveStatements, stored: Stored, source: Source) -> None:
    """Remove those of the curves just stored of which nothing is known any more, in the same transaction.

    So what is stored depends on what is known, not on what once was.
    """
    taken_back = ((stored.verdicts == Verdict.CHANGED) & (said.quality == Quality.MISSING)).any(axis=1)
    if taken_back.any():
        pods = [pod.decode("ascii") for pod in said.pod_keys[taken_back].tolist()]
        days, channels = said.days[taken_back].tolist(), said.channels[taken_back].tolist()
        with connection.cursor() as cursor:
            cursor.execute(_REMOVE_UNKNOWN, [pods, days, channels, source.value, *UNKNOWN])


def lock_source(source: Source) -> None:
    """Wait until nobody else writes curves of this source; held until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [CURVE_LOCK, source.value])


def _load_stored(said: CurveStatements, source: Source) -> tuple[NDArray[np.intp], NDArray[np.int32], NDArray[np.uint8]]:
    """Return which of the curves are stored (positions, sorted) and what stands there, (r, WIDTH) each."""
    nothing = np.empty(0, np.intp), np.empty((0, WIDTH), np.int32), np.empty((0, WIDTH), np.uint8)
    if not len(said):
        return nothing
    pods, pod_of = np.unique(said.pod_keys, return_inverse=True)
    first, last = said.days.min(), said.days.max()
    day_of = (said.days - first).astype(np.intp)
    days = int(day_of.max()) + 1
    wanted = np.full((pods.size, days, 3), -1, np.intp)
    wanted[pod_of, day_of, said.channels] = np.arange(len(said))
    positions, values, quality = [], [], []
    for group in load_curves(
        [pod.decode("ascii") for pod in pods.tolist()],
        first.item(),
        (last + np.timedelta64(1, "D")).item(),
        channels=np.unique(said.channels).tolist(),
        sources=[source.value],
        at_once=pods.size * days <= AT_ONCE,
    ):
        rows = wanted[group.pods, group.days, group.channels]
        chosen = rows >= 0
        positions.append(rows[chosen])
        values.append(_widen(group.values[chosen]))
        quality.append(_widen(group.quality[chosen]))
    if not positions:
        return nothing
    found = np.concatenate(positions)
    order = np.argsort(found)
    known = np.concatenate(quality)[order]
    # A curve that is the same all day comes back as long as the longest day.
    known[np.arange(WIDTH) >= _quarters(said.days[found[order]])[:, None]] = 0
    return found[order], np.concatenate(values)[order], known


def _widen(curves: NDArray[Number]) -> NDArray[Number]:
    wide = np.zeros((len(curves), WIDTH), curves.dtype)
    wide[:, : curves.shape[1]] = curves
    return wide


def _quarters(days: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """Return how many quarters each day has."""
    distinct, which = np.unique(days, return_inverse=True)
    return np.array([quarters_in_day(day) for day in distinct.tolist()], np.int64)[which]


def _write(
    said: CurveStatements,
    rows: NDArray[np.intp],
    merged: Merged,
    touched: NDArray[np.intp],
    source: Source,
    as_of: datetime,
    *,
    is_update: bool,
) -> None:
    pieces = encode_curves(
        pod_keys=said.pod_keys[rows],
        days=said.days[rows],
        channels=said.channels[rows],
        values=merged.values[touched],
        quality=merged.quality[touched],
        quarters=_quarters(said.days[rows]),
        source=source.value,
        as_of=as_of,
    )
    with open_cursor() as cursor:
        if not is_update:
            # Nobody else can have added them since we looked: we hold the lock of the source.
            copy_rows(cursor, _TABLE, pieces)
            return
        cursor.execute(_CHANGED)
        copy_rows(cursor, "metering_changed", pieces)
        cursor.execute(_UPDATE)
        cursor.execute("DROP TABLE metering_changed")
