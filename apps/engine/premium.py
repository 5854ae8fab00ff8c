"""The premium of each plant: energy of every hour times tariff of that hour, one rounding per plant and month (RO p.38)."""

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from apps.engine.errors import PriceMissing
from apps.engine.inputs import MonthInputs, Plant
from apps.engine.money import INT64_MAX, WH_UEUR_PER_MWH_PER_CENT, round_half_up
from apps.engine.sharing import sum_of_rows, take_in_order
from apps.engine.tariff import Terms, hourly_tariff


def zone_prices(inputs: MonthInputs, plant: Plant) -> NDArray[np.int64]:
    """Return the prices of the plant's market zone, (H,) µ€/MWh. Errors: `PriceMissing`."""
    if plant.market_zone not in inputs.zones:
        raise PriceMissing(
            f"Run {inputs.year}-{inputs.month:02d} of {inputs.configuration} cannot start: no zonal price for "
            f"{plant.market_zone}, the market zone of plant {plant.code}. Import the price file, then retry the run."
        )
    prices: NDArray[np.int64] = inputs.prices_ueur_per_mwh[inputs.zones.index(plant.market_zone)]
    return prices


def exempt_energy(
    inputs: MonthInputs,
    order: tuple[int, ...],
    terms: tuple[Terms, ...],
    taken: NDArray[np.int64],
    point_shared: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return, per plant in cascade order and hour, the energy on which the grant reduction does not bite: (N, H) int64 Wh.

    The energy attributed to points of exempt holders is given first to the earning plants with F > 0, in cascade order, up to
    what they took (settlement-rules 3; RO p.39, 149).
    """
    result = np.zeros(taken.shape, np.int64)
    reduced = [n for n, plant in enumerate(order) if terms[plant].earns and terms[plant].reduction > 0]
    if reduced:
        exempt_kinds = inputs.parameters.grant_exempt_kinds
        exempt = sum_of_rows(point_shared, [i for i, point in enumerate(inputs.points) if point.member_kind in exempt_kinds])
        result[reduced] = take_in_order(taken[reduced], exempt)
    return result


def premium_cents(inputs: MonthInputs, plant: Plant, terms: Terms, taken: NDArray[np.int64], exempt: NDArray[np.int64]) -> int:
    """Return the premium of one plant and month in cents, from its hours `taken` and `exempt`, both (H,) Wh.

    `[ Σ not exempt x T x (1 - F) + Σ exempt x T ] x obligation share`, exact until the one rounding (RO p.38-39, 149).
    Errors: `PriceMissing`.
    """
    if not terms.earns:
        return 0
    tariff = hourly_tariff(terms, zone_prices(inputs, plant), inputs.parameters)
    return round_half_up(exact_premium_cents(terms, tariff, taken, exempt))


def exact_premium_cents(terms: Terms, tariff: NDArray[np.int64], taken: NDArray[np.int64], exempt: NDArray[np.int64]) -> Fraction:
    """Return the same before its rounding, for any stretch of hours: all three (h,), the tariff as of `hourly_tariff`."""
    full = exact_product(exempt, tariff)
    reduced = exact_product(taken, tariff) - full
    amount = (reduced * (1 - terms.reduction) + full) * terms.obligation_share
    return Fraction(amount, WH_UEUR_PER_MWH_PER_CENT)


def exact_product(energy: NDArray[np.int64], price: NDArray[np.int64]) -> int:
    """Return Σ energy x price over the hours as an unbounded integer, in 10^-12 €.

    A year of a 1 MW plant fits int64, so the sum is vectorised; where it might not fit, Python's integers take over.
    """
    largest = int(np.abs(energy).max(initial=0)) * max(abs(int(price.min(initial=0))), int(price.max(initial=0)))
    if largest * energy.size <= INT64_MAX:
        return int(np.dot(energy, price))
    return sum(wh * ueur for wh, ueur in zip(energy.tolist(), price.tolist(), strict=True))
