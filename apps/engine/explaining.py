"""The hours behind one member's amounts: what the settlement computed on its way and did not keep.

Nothing is ruled here. The functions that settle a month are called again, for all its hours or for a few of them: every hour is
settled by itself until the premium is rounded, so a few hours say the same as the month that they are cut out of.
"""

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from apps.engine.energy import hourly_energy
from apps.engine.errors import InputsInconsistent
from apps.engine.inputs import MonthInputs, Plant, Point
from apps.engine.premium import exact_premium_cents, exempt_energy, zone_prices
from apps.engine.quality import unknown_hours
from apps.engine.sharing import attribute, cascade_order, share
from apps.engine.tariff import Terms, hourly_tariff, terms_of

Hours = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PointHours:
    """One point of the member: Wh of each hour (H,), as the rules count them; `known` (H,) is false where a measure is missing.

    `row` is its place in `MonthInputs.points`; `taken_wh` what the plants behind it gave to the community while it was theirs.
    """

    row: int
    point: Point
    withdrawn_wh: Hours
    injected_wh: Hours
    shared_wh: Hours
    taken_wh: Hours
    known: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class PlantHours:
    """One plant in cascade order: Wh (H,), zonal price and tariff before F in µ€/MWh (H,); both zeros if it earns nothing.

    `premium_cents` (H,) is exact: only the month is rounded.
    """

    plant: Plant
    terms: Terms
    injected_wh: Hours
    taken_wh: Hours
    exempt_wh: Hours
    price_ueur_per_mwh: Hours
    tariff_ueur_per_mwh: Hours
    premium_cents: tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class ExplainedHours:
    """Some hours of the configuration, Wh (H,), with the points of one member and all plants.

    `points_withdrawn_wh` and `points_shared_wh` are the hours of every point of the configuration, (P, H).
    """

    injected_wh: Hours
    withdrawn_wh: Hours
    shared_wh: Hours
    points_withdrawn_wh: Hours
    points_shared_wh: Hours
    points: tuple[PointHours, ...]
    plants: tuple[PlantHours, ...]

    def own(self, name: str) -> Hours:
        """The sum over the member's points of `withdrawn_wh`, `injected_wh`, `shared_wh` or `taken_wh`, (H,)."""
        return sum((getattr(row, name) for row in self.points), np.zeros_like(self.shared_wh))


def explain_hours(inputs: MonthInputs, member: str) -> ExplainedHours:
    """Return the hours of `inputs` as they were settled, for one member by code.

    Their sums are the energies and, rounded per plant over the month, the premiums of `settlement.settle`.
    Errors: those of the settlement, save what it asks of a whole month.
    """
    terms = tuple(terms_of(plant, inputs.parameters) for plant in inputs.plants)
    order = cascade_order(inputs, terms)
    energy = hourly_energy(inputs)
    sharing = share(inputs, order, energy.withdrawn_wh, energy.injected_wh)
    withdrawn = energy.withdrawn_wh.copy()
    shared = attribute(sharing.shared_wh, energy.withdrawn_wh)
    exempt = exempt_energy(inputs, order, terms, sharing.taken_wh, shared)
    place = {plant: n for n, plant in enumerate(order)}
    own = {}
    for row, point in enumerate(inputs.points):
        if point.member == member:
            known = ~unknown_hours(inputs.withdrawn_quality[row])
            zeros = np.zeros_like(sharing.shared_wh)
            own[row] = PointHours(row, point, withdrawn[row], zeros, shared[row], zeros.copy(), known)
    for j, injection in enumerate(inputs.injections):
        if injection.point in own:
            held = own[injection.point]
            hours = slice(held.point.first_hour, held.point.last_hour)
            held.injected_wh[:] += energy.injected_wh[j]
            held.taken_wh[hours] += sharing.taken_wh[place[injection.plant], hours]
            held.known[:] &= ~unknown_hours(inputs.injected_quality[j])
    return ExplainedHours(
        injected_wh=sharing.injected_wh,
        withdrawn_wh=sharing.withdrawn_wh,
        shared_wh=sharing.shared_wh,
        points_withdrawn_wh=withdrawn,
        points_shared_wh=shared,
        points=tuple(own.values()),
        plants=tuple(
            _plant_hours(inputs, inputs.plants[index], terms[index], sharing.plant_injected_wh[n], sharing.taken_wh[n], exempt[n])
            for n, index in enumerate(order)
        ),
    )


def exact_premiums(inputs: MonthInputs, taken: Hours) -> dict[str, Fraction]:
    """Return the month's premium of each plant in cents before its one rounding, by code, from what each took (N, H).

    `inputs` needs no curves, only plants, parameters and prices. A plant whose premium a grant reduces is left out: which of its
    energy is exempt depends on every point of every hour.
    """
    terms = tuple(terms_of(plant, inputs.parameters) for plant in inputs.plants)
    found = {}
    for n, index in enumerate(cascade_order(inputs, terms)):
        plant, own = inputs.plants[index], terms[index]
        if own.earns and not own.reduction:
            tariff = hourly_tariff(own, zone_prices(inputs, plant), inputs.parameters)
            found[plant.code] = exact_premium_cents(own, tariff, taken[n], np.zeros_like(taken[n]))
    return found


def cut_points(points: tuple[Point, ...], hours: slice) -> tuple[Point, ...]:
    """Return the points as they are in a few hours of the month: `first_hour` and `last_hour` count from the first of them."""
    cut = []
    for point in points:
        first, last = max(point.first_hour, hours.start) - hours.start, min(point.last_hour, hours.stop) - hours.start
        cut.append(
            replace(point, first_hour=first, last_hour=last) if first < last else replace(point, first_hour=0, last_hour=0)
        )
    return tuple(cut)


def cut_hours(inputs: MonthInputs, hours: slice) -> MonthInputs:
    """Return an input that holds only these hours of the month. Errors: `InputsInconsistent` for hours outside it."""
    count = inputs.prices_ueur_per_mwh.shape[1]
    if not 0 <= hours.start <= hours.stop <= count:
        raise InputsInconsistent(f"Hours {hours.start} to {hours.stop} do not lie in a month of {count} hours.")
    quarters = slice(4 * hours.start, 4 * hours.stop)
    return replace(
        inputs,
        points=cut_points(inputs.points, hours),
        withdrawn_wh=inputs.withdrawn_wh[:, quarters],
        withdrawn_quality=inputs.withdrawn_quality[:, quarters],
        injected_wh=inputs.injected_wh[:, quarters],
        injected_quality=inputs.injected_quality[:, quarters],
        prices_ueur_per_mwh=inputs.prices_ueur_per_mwh[:, hours],
    )


def _plant_hours(inputs: MonthInputs, plant: Plant, terms: Terms, injected: Hours, taken: Hours, exempt: Hours) -> PlantHours:
    nothing = np.zeros_like(taken)
    if not terms.earns:
        return PlantHours(plant, terms, injected, taken, exempt, nothing, nothing, (Fraction(0),) * taken.size)
    prices = zone_prices(inputs, plant)
    tariff = hourly_tariff(terms, prices, inputs.parameters)
    premiums = tuple(
        exact_premium_cents(terms, tariff[one], taken[one], exempt[one]) if taken[one].any() else Fraction(0)
        for one in (slice(hour, hour + 1) for hour in range(taken.size))
    )
    return PlantHours(plant, terms, injected, taken, exempt, prices, tariff, premiums)
