"""Nouns of the reconciliation: own computation, GSE and bank side by side, and the reason of every difference.

Nothing here decides what is right. A reason is one that the rules print (rounding, advance before true-up, threshold, fee, date
not come yet); everything else is *open* until a person explains it.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from apps.engine.gse_payments import Payments, Published
from apps.engine.inputs import Contribution

ADVANCE, TRUE_UP, RECALCULATION = "advance", "true_up", "recalculation"
TOLERANCE_CENTS = 2


class Side(StrEnum):
    """Between which two numbers a difference lies."""

    GSE = "gse"  # what GSE published, less the own computation
    BANK = "bank"  # what the bank received, less what GSE published


class Reason(StrEnum):
    """Why two numbers differ."""

    ROUNDING = "rounding"
    NOT_SETTLED = "not_settled"  # the month has no computation of its own yet
    OWN_UNKNOWN = "own_unknown"  # the run divided GSE's amount, and nothing tells what its own would have been
    NOT_YET_PUBLISHED = "not_yet_published"
    ADVANCE_ONLY = "advance_only"  # the true-up is to come
    EXCESS_INSIDE = "excess_inside"  # GSE writes the premium with its excess in it
    NOT_YET_PAID = "not_yet_paid"
    CARRIED = "carried"  # below the threshold, or a debt: it goes on to the next payment
    FEE_NETTED = "fee_netted"  # the payment is short of exactly GSE's fee
    EXPLAINED = "explained"  # by a person
    ADVANCE_DIFFERS = "advance_differs"
    NOT_PUBLISHED = "not_published"
    DIFFERS = "differs"
    NOT_RECEIVED = "not_received"
    PAID_DIFFERS = "paid_differs"

    @property
    def is_open(self) -> bool:
        return self in _OPEN


_OPEN = frozenset({Reason.ADVANCE_DIFFERS, Reason.NOT_PUBLISHED, Reason.DIFFERS, Reason.NOT_RECEIVED, Reason.PAID_DIFFERS})


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference and its reason. `due_on` is the date until which nothing is late, or since when it is."""

    side: Side
    reason: Reason
    cents: int
    due_on: date | None = None
    expected_cents: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One contribution of one month; None is unknown. GSE's amount is the sum of advance, true-up and recalculations."""

    month: date
    contribution: Contribution
    own_cents: int | None
    expected_advance_cents: int | None
    advance_cents: int | None
    true_up_cents: int | None
    gse_cents: int | None
    bank_cents: int | None
    findings: tuple[Finding, ...] = ()

    @property
    def gse_difference(self) -> int | None:
        return None if self.own_cents is None or self.gse_cents is None else self.gse_cents - self.own_cents

    @property
    def bank_difference(self) -> int | None:
        return None if self.bank_cents is None or self.gse_cents is None else self.bank_cents - self.gse_cents

    @property
    def is_open(self) -> bool:
        return any(finding.reason.is_open for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is put side by side. `own` and `advances` map (month, contribution) -> cents; a month that is not there is unknown.

    `explained` maps (month, contribution, side) -> the difference that a person explained: another one is open again.
    `expected_fee_cents` is GSE's fee of a year with VAT, a positive number. Months in `own_unknown`
    are settled, but of their own amount nothing is known.
    """

    months: Sequence[date]
    own: Mapping[tuple[date, Contribution], int]
    advances: Mapping[tuple[date, Contribution], int]
    published: Sequence[Published]
    payments: Payments
    as_of: date
    explained: Mapping[tuple[date, Contribution, Side], int] = field(default_factory=dict)
    expected_fee_cents: int = 0
    tolerance_cents: int = TOLERANCE_CENTS
    own_unknown: Set[tuple[date, Contribution]] = frozenset()
