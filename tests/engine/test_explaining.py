"""The hours that explain a month are the month: their sums are its Wh and its cents, whichever way it is cut."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from apps.engine.calendar import first_hours_of_days, month_days
from apps.engine.errors import InputsInconsistent, RuleViolation
from apps.engine.explaining import ExplainedHours, cut_hours, exact_premiums, explain_hours
from apps.engine.inputs import MonthInputs
from apps.engine.money import round_half_up
from apps.engine.results import MonthResult
from apps.engine.settlement import settle
from tests.engine.random_communities import random_inputs
from tests.scenarios.reader import read_inputs

FOLDERS = sorted((Path(__file__).parents[1] / "scenarios").glob("given_*"))
SCENARIOS = [folder for folder in FOLDERS if not (folder / "then" / "error.json").exists()]  # a refused month has no hours
TOTALS = ("injected_wh", "withdrawn_wh", "shared_wh", "points_withdrawn_wh", "points_shared_wh")
OWN = ("withdrawn_wh", "injected_wh", "shared_wh", "taken_wh")


def assert_sums(inputs: MonthInputs, result: MonthResult) -> None:
    """Every member's hours sum to its row, every plant's to its energies and, rounded once, to its premium."""
    for row in result.members:
        found = explain_hours(inputs, row.code)
        sums = [int(found.own(name).sum()) for name in OWN[:3]]
        assert sums == [row.withdrawn_wh, row.injected_wh, row.shared_wh], row.code
        np.testing.assert_array_equal(found.shared_wh, result.shared_wh)
        np.testing.assert_array_equal(found.points_shared_wh, result.point_shared_wh)
        np.testing.assert_array_equal(found.points_shared_wh.sum(axis=0), result.shared_wh)
        for plant, told in zip(result.plants, found.plants, strict=True):
            assert told.plant.code == plant.code
            energies = (int(told.injected_wh.sum()), int(told.taken_wh.sum()), int(told.exempt_wh.sum()))
            assert energies == (plant.injected_wh, plant.taken_wh, plant.exempt_wh)
            assert round_half_up(sum(told.premium_cents, Fraction(0))) == plant.premium_cents
    for code, exact in exact_premiums(inputs, result.taken_wh).items():
        assert round_half_up(exact) == next(plant.premium_cents for plant in result.plants if plant.code == code)
    found_members = [explain_hours(inputs, row.code).own("taken_wh").sum() for row in result.members]
    assert sum(found_members) == int(result.taken_wh.sum())


@pytest.mark.parametrize("seed", range(60))
def test_the_hours_of_random_communities_sum_to_their_month(seed: int) -> None:
    inputs = random_inputs(seed)
    try:
        result = settle(inputs)
    except RuleViolation:
        pytest.skip("this community is refused")
    assert_sums(inputs, result)


@pytest.mark.parametrize("folder", SCENARIOS, ids=lambda folder: folder.name)
def test_the_hours_of_every_scenario_sum_to_its_month(folder: Path) -> None:
    inputs = read_inputs(folder)
    assert_sums(inputs, settle(inputs))


@pytest.mark.parametrize("seed", range(30))
def test_days_cut_out_one_by_one_are_the_month(seed: int) -> None:
    inputs = random_inputs(seed)
    member = inputs.members[0][0]
    month = explain_hours(inputs, member)
    edges = [*first_hours_of_days(inputs.year, inputs.month).tolist(), month.shared_wh.size]
    days = [explain_hours(cut_hours(inputs, slice(a, b)), member) for a, b in pairwise(edges)]
    assert len(days) == len(month_days(inputs.year, inputs.month))
    assert_same(days, month)


def assert_same(parts: list[ExplainedHours], month: ExplainedHours) -> None:
    for name in TOTALS:
        joined = np.concatenate([getattr(part, name) for part in parts], axis=-1)
        np.testing.assert_array_equal(joined, getattr(month, name))
    for name in OWN:
        np.testing.assert_array_equal(np.concatenate([part.own(name) for part in parts]), month.own(name))
    for n, plant in enumerate(month.plants):
        assert sum((part.plants[n].premium_cents for part in parts), ()) == plant.premium_cents


def test_an_hour_without_a_measure_is_told_as_unknown() -> None:
    inputs = random_inputs(0)
    quality = inputs.withdrawn_quality.copy()
    row = next(i for i, point in enumerate(inputs.points) if point.last_hour > point.first_hour)
    hour = inputs.points[row].first_hour
    quality[row, 4 * hour + 2] = 0
    found = explain_hours(replace(inputs, withdrawn_quality=quality), inputs.points[row].member)
    told = next(point for point in found.points if point.row == row)
    assert not told.known[hour]
    assert told.withdrawn_wh[hour] == 0


def test_hours_outside_the_month_are_refused() -> None:
    inputs = random_inputs(1)
    for hours in (slice(-1, 3), slice(3, 2), slice(0, 10_000)):
        with pytest.raises(InputsInconsistent):
            cut_hours(inputs, hours)
