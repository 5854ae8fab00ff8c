"""From readings to curves of points: the rules of `engine.intervals` for many points at once. Pure arrays, no database."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apps.engine.intervals import QUARTER_US, Note, NoteKind, QuarterSeries, Readings, Span, in_turn, quarters_of, together
from apps.metering.bindings import NO_CHANNEL, Parts
from apps.metering.columns import Column
from apps.metering.models import Channel
from apps.metering.register_readings import SeriesReadings

CHANNELS = (Channel.WITHDRAWN, Channel.INJECTED)
Curves = tuple[NDArray[np.int32], NDArray[np.uint8]]
UnitChanges = dict[int, list[Note]]
_SHORTEST = 16


@dataclass(frozen=True, slots=True)
class Group:
    """Targets whose spans are alike, and one span that holds them all."""

    targets: NDArray[np.intp]
    span: Span


def grouped(starts_us: Column, quarters: Column) -> Iterator[Group]:
    """Put targets together whose spans lie near each other and are of about the same length; those without quarters fall out.

    The matrix of a group is some four times as large as its spans at most, also where a year of one point is closed beside an
    hour of many.
    """
    first = starts_us // QUARTER_US
    length = _SHORTEST << np.maximum(np.ceil(np.log2(np.maximum(quarters, 1) / _SHORTEST)), 0).astype(np.int64)
    keys = np.stack((length, first // length), axis=1)
    for key in np.unique(keys[quarters > 0], axis=0):
        targets = np.flatnonzero((keys == key).all(axis=1) & (quarters > 0))
        opens, closes = int(first[targets].min()), int((first + quarters)[targets].max())
        yield Group(targets, Span(opens * QUARTER_US, closes - opens))


def compute_parts(
    parts: Parts, rows_of: NDArray[np.intp], loaded: SeriesReadings, changes: UnitChanges, span: Span
) -> QuarterSeries:
    """Return the quarters of parts, each from the readings of its own time only. `rows_of` (k,) is the place of each series."""
    starts, rows = _cut(parts, rows_of, loaded)
    in_doubt = _in_doubt(rows_of, loaded, changes, starts, rows)
    return quarters_of(_readings(starts, rows, loaded, parts.power_w, in_doubt), span)


def unit_changes(parts: Parts, rows_of: NDArray[np.intp], loaded: SeriesReadings) -> UnitChanges:
    """Return the changes of unit of every series that has several parts or was in doubt, from all its readings together.

    By the place of the series; `Note.series` means nothing. A change may lie between two parts, where neither sees it.
    """
    several = np.bincount(rows_of, minlength=len(loaded.starts) - 1)[rows_of] > 1
    in_question = several | (parts.doubt_us < _latest(loaded, rows_of))
    found: UnitChanges = {}
    for place in np.unique(rows_of[in_question]).tolist():
        rows = np.arange(loaded.starts[place], loaded.starts[place + 1])
        if not rows.size:
            continue
        first, last = int(loaded.measured_us[rows].min()), int(loaded.measured_us[rows].max())
        opens = first // QUARTER_US * QUARTER_US
        whole = Span(opens, (last - opens) // QUARTER_US + 1)
        power_w = parts.power_w[rows_of == place].max(keepdims=True)
        quarters = quarters_of(_readings(np.array([0, rows.size]), rows, loaded, power_w, None), whole)
        found[place] = [note for note in quarters.notes if note.kind is NoteKind.UNIT_CHANGE]
    return found


def point_curves(parts: Parts, quarters: QuarterSeries, points: NDArray[np.intp]) -> Curves:
    """Return what was withdrawn and injected by each of some targets: (p × 2, Q) Wh and quality, rows 2 i and 2 i + 1.

    The registers of a device count together, devices that followed each other in turn; what nobody measured is missing.
    """
    measuring = np.flatnonzero((parts.channel != NO_CHANNEL) & np.isin(parts.target, points))
    curve = np.searchsorted(points, parts.target[measuring]) * len(CHANNELS) + (parts.channel[measuring] == Channel.INJECTED)
    devices, device_of = np.unique(np.stack((curve, parts.assignment[measuring]), axis=1), axis=0, return_inverse=True)
    measured = QuarterSeries(quarters.span, quarters.values_wh[measuring], quarters.quality[measuring], ())
    values, quality = together(measured, device_of.reshape(-1), len(devices))
    return in_turn(QuarterSeries(quarters.span, values, quality, ()), devices[:, 0], len(points) * len(CHANNELS))


def _cut(parts: Parts, rows_of: NDArray[np.intp], loaded: SeriesReadings) -> tuple[Column, Column]:
    """Return where the rows of each part begin (k + 1,) and the rows, those outside its time left out."""
    counts = loaded.starts[rows_of + 1] - loaded.starts[rows_of]
    ends = np.cumsum(counts)
    rows = np.repeat(loaded.starts[rows_of] - ends + counts, counts) + np.arange(int(ends[-1]) if ends.size else 0)
    at_us = loaded.measured_us[rows]
    inside = (at_us >= np.repeat(parts.starts_us, counts)) & (at_us <= np.repeat(parts.ends_us, counts))
    if not inside.all():
        counts = np.bincount(np.repeat(np.arange(len(parts)), counts)[inside], minlength=len(parts))
        rows = rows[inside]
    return np.concatenate(([0], np.cumsum(counts))), rows


def _in_doubt(
    rows_of: NDArray[np.intp], loaded: SeriesReadings, changes: UnitChanges, starts: Column, rows: Column
) -> NDArray[np.bool_] | None:
    """Return which parts begin after an odd number of changes of unit; None where there never was one."""
    changed = [place for place, notes in changes.items() if notes]
    if not changed:
        return None
    in_doubt = np.zeros(len(rows_of), np.bool_)
    for part in np.flatnonzero(np.isin(rows_of, changed)).tolist():
        own = rows[starts[part] : starts[part + 1]]
        if own.size:
            first_us = int(loaded.measured_us[own].min())
            in_doubt[part] = sum(note.to_us <= first_us for note in changes[int(rows_of[part])]) % 2 == 1
    return in_doubt


def _readings(
    starts: Column, rows: Column, loaded: SeriesReadings, power_w: Column, in_doubt: NDArray[np.bool_] | None
) -> Readings:
    return Readings(
        starts=starts,
        measured_us=loaded.measured_us[rows],
        received_us=loaded.received_us[rows],
        register_milliwh=loaded.register_milliwh[rows],
        connection_power_w=power_w,
        in_doubt=in_doubt,
    )


def _latest(loaded: SeriesReadings, rows_of: NDArray[np.intp]) -> Column:
    """Return the newest reading of each series, (k,); before all time where there is none."""
    newest = np.full(len(loaded.starts) - 1, np.iinfo(np.int64).min)
    filled = np.flatnonzero(np.diff(loaded.starts))
    if filled.size:
        newest[filled] = np.maximum.reduceat(loaded.measured_us, loaded.starts[filled])
    return newest[rows_of]
