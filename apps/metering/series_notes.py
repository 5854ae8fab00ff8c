"""The notes of series in the database: kept equal to what the rules find now."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from apps.engine.intervals import Note
from apps.engine.telemetry.messages import EPOCH, MICROSECOND
from apps.metering.columns import FAR_US, Column, open_column_cursor
from apps.metering.ingest.binary import Moments, Wholes
from apps.metering.ingest.moments import moment
from apps.metering.models import SeriesNote

KINDS = frozenset(SeriesNote.Kind.values)
"""Of the engine's notes: a common gap shows in the quality, and energy in doubt is explained by the change of unit before it."""
_TOUCHING = """
SELECT DISTINCT n.id, n.series_id, n.from_at, n.to_at, n.kind, n.energy_wh, n.register_milliwh
FROM unnest(%s, %s, %s) AS w (series_id, from_at, to_at)
JOIN metering_seriesnote n ON n.series_id = w.series_id
    AND n.from_at < w.to_at AND (n.to_at > w.from_at OR n.from_at >= w.from_at)
"""
_DOUBT = """
UPDATE metering_registerseries s SET doubt_from = (
    SELECT min(n.from_at) FROM metering_seriesnote n WHERE n.series_id = s.id AND n.kind = 'unit_change'
) WHERE s.id = ANY(%s)
"""


class Stretches(NamedTuple):
    """Stretches of series whose notes were all found again: (w,) each, the ends not included."""

    series: Column
    from_us: Column
    to_us: Column

    def joined(self, other: "Stretches") -> "Stretches":
        return Stretches(*(np.concatenate(columns) for columns in zip(self, other, strict=True)))


@dataclass(frozen=True, slots=True)
class Replaced:
    """How many notes came or went, and from when on the unit of which series is judged otherwise than before (µs)."""

    changed: int
    units: dict[int, int]


def replace_notes(stretches: Stretches, found: Iterable[Note]) -> Replaced:
    """Make the stored notes that touch some stretches equal to those found; `Note.series` is the number of the series.

    Inside the transaction of the closing. Notes that stay are not written again.
    """
    wanted = {_row(note) for note in found if note.kind in KINDS}
    with open_column_cursor() as cursor:
        arguments = (Wholes(stretches.series), Moments(stretches.from_us), Moments(stretches.to_us))
        stored = {tuple(row[1:]): row[0] for row in cursor.execute(_TOUCHING, arguments).fetchall()}
    gone = [number for row, number in stored.items() if row not in wanted]
    new = sorted((row for row in wanted if row not in stored), key=repr)
    if gone:
        SeriesNote.objects.filter(pk__in=gone).delete()
    if new:
        names = ("series_id", "from_at", "to_at", "kind", "energy_wh", "register_milliwh")
        SeriesNote.objects.bulk_create([SeriesNote(**dict(zip(names, row, strict=True))) for row in new], ignore_conflicts=True)
    units: dict[int, int] = {}
    for series, from_at, _to_at, kind, *_ in wanted ^ stored.keys():
        if kind == SeriesNote.Kind.UNIT_CHANGE:
            units[series] = min(units.get(series, FAR_US), (from_at - EPOCH) // MICROSECOND)
    return Replaced(len(gone) + len(new), units)


def record_doubt(series: Iterable[int]) -> None:
    """Remember the first change of unit of some series, or that there is none any more."""
    with open_column_cursor() as cursor:
        cursor.execute(_DOUBT, (Wholes(np.array(sorted(series), np.int64)),))


def _row(note: Note) -> tuple[Any, ...]:
    return (note.series, moment(note.from_us), moment(note.to_us), str(note.kind), note.energy_wh, note.register_milliwh)
