"""Every way in which the rules say no. Each message is one full sentence or two: what is wrong, which one, what to do next."""

from collections.abc import Sequence

from apps.engine.results import MissingHours


class RuleViolation(Exception):
    """The rules refuse to go on. The message is written for the person who can put it right."""


class InvalidNumber(RuleViolation):
    """A text that should be a number is none, or one that no meter, price or share can have."""


class InvalidIdentifier(RuleViolation):
    """A POD, substation, zone, region, kind, source or voltage that does not exist."""


class YearNotSupported(RuleViolation):
    """A year whose summer time the calendar does not know."""


class NegativeWeight(RuleViolation):
    """A weight below zero: nobody can hold a negative part of something that is shared."""


class NoWeight(RuleViolation):
    """Something is to be divided and every weight is zero: the caller decides where it goes instead."""


class InputsInconsistent(RuleViolation):
    """The frozen input contradicts itself (shapes, indexes, order, overlaps): the builder of the input has a fault."""


class PointsOverlap(InputsInconsistent):
    """The same POD is held twice in the same hour."""


class NegativeEnergy(RuleViolation):
    """A slot of a curve is below zero."""


class InvalidPlant(RuleViolation):
    """A plant whose data admit no tariff."""


class InvalidDistribution(RuleViolation):
    """A distribution rule that cannot be applied."""


class ParameterMissing(RuleViolation):
    """The law's value for this period has not been entered, and there is no default."""


class InvalidAmount(RuleViolation):
    """An amount, rate or power from which no fee, tax or payment can be computed."""


class PriceMissing(RuleViolation):
    """A plant stands in a market zone without prices."""


class MeasuresMissing(RuleViolation):
    """A final run with hours that nobody measured and nobody accepted. `missing` lists them all."""

    def __init__(self, configuration: str, year: int, month: int, missing: Sequence[MissingHours]) -> None:
        self.missing = tuple(missing)
        shown = ", ".join(f"{row.pod} ({row.hours} hour{'s' if row.hours > 1 else ''})" for row in self.missing[:20])
        more = f" and {len(self.missing) - 20} more" if len(self.missing) > 20 else ""
        super().__init__(
            f"The final run {year}-{month:02d} of {configuration} cannot be settled: measures are missing for {shown}{more}. "
            "Import the measures, or accept these PODs by name, then retry the run."
        )
