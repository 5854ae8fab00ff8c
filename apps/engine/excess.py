"""The excess: what the premium pays beyond the threshold of shared energy, on the year to date (RO p.39, 149; RO25 p.42)."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from apps.engine.inputs import MonthInputs, RunKind, YearToDate
from apps.engine.money import round_half_up
from apps.engine.results import ExcessSet, PlantResult


def excess_cents(incentivised_wh: int, injected_wh: int, premium_cents: int, threshold: Decimal) -> int:
    """Return `max(0, EACI / Einjected - threshold) x C_ACI`, half-up to the cent: percentage points times the whole premium.

    100.00 € with 60 of 100 kWh shared give 5.00 € at 55 %. Nothing injected, no excess.
    """
    if injected_wh == 0:
        return 0
    points = Fraction(incentivised_wh, injected_wh) - Fraction(threshold)
    return round_half_up(max(Fraction(0), points) * premium_cents)


def excess_sets(inputs: MonthInputs, plants: Sequence[PlantResult]) -> tuple[ExcessSet, ...]:
    """Return the excess per set of incentivised plants, without grant first, each with the year to date and this month's part.

    The month posts the change of the year's figure, so the year closes on the annual formula exactly; the change may be below
    zero when a later month shares little. EACI is the whole energy of the cascade, the building obligation notwithstanding:
    the threshold is about energy, the obligation about money. A set without plants and without history is left out. An advance
    knows no excess: it has no sets.
    """
    if inputs.run_kind is RunKind.ADVANCE:
        return ()
    granted_by_code = {plant.code: plant.grant_intensity > 0 for plant in inputs.plants}
    history = {row.granted: row for row in inputs.year_to_date}
    result = []
    for granted in (False, True):
        rows = [row for row in plants if not row.not_incentivised_because and granted_by_code[row.code] is granted]
        if not rows and granted not in history:
            continue
        past = history.get(granted, YearToDate(granted=granted))
        parameters = inputs.parameters
        threshold = parameters.excess_threshold_with_grant if granted else parameters.excess_threshold_without_grant
        injected = past.injected_wh + sum(row.injected_wh for row in rows)
        incentivised = past.incentivised_wh + sum(row.incentivised_wh for row in rows)
        premium = past.premium_cents + sum(row.premium_cents for row in rows)
        year = excess_cents(incentivised, injected, premium, threshold)
        result.append(
            ExcessSet(
                granted=granted,
                threshold=threshold,
                injected_wh=injected,
                incentivised_wh=incentivised,
                premium_cents=premium,
                excess_year_cents=year,
                excess_month_cents=year - past.excess_cents,
            )
        )
    return tuple(result)
