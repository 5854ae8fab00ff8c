"""Periods of validity: local dates, `valid_from` inclusive, `valid_to` exclusive or open."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db.models import Func, Value
from django.db.models.expressions import Combinable


class DateRange(Func):
    """SQL `daterange(from, to, '[)')`; an open end is NULL."""

    function = "DATERANGE"
    output_field = DateRangeField()


def no_overlap(name: str, *same: str, starts: str = "valid_from", ends: str = "valid_to") -> ExclusionConstraint:
    """A constraint: rows equal in all fields of `same` never overlap in time."""
    expressions: list[tuple[str | Combinable, str]] = [(DateRange(starts, ends, Value("[)")), RangeOperators.OVERLAPS)]
    expressions += [(field, RangeOperators.EQUAL) for field in same]
    return ExclusionConstraint(name=name, expressions=expressions)
