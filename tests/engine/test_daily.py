"""Days are the sums of hours: the same energy, the same gaps, in communities of every kind."""

import numpy as np
import pytest

from apps.engine.calendar import first_hours_of_days, local_hours
from apps.engine.daily import daily_energy
from apps.engine.energy import hourly_energy
from tests.engine.random_communities import random_inputs


@pytest.mark.parametrize("seed", range(40))
def test_days_are_the_sums_of_their_hours(seed: int) -> None:
    inputs = random_inputs(seed)
    hours, days = hourly_energy(inputs), daily_energy(inputs)
    of_day, _ = local_hours(inputs.year, inputs.month)
    for hourly, daily in ((hours.withdrawn_wh, days.withdrawn_wh), (hours.injected_wh, days.injected_wh)):
        expected = [hourly[:, of_day == day].sum(axis=1) for day in np.unique(of_day)]
        np.testing.assert_array_equal(daily, np.array(expected).T.reshape(daily.shape))
        assert daily.dtype == np.int64


@pytest.mark.parametrize("seed", range(40))
def test_what_the_holders_miss_is_what_the_pod_misses(seed: int) -> None:
    inputs = random_inputs(seed)
    days = daily_energy(inputs)
    missed: dict[str, int] = {}
    for point in inputs.points:
        if hours := days.missing_hours_of(point):
            missed[point.pod] = missed.get(point.pod, 0) + hours
    assert missed == {row.pod: row.hours for row in hourly_energy(inputs).missing}


def test_the_communities_of_these_tests_have_gaps_storage_and_points_of_part_of_a_month() -> None:
    drawn = [random_inputs(seed) for seed in range(40)]
    assert any(daily_energy(inputs).gaps for inputs in drawn)
    assert any(point.storage_efficiency is not None for inputs in drawn for point in inputs.points)
    assert any(point.first_hour > 0 for inputs in drawn for point in inputs.points)


@pytest.mark.parametrize(("year", "month", "days"), [(2023, 3, 31), (2023, 10, 31), (2024, 2, 29)])
def test_the_first_hours_of_days_open_each_local_day(year: int, month: int, days: int) -> None:
    of_day, of_hour = local_hours(year, month)
    first = first_hours_of_days(year, month)
    assert of_day[first].tolist() == list(range(1, days + 1))
    assert not of_hour[first].any()
