"""The valorisation of self-consumed energy: transmission, and for a group distribution and avoided losses (RO p.41-42)."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from apps.engine.errors import ParameterMissing
from apps.engine.inputs import Contribution, Kind, MonthInputs
from apps.engine.money import WH_UEUR_PER_MWH_PER_CENT, round_half_up
from apps.engine.premium import exact_product, zone_prices
from apps.engine.prices import ueur_per_mwh
from apps.engine.results import Valorisation
from apps.engine.sharing import share_in_building


def given_valorisation(inputs: MonthInputs, shared: NDArray[np.int64]) -> Valorisation | None:
    """Return the valorisation as somebody else found it, without a formula; None when it is the engine's own."""
    given = inputs.given_amount(Contribution.VALORISATION)
    if given is None:
        return None
    return Valorisation(
        shared_wh=int(shared.sum()),
        trase_ueur_per_mwh=0,
        building_shared_wh=0,
        btau_ueur_per_mwh=0,
        avoided_losses_cents_unrounded=Fraction(0),
        amount_cents=given.cents,
    )


def valorise(
    inputs: MonthInputs,
    order: tuple[int, ...],
    shared: NDArray[np.int64],
    withdrawn: NDArray[np.int64],
    injected: NDArray[np.int64],
) -> Valorisation:
    """Return the valorisation of the month, rounded half-up to the cent once. It is not reduced by F.

    Shapes: `shared` (H,), `withdrawn` (P, H), `injected` (J, H), int64 Wh.
    Errors: `ParameterMissing` when TRASE (or for a group BTAU) has no value for the year; `PriceMissing`.
    """
    shared_wh = int(shared.sum())
    trase = _required(inputs, "TRASE", inputs.parameters.trase_eur_per_mwh)
    building_wh, btau, losses = 0, 0, Fraction(0)
    if inputs.kind is Kind.GROUP:
        btau = _required(inputs, "BTAU", inputs.parameters.btau_eur_per_mwh)
        building_wh, losses = _in_building(inputs, order, withdrawn, injected)
    amount = Fraction(shared_wh * trase + building_wh * btau, WH_UEUR_PER_MWH_PER_CENT) + losses
    return Valorisation(
        shared_wh=shared_wh,
        trase_ueur_per_mwh=trase,
        building_shared_wh=building_wh,
        btau_ueur_per_mwh=btau,
        avoided_losses_cents_unrounded=losses,
        amount_cents=round_half_up(amount),
    )


def _in_building(
    inputs: MonthInputs, order: tuple[int, ...], withdrawn: NDArray[np.int64], injected: NDArray[np.int64]
) -> tuple[int, Fraction]:
    """Return EACVC in Wh and `Σ EACVC,i,h x CPR_i x Pz_h` in exact cents. A voltage without a coefficient avoids no losses."""
    building = share_in_building(inputs, order, withdrawn, injected)
    coefficients = {voltage: Fraction(share) for voltage, share in inputs.parameters.avoided_losses_by_voltage}
    losses = Fraction(0)
    for (voltage, index), taken in zip(building.rows, building.taken_wh, strict=True):
        coefficient = coefficients.get(voltage, Fraction(0))
        if coefficient and taken.any():
            losses += coefficient * exact_product(taken, zone_prices(inputs, inputs.plants[index]))
    return int(building.shared_wh.sum()), Fraction(losses, WH_UEUR_PER_MWH_PER_CENT)


def _required(inputs: MonthInputs, name: str, value: Decimal | None) -> int:
    if value is None:
        raise ParameterMissing(
            f"Run {inputs.year}-{inputs.month:02d} of {inputs.configuration} cannot start: the {name} of {inputs.year} "
            "is not known. Enter it among the rule parameters with its legal source, then retry the run."
        )
    return ueur_per_mwh(value)
