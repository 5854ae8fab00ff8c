"""Why two runs of one month differ: per member or account and contribution, the cents that each cause brought.

The causes are found by computing again, with one group of inputs exchanged at a time (`apps.engine.run_mixture`), in the order
of `STEPS`: first what makes the amounts, then how they are split. Each step is what it changed beside the step before, so the
causes of a row sum to its difference to the cent, whatever depends on what. What is left between the amounts that were booked
and the amounts that today's rules find from the same inputs is the cause `program`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from apps.engine.digest import inputs_sha256
from apps.engine.errors import InputsInconsistent, RuleViolation
from apps.engine.inputs import MonthInputs
from apps.engine.payees import Amounts, Payee, amounts_of, difference
from apps.engine.results import MonthResult
from apps.engine.run_mixture import exchange
from apps.engine.settlement import settle


class Cause(StrEnum):
    """What made an amount another one: a group of inputs, or the program itself."""

    DATA = "data"  # curves of points that both runs hold
    PRICE = "price"
    PERIMETER = "perimeter"  # points, members, plants, and the curves of points that only one of the runs holds
    RULE = "rule"  # dated parameters
    GIVEN = "given"  # amounts that came from outside: GSE's advance, what GSE published
    EARLIER_MONTHS = "earlier_months"  # the year to date, which moves the excess
    DISTRIBUTION = "distribution"
    PROGRAM = "program"


STEPS = (Cause.DATA, Cause.PRICE, Cause.PERIMETER, Cause.RULE, Cause.GIVEN, Cause.EARLIER_MONTHS, Cause.DISTRIBUTION)
CAUSES = (*STEPS, Cause.PROGRAM)


Settle = Callable[[MonthInputs], MonthResult]


@dataclass(frozen=True, slots=True)
class Booked:
    """One run: what it looked at, and the cents that it booked per payee. Payees without an amount may be absent."""

    inputs: MonthInputs
    amounts: Amounts


@dataclass(frozen=True, slots=True)
class Change:
    """One payee in both runs. `causes` are cents in the order of `CAUSES`; they sum to `difference_cents`."""

    payee: Payee
    before_cents: int
    now_cents: int
    causes: tuple[int, ...]

    @property
    def difference_cents(self) -> int:
        return self.now_cents - self.before_cents


def compare(before: Booked, now: Booked, settle: Settle = settle) -> tuple[Change, ...]:
    """Return a row per payee of either run, by contribution, member and account; also those that did not change.

    A step whose inputs are the same costs nothing. A mixture that the rules refuse (a rule without the value that only the
    other run's points need) is passed over: what it changed is told with the next cause that can be computed.
    Errors: `InputsInconsistent` for two runs that are not of one configuration and month; `RuleViolation` when today's rules
    refuse the run before.
    """
    if _month(before.inputs) != _month(now.inputs):
        raise InputsInconsistent(
            f"{_month(before.inputs)} and {_month(now.inputs)} cannot be compared cause by cause. "
            "Choose two runs of one configuration and month."
        )
    mixture = exchange(before.inputs, now.inputs, frozenset())
    found, seen = amounts_of(settle(mixture).lines), inputs_sha256(mixture)
    program = difference(before.amounts, found)
    by_cause: dict[Cause, Amounts] = {}
    for number, cause in enumerate(STEPS, start=1):
        mixture = exchange(before.inputs, now.inputs, frozenset(STEPS[:number]))
        if (sha256 := inputs_sha256(mixture)) == seen:
            continue
        try:
            after = amounts_of(settle(mixture).lines)
        except RuleViolation:
            continue
        by_cause[cause] = difference(found, after)
        found, seen = after, sha256
    rest = difference(found, now.amounts)
    by_cause[Cause.PROGRAM] = {payee: program.get(payee, 0) + rest.get(payee, 0) for payee in {**program, **rest}}
    payees = sorted({*before.amounts, *now.amounts, *(payee for changes in by_cause.values() for payee in changes)})
    return tuple(
        Change(
            payee=payee,
            before_cents=before.amounts.get(payee, 0),
            now_cents=now.amounts.get(payee, 0),
            causes=tuple(by_cause.get(cause, {}).get(payee, 0) for cause in CAUSES),
        )
        for payee in payees
    )


def _month(inputs: MonthInputs) -> str:
    return f"{inputs.configuration} {inputs.year}-{inputs.month:02d}"
