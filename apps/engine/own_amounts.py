"""What the rules themselves make of a month whose amounts somebody else found: for the comparison, never for the split."""

from dataclasses import dataclass

from apps.engine.energy import hourly_energy
from apps.engine.errors import ParameterMissing
from apps.engine.inputs import AmountSource, Contribution, MonthInputs
from apps.engine.results import MonthResult
from apps.engine.sharing import cascade_order
from apps.engine.tariff import terms_of
from apps.engine.valorisation import valorise


@dataclass(frozen=True, slots=True)
class OwnAmounts:
    """Cents as they would have been split had nothing been given: the premium without its excess (settlement-rules 7).

    `valorisation_cents` is None where the law's value of the year is not recorded: unknown is not zero.
    """

    premium_cents: int
    valorisation_cents: int | None
    excess_cents: int


def own_amounts(inputs: MonthInputs, result: MonthResult) -> OwnAmounts | None:
    """Return the own amounts of a month that divides what GSE published; None when the result holds nothing but its own.

    They are no part of the result, so its hash stays what it was. An advance has no own amounts: it looks at no energy.
    """
    if all(row.source is not AmountSource.GSE_PUBLISHED for row in inputs.given):
        return None
    excess = sum(row.excess_month_cents for row in result.excess_sets)
    return OwnAmounts(
        premium_cents=result.premium_gross_cents - excess,
        valorisation_cents=_own_valorisation(inputs, result),
        excess_cents=excess,
    )


def _own_valorisation(inputs: MonthInputs, result: MonthResult) -> int | None:
    if inputs.given_amount(Contribution.VALORISATION) is None:
        return result.valorisation_cents
    energy = hourly_energy(inputs)
    order = cascade_order(inputs, tuple(terms_of(plant, inputs.parameters) for plant in inputs.plants))
    try:
        return valorise(inputs, order, result.shared_wh, energy.withdrawn_wh, energy.injected_wh).amount_cents
    except ParameterMissing:
        return None
