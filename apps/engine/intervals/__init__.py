"""Registers in, quarters of an hour out: exact, the same for any order of arrival, and honest about what is not known.

`quarters_of(readings, span)` does it for many series at once. `reach` says which quarters a new reading re-opens and which
readings a quarter needs; `combining` makes one curve of several meters or of devices that replaced each other.
"""

from apps.engine.intervals.combining import in_turn, together
from apps.engine.intervals.nouns import (
    QUARTER_US,
    Note,
    NoteKind,
    QuarterSeries,
    Readings,
    Span,
    day_span,
    days_span,
)
from apps.engine.intervals.orderly import are_orderly
from apps.engine.intervals.quarters import quarters_of
from apps.engine.intervals.reach import CONTEXT, follows_lawfully, needed_probes, touched_quarters

__all__ = [
    "CONTEXT",
    "QUARTER_US",
    "Note",
    "NoteKind",
    "QuarterSeries",
    "Readings",
    "Span",
    "are_orderly",
    "day_span",
    "days_span",
    "follows_lawfully",
    "in_turn",
    "needed_probes",
    "quarters_of",
    "together",
    "touched_quarters",
]
