"""Sixty random communities, to the cent and to the Wh. `tests/benchmarks/exactness.py` does a thousand."""

import pytest

from apps.engine.inputs import Kind
from apps.engine.settlement import settle
from tests.engine import oracle
from tests.engine.comparison import assert_laws, differences
from tests.engine.random_communities import MONTHS, random_inputs

SEEDS = range(60)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_engine_and_the_oracle_agree(seed: int) -> None:
    inputs = random_inputs(seed)
    result = settle(inputs)
    assert differences(result, oracle.settle(inputs)) == []
    assert_laws(inputs, result)


def test_the_seeds_cover_every_kind_and_the_months_in_which_the_clocks_change() -> None:
    drawn = [random_inputs(seed) for seed in SEEDS]
    assert {inputs.kind for inputs in drawn} == set(Kind)
    assert {(inputs.year, inputs.month) for inputs in drawn} == set(MONTHS)
    results = [settle(inputs) for inputs in drawn]
    assert {plant.not_incentivised_because for result in results for plant in result.plants} == {
        "",
        "existing",
        "too_large",
        "grant_too_high",
        "not_renewable",
    }
    assert any(result.missing_hours for result in results)
    assert any(result.excess_cents > 0 for result in results)
    assert any(result.excess_cents < 0 for result in results)
    assert any(line.account == "undistributed" for result in results for line in result.lines)
    assert any(plant.exempt_wh for result in results for plant in result.plants)
    assert any(result.valorisation.avoided_losses_cents_unrounded for result in results)
