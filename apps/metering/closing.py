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
from apps.metering.columns import FAR_US
from apps.metering.curve_operations import Stored, lock_source, remove_unknown, store_curves
from apps.metering.marks import (
    Marks,
    list_marks,
    list_point_marks,
    longest_prefix,
    mark_series,
    settle_marks,
    settle_point_marks,
)
from apps.metering.models import Source
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
    earliest_us, latest_us = find_reach(marks.series, marks.from_us, marks.to_us)
    # what follows a change of unit hangs on it, up to the last reading
    latest_us = np.where(marks.doubt_us < FAR_US, np.maximum(latest_us, until_us), latest_us)
    count = longest_prefix(np.maximum(np.minimum(latest_us, until_us) - earliest_us, 0) // QUARTER_US + 1, _QUARTERS)
    marks, earliest_us, latest_us = marks.first(count), earliest_us[:count], latest_us[:count]
    lengths_us = point_marks.points.to_us - point_marks.points.from_us
    point_marks = point_marks.first(longest_prefix(lengths_us // QUARTER_US + 1, _QUARTERS))
    kept_us = (readings_kept_from(as_of) - EPOCH) // MICROSECOND
    targets = list_targets(marks, earliest_us, latest_us, point_marks.points, from_us=kept_us, until_us=until_us)
    batch = _Batch(targets)
    stored = [batch.store(group, as_of) for group in grouped(targets.starts_us, targets.quarters)]
    replaced = replace_notes(batch.stretches, batch.notes)
    _reopen_units(marks, replaced.units, until_us)
    settle_marks(marks, closed_until_us=until_us)
    settle_point_marks(point_marks)
    return Closed(
        series=count,
        points=len(point_marks.points),
        curves=sum(int((one.verdicts >= Verdict.NEW).any(axis=1).sum()) for one in stored if one),
        quarters_changed=sum(one.new + one.changed for one in stored if one),
        notes=replaced.changed,
        last_series=int(marks.series[-1]) if count else after_series,
    )


class _Batch:
    """The readings of all targets, and the notes found so far."""

    def __init__(self, targets: Targets) -> None:
        self.targets = targets
        parts = targets.parts
        self.stretches = Stretches(parts.series, targets.part_from_us, targets.part_to_us + 1)
        self.series, self.rows_of = np.unique(parts.series, return_inverse=True)
        self.loaded = self._load()
        self.changes = unit_changes(parts, self.rows_of, self.loaded)
        self.notes: list[Note] = []
        self._note_units()

    def store(self, group: Group, as_of: datetime) -> Stored | None:
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

    def _load(self) -> SeriesReadings:
        """All readings of each series that any of its parts needs; those of a series in doubt from before its first doubt."""
        from_us, to_us = np.full(len(self.series), FAR_US), np.zeros(len(self.series), np.int64)
        np.minimum.at(from_us, self.rows_of, np.minimum(self.stretches.from_us, self.targets.parts.doubt_us))
        np.maximum.at(to_us, self.rows_of, self.targets.part_to_us)
        return load_with_context(self.series, from_us, to_us)

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


def _reopen_units(marks: Marks, units: dict[int, int], until_us: int) -> None:
    """Have everything after a change of unit that came or went closed again, unless that was just done."""
    if not units:
        return
    record_doubt(units)
    done = set(marks.series[marks.doubt_us < FAR_US].tolist())
    again = sorted(series for series in units if series not in done)
    from_us = np.array([units[series] for series in again], np.int64)
    mark_series(np.array(again, np.int64), from_us, np.maximum(from_us, until_us))
