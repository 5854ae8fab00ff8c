"""Can the tests fail? Each of these is a mistake that real programs make, put into the engine; the oracle must notice.

A control that stays green would mean that the comparison is blind to a whole class of faults.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import pytest

from apps.engine import distribution, energy, excess, money, premium, settlement, sharing, tariff, valorisation
from apps.engine.inputs import MonthInputs
from apps.engine.settlement import settle
from tests.engine import oracle
from tests.engine.comparison import differences
from tests.engine.random_communities import random_inputs

SEEDS = range(25)
Array = np.ndarray
Patch = pytest.MonkeyPatch


def half_even(value: Fraction | Decimal | int) -> int:
    return round(Fraction(value))


def half_towards_infinity(value: Fraction | Decimal | int) -> int:
    return (Fraction(value) + Fraction(1, 2)).__floor__()


def round_half_even(patch: Patch) -> None:
    for module in (distribution, excess, premium, valorisation, energy):
        patch.setattr(module, "round_half_up", half_even)


def round_minus_a_half_up(patch: Patch) -> None:
    for module in (distribution, excess, premium, valorisation):
        patch.setattr(module, "round_half_up", half_towards_infinity)


def pro_rata_instead_of_cascade(patch: Patch) -> None:
    def pro_rata(offered: Array, wanted: Array) -> Array:
        parts = offered.copy()
        money.allocate_columns(np.minimum(offered.sum(axis=0), wanted), parts)
        return parts

    patch.setattr(sharing, "take_in_order", pro_rata)


def totals_of_the_month_instead_of_hours(patch: Patch) -> None:
    hourly = energy.hourly_energy

    def monthly(inputs: MonthInputs) -> energy.HourlyEnergy:
        known = hourly(inputs)
        for matrix in (known.withdrawn_wh, known.injected_wh):
            matrix[:, 0], matrix[:, 1:] = matrix.sum(axis=1), 0
        return known

    patch.setattr(settlement, "hourly_energy", monthly)


def ties_to_the_higher_pod(patch: Patch) -> None:
    def turned(amounts: Array, weights: Array) -> None:
        upside_down = np.ascontiguousarray(weights[::-1])
        money.allocate_columns(amounts, upside_down)
        weights[:] = upside_down[::-1]

    patch.setattr(sharing, "allocate_columns", turned)


def ties_to_the_higher_member(patch: Patch) -> None:
    def turned(amount: int, weights: Sequence[int]) -> list[int]:
        return money.allocate(amount, weights[::-1])[::-1]

    patch.setattr(distribution, "allocate", turned)


def the_rest_to_the_last(patch: Patch) -> None:
    def floor_and_rest(amount: int, weights: Sequence[int]) -> list[int]:
        parts = [amount * weight // sum(weights) if sum(weights) else 0 for weight in weights]
        parts[-1] += amount - sum(parts)
        return parts

    patch.setattr(distribution, "allocate", floor_and_rest)


def grant_bites_on_exempt_energy(patch: Patch) -> None:
    def nothing(inputs: MonthInputs, order: Any, terms: Any, taken: Array, point_shared: Array) -> Array:
        return np.zeros_like(taken)

    patch.setattr(settlement, "exempt_energy", nothing)


def correction_inside_the_cap(patch: Patch) -> None:
    right = tariff.hourly_tariff

    def capped(terms: tariff.Terms, prices: Array, parameters: Any) -> Array:
        return np.minimum(right(terms, prices, parameters), terms.cap_ueur_per_mwh)

    patch.setattr(premium, "hourly_tariff", capped)


def missing_counts_as_measured(patch: Patch) -> None:
    patch.setattr(energy, "_mask_unknown", lambda *_: None)


def suspect_counts_as_measured(patch: Patch) -> None:
    right = energy._mask_unknown

    def trusting(hours_wh: Array, quarters_wh: Array, quality: Array, *rest: Any) -> None:
        right(hours_wh, quarters_wh.clip(0), np.where(quality == 4, 2, quality), *rest)

    patch.setattr(energy, "_mask_unknown", trusting)


def excess_of_the_month_alone(patch: Patch) -> None:
    right = excess.excess_sets

    def forgetful(inputs: MonthInputs, plants: Any) -> Any:
        return right(replace(inputs, year_to_date=()), plants)

    patch.setattr(settlement, "excess_sets", forgetful)


def excess_to_enterprises_too(patch: Patch) -> None:
    right = distribution.split_excess

    def to_all(amount: int, rule: Any, members: Any, eligible: Sequence[bool]) -> Any:
        return right(amount, rule, members, [True] * len(eligible))

    patch.setattr(settlement, "split_excess", to_all)


def zero_weights_vanish(patch: Patch) -> None:
    right = distribution.split

    def careless(*args: Any) -> Any:
        return [line for line in right(*args) if line.block != "undistributed"]

    patch.setattr(settlement, "split", careless)


MISTAKES: list[Callable[[Patch], None]] = [
    round_half_even,
    round_minus_a_half_up,
    pro_rata_instead_of_cascade,
    totals_of_the_month_instead_of_hours,
    ties_to_the_higher_pod,
    ties_to_the_higher_member,
    the_rest_to_the_last,
    grant_bites_on_exempt_energy,
    correction_inside_the_cap,
    missing_counts_as_measured,
    suspect_counts_as_measured,
    excess_of_the_month_alone,
    excess_to_enterprises_too,
    zero_weights_vanish,
]


@cache
def expected(seed: int) -> dict[str, Any]:
    return oracle.settle(random_inputs(seed))


def noticed() -> bool:
    """Return whether the engine, as it is now, differs from the oracle on any seed."""
    return any(differences(settle(random_inputs(seed)), expected(seed)) for seed in SEEDS)


def test_without_a_mistake_nothing_is_noticed() -> None:
    assert not noticed()


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.__name__)
def test_the_oracle_notices(mistake: Callable[[Patch], None], monkeypatch: Patch) -> None:
    mistake(monkeypatch)
    assert noticed()
