"""From register readings to the energy of quarters of an hour (payloads.md, "From registers to quarters").

The register at the edge of a quarter is interpolated between the two readings around it, as an exact fraction, and rounded once
to Wh. What counts in a quarter is the difference of two such values, so quarters telescope: their sum is last − first.
"""

import itertools

import numpy as np
from numpy.typing import NDArray

from apps.engine.errors import InputsInconsistent
from apps.engine.inputs import Quality
from apps.engine.intervals.edges import counted_at_edges
from apps.engine.intervals.nouns import QUARTER_US, Instants, Note, NoteKind, QuarterSeries, Readings, Span
from apps.engine.intervals.segments import Fate, Segments, segments_of
from apps.engine.intervals.sequence import in_order
from apps.engine.intervals.steps import RESOLUTION_MILLIWH, lawful_steps, without_strays

_QUARTERS_PER_HOUR = 4
_ROUNDING_WH = 1
_BLOCK = 50_000
"""Readings and quarters worked on at once: what stays near the processor, and keeps memory flat."""


def quarters_of(readings: Readings, span: Span, *, from_probes: bool = False) -> QuarterSeries:
    """Return what each series counted in each quarter of a span, and how well it is known.

    The result depends on the set of readings alone: not on their order, nor on how often each was given. Give all readings of the
    span and `CONTEXT` more on either side; or, with `from_probes`, those of `needed_probes`, where every step was lawful.
    Errors: `InputsInconsistent` for a span that does not start with a quarter of an hour, or has none.
    """
    if span.starts_us % QUARTER_US or span.quarters < 1:
        raise InputsInconsistent(
            "A span is one quarter of an hour or more, the first at 00, 15, 30 or 45 minutes. Correct its start."
        )
    series = len(readings.starts) - 1
    values = np.zeros((series, span.quarters), np.int32)
    quality = np.zeros((series, span.quarters), np.uint8)
    notes: list[Note] = []
    for first, last in _blocks(readings, span):
        found = _block(readings, first, last, span, from_probes, values[first:last], quality[first:last])
        notes += [note._replace(series=note.series + first) for note in found if _touches(note, span)]
    return QuarterSeries(span, values, quality, tuple(sorted(notes, key=_by_time)))


def _blocks(readings: Readings, span: Span) -> list[tuple[int, int]]:
    series = len(readings.starts) - 1
    weights = readings.starts + np.arange(series + 1) * span.quarters
    cuts = np.searchsorted(weights, np.arange(0, int(weights[-1]), _BLOCK))
    edges = np.unique(np.append(cuts, series)).tolist()
    return list(itertools.pairwise(edges))


def _touches(note: Note, span: Span) -> bool:
    return note.from_us < span.ends_us and (note.to_us > span.starts_us or note.from_us >= span.starts_us)


def _by_time(note: Note) -> tuple[int, int, int, str, int, int]:
    return (note.series, note.from_us, note.to_us, note.kind, note.energy_wh or 0, note.register_milliwh or 0)


def _block(
    readings: Readings,
    first: int,
    last: int,
    span: Span,
    from_probes: bool,
    values: NDArray[np.int32],
    quality: NDArray[np.uint8],
) -> list[Note]:
    """Write the quarters of the series `[first, last)` and return their notes, series numbered from 0."""
    sequence, notes = in_order(readings, first, last)
    lawful = lawful_steps(sequence)
    if not lawful.all():
        sequence, strays = without_strays(sequence, lawful)
        lawful = lawful_steps(sequence)
        notes += strays
    in_doubt = np.zeros(last - first, np.bool_) if readings.in_doubt is None else readings.in_doubt[first:last]
    segments = segments_of(sequence, lawful, in_doubt, from_probes)
    notes += segments.notes()
    counted_wh, counted_us = counted_at_edges(segments, last - first, span)
    wh, known_us = np.diff(counted_wh, axis=1), np.diff(counted_us, axis=1)
    suspect = _suspect(segments, notes, wh.shape, span)
    notes += _set_impossible_aside(wh, suspect, sequence.power_w, span)
    values[:] = wh
    quality[:] = np.where(known_us == QUARTER_US, np.uint8(Quality.MEASURED), np.uint8(Quality.ESTIMATED))
    quality[known_us == 0] = Quality.MISSING
    quality[_touched(segments, segments.fates == Fate.GAP, wh.shape, span) & (known_us > 0)] = Quality.ESTIMATED
    quality[suspect] = Quality.SUSPECT
    return notes


def _touched(segments: Segments, which: NDArray[np.bool_], shape: tuple[int, ...], span: Span) -> NDArray[np.bool_]:
    """Return (series, Q): the quarters that some segments touch."""
    rows = np.flatnonzero(which)
    at_us = segments.sequence.at_us
    return _marked(segments.sequence.owner[rows], at_us[rows], at_us[rows + 1], shape, span)


def _marked(
    owner: NDArray[np.int64], from_us: Instants, to_us: Instants, shape: tuple[int, ...], span: Span
) -> NDArray[np.bool_]:
    if not owner.size:
        return np.zeros(shape, np.bool_)
    opened = np.zeros((shape[0], span.quarters + 1), np.int32)
    np.add.at(opened, (owner, np.clip((from_us - span.starts_us) // QUARTER_US, 0, span.quarters)), 1)
    np.add.at(opened, (owner, np.clip(-((span.starts_us - to_us) // QUARTER_US), 0, span.quarters)), -1)
    return np.cumsum(opened, axis=1)[:, :-1] > 0


def _suspect(segments: Segments, notes: list[Note], shape: tuple[int, ...], span: Span) -> NDArray[np.bool_]:
    """Return the quarters that a jump, a doubt about the unit or an outlier touches."""
    touched = _touched(segments, (segments.fates == Fate.JUMP) | (segments.fates == Fate.DOUBT), shape, span)
    outliers = np.array([(note.series, note.from_us) for note in notes if note.kind is NoteKind.OUTLIER], np.int64)
    if outliers.size:
        owner, at_us = outliers.T
        touched |= _marked(owner, at_us, at_us + 1, shape, span)
    return touched


def _set_impossible_aside(
    wh: NDArray[np.int64], suspect: NDArray[np.bool_], power_w: NDArray[np.int64], span: Span
) -> list[Note]:
    """Empty the quarters above what the connection carries in a quarter of an hour, and mark them.

    Many lawful steps, each above the power by no more than the resolution of registers explains, can add up to one.
    """
    most_wh = -(-power_w // _QUARTERS_PER_HOUR) + RESOLUTION_MILLIWH // 1000 + _ROUNDING_WH
    over = wh > most_wh[:, None]
    notes = []
    for series, quarter in np.argwhere(over).tolist():
        from_us = span.starts_us + quarter * QUARTER_US
        notes.append(Note(series, from_us, from_us + QUARTER_US, NoteKind.IMPOSSIBLE, int(wh[series, quarter])))
    wh[over] = 0
    suspect |= over
    return notes
