"""Close quarters: readings that came in become the curves of the points they measure, and the notes of their series.

Everything that a reading can change is computed again from all the readings around it: curves depend on what is stored, not on
when, in which order or how often it arrived. One transaction per batch; the number of queries does not depend on that of devices.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from apps.engine.intervals import QUARTER_US, Note
from apps.engine.telemetry.messages import EPOCH, MICROSECOND
from apps.metering.bindings import Points
from apps.metering.columns import FAR_US, Column
from apps.metering.curve_operations import Stored, lock_source, remove_unknown, store_curves
from apps.metering.marks import (
    Marks,
    Orderly,
    PointMarks,
    list_marks,
    list_point_marks,
    longest_prefix,
    mark_series,
    settle_marks,
    settle_point_marks,
)
from apps.metering.models import Source
from apps.metering.orderly import Recent, load_recent, note_recent, note_seen
from apps.metering.partitions import readings_kept_from
from apps.metering.quarter_curves import Group, compute_parts, grouped, point_curves, unit_changes
from apps.metering.quarter_statements import state_quarters
from apps.metering.register_readings import SeriesReadings, find_reach, load_with_context
from apps.metering.reopening import reopen_assignments
from apps.metering.series_notes import Stretches, record_doubt, replace_notes
from apps.metering.statements import Verdict
from apps.metering.targets import Targets, list_targets

__all__ = ["Closed", "close_quarters", "reopen_assignments"]
LIMIT = 5_000
_QUARTERS = 50_000
"""Quarters of marked series worked on at once: keeps memory flat when months come in at once."""


@dataclass(frozen=True, slots=True)
class Closed:
    """What a batch did: series and points whose marks were looked at and the last series, curves and quarters that changed,
    notes that came or went. Without series and points there was nothing to do."""

    series: int = 0
    points: int = 0
    curves: int = 0
    quarters_changed: int = 0
    notes: int = 0
    last_series: int = 0


@transaction.atomic
def close_quarters(*, as_of: datetime, limit: int = LIMIT, after_series: int = 0) -> Closed:
    """Close the quarters ended by `as_of` that the first marks after a series can have changed; `Closed()` where none is left.

    Every quarter in reach is stated, also that it is not known any more. Closers take turns: each sees what the one before has
    seen, so no curve ever goes back to fewer readings. A mark that reaches into quarters that still run stays, shortened.
    """
    lock_source(Source.DEVICE)
    as_of_us = (as_of - EPOCH) // MICROSECOND
    until_us = as_of_us // QUARTER_US * QUARTER_US
    marks, point_marks = list_marks(before_us=until_us, after_series=after_series, limit=limit), list_point_marks(limit=limit)
    if not len(marks) and not len(point_marks.points):
        return Closed()
    lengths_us = point_marks.points.to_us - point_marks.points.from_us
    point_marks = point_marks.first(longest_prefix(lengths_us // QUARTER_US + 1, _QUARTERS))
    kept_us = (readings_kept_from(as_of) - EPOCH) // MICROSECOND
    marks, targets, recent = _plan(marks, point_marks, from_us=kept_us, until_us=until_us)
    brief = _are_brief(targets, recent, point_marks.points)
    full, short = _in_full(targets.some(~brief)), _in_short(targets.some(brief), recent)
    stored = full.store_all(as_of) + short.store_all(as_of)
    replaced = replace_notes(full.stretches.joined(short.stretches), full.notes + short.notes)
    _reopen_units(marks, replaced.units, until_us)
    settle_marks(marks, _note_orderly(marks, full, short, until_us), closed_until_us=until_us)
    settle_point_marks(point_marks)
    return Closed(
        series=len(marks),
        points=len(point_marks.points),
        curves=sum(int((one.verdicts >= Verdict.NEW).any(axis=1).sum()) for one in stored),
        quarters_changed=sum(one.new + one.changed for one in stored),
        notes=replaced.changed,
        last_series=int(marks.series[-1]) if len(marks) else after_series,
    )


def _plan(marks: Marks, point_marks: PointMarks, *, from_us: int, until_us: int) -> tuple[Marks, Targets, Recent]:
    """Return the marks to be closed now, what they can change, and which series need no look back.

    Whether a note about a series holds is only seen when it is known what it measures; where it does not, all is asked again.
    """
    recent = load_recent(marks)
    while True:
        earliest_us, latest_us = _reach(marks, recent, until_us)
        count = longest_prefix(np.maximum(np.minimum(latest_us, until_us) - earliest_us, 0) // QUARTER_US + 1, _QUARTERS)
        first, earliest_us, latest_us = marks.first(count), earliest_us[:count], latest_us[:count]
        targets = list_targets(first, earliest_us, latest_us, point_marks.points, from_us=from_us, until_us=until_us)
        fitting = recent.fitting(targets.parts)
        if fitting[recent.trusted].all():
            return first, targets, recent
        recent = recent.only(fitting)


def _reach(marks: Marks, recent: Recent, until_us: int) -> tuple[Column, Column]:
    """Return from when to when the readings of each mark can have changed something, (m,)."""
    earliest_us, latest_us = marks.from_us.copy(), marks.to_us.copy()
    place = recent.places(marks.series)
    short, full = np.flatnonzero(place >= 0), np.flatnonzero(place < 0)
    if short.size:
        earliest_us[short] = recent.begins_us[place[short]]
    earliest_us[full], latest_us[full] = find_reach(marks.series[full], marks.from_us[full], marks.to_us[full])
    # what follows a change of unit hangs on it, up to the last reading
    return earliest_us, np.where(marks.doubt_us < FAR_US, np.maximum(latest_us, until_us), latest_us)


class _Batch:
    """Some targets, the readings of all their series, and the notes found so far."""

    def __init__(self, targets: Targets, series: Column, rows_of: NDArray[np.intp], loaded: SeriesReadings) -> None:
        parts = targets.parts
        self.targets, self.series, self.rows_of, self.loaded = targets, series, rows_of, loaded
        self.stretches = Stretches(parts.series, targets.part_from_us, targets.part_to_us + 1)
        self.changes = unit_changes(parts, rows_of, loaded)
        self.notes: list[Note] = []
        self._note_units()

    def store_all(self, as_of: datetime) -> list[Stored]:
        """Compute and store the curves of all targets."""
        done = [self._store(group, as_of) for group in grouped(self.targets.starts_us, self.targets.quarters)]
        return [stored for stored in done if stored]

    def _store(self, group: Group, as_of: datetime) -> Stored | None:
        """Compute and store the curves of a group of targets; None where there is no point among them."""
        targets = self.targets
        chosen = np.flatnonzero(np.isin(targets.parts.target, group.targets))
        parts = targets.parts.chosen(chosen)
        quarters = compute_parts(parts, self.rows_of[chosen], self.loaded, self.changes, group.span)
        self._note(chosen, quarters.notes)
        points = group.targets[group.targets < len(targets.points)]
        if not points.size:
            return None
        said = state_quarters(
            pod_keys=targets.points.pod_keys[points],
            starts_us=targets.starts_us[points],
            ends_us=targets.ends_us[points],
            span=group.span,
            curves=point_curves(parts, quarters, points),
        )
        stored = store_curves(said=said, source=Source.DEVICE, as_of=as_of)
        remove_unknown(said=said, stored=stored, source=Source.DEVICE)
        return stored

    def _note(self, chosen: NDArray[np.intp], notes: tuple[Note, ...]) -> None:
        stretches = self.stretches
        for note in notes:
            part = int(chosen[note.series])
            if note.from_us < stretches.to_us[part] and max(note.to_us - 1, note.from_us) >= stretches.from_us[part]:
                self.notes.append(note._replace(series=int(stretches.series[part])))

    def _note_units(self) -> None:
        """The changes of unit seen in all readings of a series together, also where none of its parts sees them."""
        for place, notes in self.changes.items():
            for part in np.flatnonzero(self.rows_of == place).tolist():
                self._note(np.array([part]), tuple(note._replace(series=0) for note in notes))


def _in_full(targets: Targets) -> _Batch:
    """Load all readings of each series that any of its parts needs; those of a series in doubt from before its first doubt."""
    series, rows_of = np.unique(targets.parts.series, return_inverse=True)
    from_us, to_us = np.full(len(series), FAR_US), np.zeros(len(series), np.int64)
    np.minimum.at(from_us, rows_of, np.minimum(targets.part_from_us, targets.parts.doubt_us))
    np.maximum.at(to_us, rows_of, targets.part_to_us)
    return _Batch(targets, series, rows_of, load_with_context(series, from_us, to_us))


def _in_short(targets: Targets, recent: Recent) -> _Batch:
    """Take the readings since the last closing."""
    return _Batch(targets, recent.series, recent.places(targets.parts.series), recent.readings)


def _are_brief(targets: Targets, recent: Recent, marked: Points) -> NDArray[np.bool_]:
    """Say which targets (t,) are made by series alone that need no look back, and were not changed otherwise."""
    count = len(targets.starts_us)
    place = recent.places(targets.parts.series)
    brief = np.bincount(targets.parts.target, minlength=count) > 0
    brief[targets.parts.target[place < 0]] = False
    brief[: len(targets.points)] &= ~np.isin(targets.points.pod_keys, marked.pod_keys)
    return brief


def _note_orderly(marks: Marks, full: _Batch, short: _Batch, until_us: int) -> Orderly:
    """Return what is known of the series of each mark from now on."""
    known = Orderly.nothing(len(marks))
    seen = note_seen(full.targets.parts, full.rows_of, full.loaded, closed_until_us=until_us)
    closed = note_recent(short.targets.parts, short.rows_of, short.loaded, closed_until_us=until_us)
    for batch, orderly in ((full, seen), (short, closed)):
        mine = np.flatnonzero(np.isin(batch.series, marks.series) & (orderly.at_us < FAR_US))
        known.put(np.searchsorted(marks.series, batch.series[mine]), orderly.of(mine))
    return known


def _reopen_units(marks: Marks, units: dict[int, int], until_us: int) -> None:
    """Have everything after a change of unit that came or went closed again, unless that was just done."""
    if not units:
        return
    record_doubt(units)
    done = set(marks.series[marks.doubt_us < FAR_US].tolist())
    again = sorted(series for series in units if series not in done)
    from_us = np.array([units[series] for series in again], np.int64)
    mark_series(np.array(again, np.int64), from_us, np.maximum(from_us, until_us))
