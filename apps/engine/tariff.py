"""The premium tariff of a plant: whether it earns, how much per hour, and what reduces it (RO p.38-39, 145, 148-149)."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from apps.engine.errors import InvalidPlant
from apps.engine.identifiers import PHOTOVOLTAIC, RENEWABLE_SOURCES, check_region
from apps.engine.inputs import Plant, RuleParameters
from apps.engine.prices import ueur_per_mwh

NOT_RENEWABLE = "not_renewable"
TOO_LARGE = "too_large"
EXISTING = "existing"
GRANT_TOO_HIGH = "grant_too_high"


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of one plant. A plant that does not earn has the reason in `not_because` and zeros elsewhere.

    `base`, `cap` and `correction` (FC) are µ€/MWh; `reduction` is F; `obligation_share` the share of its energy that earns.
    """

    not_because: str
    base_ueur_per_mwh: int = 0
    cap_ueur_per_mwh: int = 0
    correction_ueur_per_mwh: int = 0
    reduction: Fraction = Fraction(0)
    obligation_share: Fraction = Fraction(0)

    @property
    def earns(self) -> bool:
        return not self.not_because


def terms_of(plant: Plant, parameters: RuleParameters) -> Terms:
    """Return the terms on which a plant earns the premium, or why it does not.

    Errors: `InvalidPlant` for a power that is not positive, a grant below zero, an obligation outside 0..power, or a power
    that no tariff class covers; `InvalidIdentifier` for a photovoltaic plant in an unknown region.
    """
    _check(plant)
    reason = why_not_incentivised(plant, parameters)
    if reason:
        return Terms(not_because=reason)
    classes = sorted(parameters.tariff_classes, key=lambda row: row.max_power_kw)
    matching = [row for row in classes if plant.power_kw <= row.max_power_kw]
    if not matching:
        raise InvalidPlant(
            f"Plant {plant.code} of {plant.power_kw} kW fits no tariff class. Enter the tariff classes in force in this month."
        )
    power = Fraction(plant.power_kw)
    return Terms(
        not_because="",
        base_ueur_per_mwh=ueur_per_mwh(matching[0].base_eur_per_mwh),
        cap_ueur_per_mwh=ueur_per_mwh(matching[0].cap_eur_per_mwh),
        correction_ueur_per_mwh=correction_ueur_per_mwh(plant, parameters),
        reduction=grant_reduction(plant, parameters),
        obligation_share=Fraction(power - Fraction(plant.obligation_power_kw), power),
    )


def why_not_incentivised(plant: Plant, parameters: RuleParameters) -> str:
    """Return "" for a plant that earns the premium, else the first reason against it (settlement-rules 2.6)."""
    if plant.source not in RENEWABLE_SOURCES:
        return NOT_RENEWABLE
    if plant.power_kw > parameters.incentive_max_power_kw:
        return TOO_LARGE
    if plant.entered_operation_on < parameters.incentive_starts_on:
        return EXISTING
    if plant.grant_intensity > parameters.grant_limit:
        return GRANT_TOO_HIGH
    return ""


def correction_ueur_per_mwh(plant: Plant, parameters: RuleParameters) -> int:
    """Return FC: photovoltaic only, by region of the plant, 0 where the law names none (RO p.39, 148)."""
    if plant.source != PHOTOVOLTAIC:
        return 0
    return ueur_per_mwh(dict(parameters.regional_correction_eur_per_mwh).get(check_region(plant.region), 0))


def grant_reduction(plant: Plant, parameters: RuleParameters) -> Fraction:
    """Return F, linear from 0 without grant to its value at the limit: 0.5 at 40 % (RO p.149). Exact: 33.3 % is 333/1000."""
    if not plant.grant_intensity:
        return Fraction(0)
    return Fraction(parameters.grant_reduction_at_limit) * Fraction(
        Fraction(plant.grant_intensity), Fraction(parameters.grant_limit)
    )


def hourly_tariff(terms: Terms, prices: NDArray[np.int64], parameters: RuleParameters) -> NDArray[np.int64]:
    """Return `min(CAP, BASE + max(0, 180 - Pz)) + FC` for each hour: TIP before F, int64 µ€/MWh, shape (H,) (RO p.38).

    FC stands outside the cap. Prices below `180 - CAP` all give the cap, so they are cut there before subtracting.
    """
    reference = ueur_per_mwh(parameters.price_reference_eur_per_mwh)
    floor = reference - terms.cap_ueur_per_mwh
    variable = np.maximum(0, reference - np.maximum(prices, floor))
    tariff: NDArray[np.int64] = np.minimum(terms.cap_ueur_per_mwh, terms.base_ueur_per_mwh + variable)
    return tariff + terms.correction_ueur_per_mwh


def _check(plant: Plant) -> None:
    if plant.power_kw <= 0:
        raise InvalidPlant(f"Plant {plant.code} has a power of {plant.power_kw} kW. Enter the power of its registration.")
    if not 0 <= plant.obligation_power_kw <= plant.power_kw:
        raise InvalidPlant(
            f"Plant {plant.code} has an obligation of {plant.obligation_power_kw} kW out of {plant.power_kw} kW. "
            "Enter the part of its power that the building was obliged to install."
        )
    if plant.grant_intensity < 0:
        raise InvalidPlant(f"Plant {plant.code} has a capital grant of {plant.grant_intensity}. Enter a share from 0 to 1.")
