"""What to expect of GSE for a month and a year: advance, true-up, fees, with their dates (RO p.35-41; DM 106/2024).

Values only: which plants, which parameters and what the own computation says come from the caller.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from apps.engine.advance import AdvanceParameters, advance_of
from apps.engine.gse_dates import advance_due_on, payment_due_on, true_up_due_on
from apps.engine.gse_fees import Fee, FeeParameters, yearly_fee
from apps.engine.inputs import Contribution, Plant, RuleParameters


@dataclass(frozen=True, slots=True)
class Expected:
    """One contribution of one month. `true_up_cents` is None while the month has no computation of its own.

    Dates are the last on which something is published, and on which it is paid if it is published then.
    """

    advance_cents: int
    true_up_cents: int | None
    advance_published_by: date
    advance_paid_by: date
    true_up_published_by: date
    true_up_paid_by: date


def expected_advances(plants: Sequence[Plant], parameters: RuleParameters, advance: AdvanceParameters) -> dict[Contribution, int]:
    """Return the advance of a configuration for one month, in cents per contribution: the sum over its plants (RO p.35, 40).

    `plants` are those that belong to it for the whole month. The excess is never advanced. Errors: those of `advance_of`.
    """
    parts = [advance_of(plant, parameters, advance) for plant in plants]
    return {
        Contribution.PREMIUM: sum(part.premium_cents for part in parts),
        Contribution.VALORISATION: sum(part.valorisation_cents for part in parts),
        Contribution.EXCESS: 0,
    }


def expected_of_month(*, month: date, advance_cents: int, own_cents: int | None, published_advance_cents: int | None) -> Expected:
    """Return what to expect for one contribution: the true-up is the own computation less the advance (RO p.37).

    The advance that counts is the one that GSE published, or the expected one as long as it published none.
    """
    advanced = advance_cents if published_advance_cents is None else published_advance_cents
    by_advance, by_true_up = advance_due_on(month.year, month.month), true_up_due_on(month.year)
    return Expected(
        advance_cents=advance_cents,
        true_up_cents=None if own_cents is None else own_cents - advanced,
        advance_published_by=by_advance,
        advance_paid_by=payment_due_on(by_advance),
        true_up_published_by=by_true_up,
        true_up_paid_by=payment_due_on(by_true_up),
    )


def expected_fee(plants: Sequence[Plant], vat_percent: Decimal, fee: FeeParameters) -> Fee:
    """Return GSE's yearly fee of a configuration: the sum over its plants (DM 106/2024, annex 1 a). Errors: `yearly_fee`."""
    parts = [yearly_fee(plant.power_kw, vat_percent, fee) for plant in plants]
    return Fee(net_cents=sum(part.net_cents for part in parts), vat_cents=sum(part.vat_cents for part in parts))
