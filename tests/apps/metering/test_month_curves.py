"""A month as one matrix: merged by rank, in the order asked for, in months of 743, 744 and 745 hours."""

from datetime import date

import numpy as np
import pytest

from apps.engine.calendar import day_slots, hours_in_month
from apps.engine.inputs import Quality
from apps.metering.models import Channel, Source
from apps.metering.queries import (
    get_completeness,
    get_day_curve,
    get_month_curves,
    list_injecting_pods,
    list_months_with_curves,
)
from tests.apps.metering.rows import DAY, A, B, C, store

pytestmark = pytest.mark.django_db
DEVICE, MANUAL, OFFICIAL = Source.DEVICE, Source.MANUAL, Source.OFFICIAL


def month(pods=(A,), channel=Channel.WITHDRAWN, on=DAY):
    return get_month_curves(list(pods), channel, on.year, on.month)


def first_slots(count: int) -> list[tuple[int, int]]:
    found = month()
    return list(zip(found.values[0, :count].tolist(), found.quality[0, :count].tolist(), strict=True))


@pytest.mark.parametrize("on", [date(2023, 3, 1), date(2023, 10, 1), date(2023, 2, 1), date(2024, 2, 1), date(2023, 12, 1)])
def test_a_month_has_four_columns_per_hour_and_what_nobody_stated_is_missing(on):
    found = month(on=on)
    assert found.values.shape == found.quality.shape == (1, 4 * hours_in_month(on.year, on.month))
    assert (found.values.dtype, found.quality.dtype) == (np.int32, np.uint8)
    assert not found.values.any()
    assert (found.quality == Quality.MISSING).all()


@pytest.mark.parametrize(
    ("day", "quarters"), [(date(2023, 3, 26), 92), (date(2023, 10, 29), 100), (date(2023, 10, 31), 96), (date(2023, 3, 31), 96)]
)
def test_each_day_lies_in_its_own_columns(day, quarters):
    store(A, day, {slot: slot + 1 for slot in range(quarters)})
    found = month(on=day)
    expected = np.zeros(found.values.shape[1], np.int32)
    expected[day_slots(day)] = np.arange(1, quarters + 1)
    np.testing.assert_array_equal(found.values[0], expected)
    np.testing.assert_array_equal(found.quality[0], np.where(expected, Quality.MEASURED, Quality.MISSING))


def test_days_of_other_months_and_other_channels_stay_out():
    store(A, date(2023, 2, 28), {0: 1})
    store(A, date(2023, 4, 1), {0: 2})
    store(A, DAY, {0: 3}, channel=Channel.INJECTED)
    assert not month().quality.any()


def test_rows_answer_the_pods_in_the_order_asked_for_also_twice():
    for wh, pod in enumerate((A, B, C), start=1):
        store(pod, DAY, {0: wh})
    unknown = "IT001E99999999"
    found = month([C, A, unknown, C, B])
    assert found.pods == (C, A, unknown, C, B)
    assert found.values[:, 0].tolist() == [3, 1, 0, 3, 2]
    assert found.quality[:, 0].tolist() == [2, 2, 0, 2, 2]


def test_no_pods_no_rows():
    assert month([]).values.shape == (0, 2972)


def test_the_higher_rank_wins_quarter_by_quarter():
    store(A, DAY, {0: 1, 1: 1, 2: 1, 3: 1}, source=DEVICE)
    store(A, DAY, {1: 2, 2: 2, 3: 2}, source=MANUAL)
    store(A, DAY, {2: 3, 3: 0}, source=OFFICIAL, quality=Quality.OFFICIAL)
    assert first_slots(5) == [(1, 2), (2, 2), (3, 3), (0, 3), (0, 0)]


def test_a_missing_quarter_never_outranks_a_known_one():
    store(A, DAY, {0: 1, 1: 1}, source=DEVICE)
    store(A, DAY, {0: 2, 1: 2}, source=OFFICIAL)
    store(A, DAY, {1: 0}, source=OFFICIAL, quality=Quality.MISSING)
    assert first_slots(2) == [(2, 2), (1, 2)]


def test_an_hour_stands_in_its_first_quarter():
    store(A, DAY, {0: 100, 4: 200}, hours=True)
    assert first_slots(9) == [(100, 2), (0, 5), (0, 5), (0, 5), (200, 2), (0, 5), (0, 5), (0, 5), (0, 0)]


def test_a_higher_hour_replaces_lower_quarters_entirely():
    store(A, DAY, {0: 1, 1: 2, 2: 3, 3: 4}, source=MANUAL)
    store(A, DAY, {0: 100}, source=OFFICIAL, hours=True)
    assert first_slots(4) == [(100, 2), (0, 5), (0, 5), (0, 5)]


def test_higher_quarters_of_a_whole_hour_replace_a_lower_hour_entirely():
    store(A, DAY, {0: 100}, source=MANUAL, hours=True)
    store(A, DAY, {0: 1, 1: 2, 2: 3, 3: 0}, source=OFFICIAL)
    assert first_slots(4) == [(1, 2), (2, 2), (3, 2), (0, 2)]


def test_higher_quarters_of_a_part_of_an_hour_leave_a_lower_hour_whole():
    store(A, DAY, {0: 100}, source=MANUAL, hours=True)
    store(A, DAY, {0: 1, 1: 2, 3: 4}, source=OFFICIAL)
    assert first_slots(4) == [(100, 2), (0, 5), (0, 5), (0, 5)]


def test_three_ranks_with_hours_between_quarters():
    store(A, DAY, {0: 1, 1: 1, 2: 1, 3: 1}, source=DEVICE)
    store(A, DAY, {0: 100}, source=MANUAL, hours=True)
    store(A, DAY, {1: 9}, source=OFFICIAL)
    assert first_slots(4) == [(100, 2), (0, 5), (0, 5), (0, 5)]


def test_more_pods_than_are_loaded_at_a_time():
    pods = [f"IT001E{n:08d}" for n in range(1203)]
    for n in (0, 499, 500, 999, 1000, 1202):
        store(pods[n], DAY, {0: n + 1})
    found = month(pods)
    assert {int(row): int(found.values[row, 0]) for row in np.flatnonzero(found.quality[:, 0])} == {
        n: n + 1 for n in (0, 499, 500, 999, 1000, 1202)
    }


def test_injecting_pods_are_found_with_their_energy():
    store(A, DAY, {0: 0, 1: 0}, channel=Channel.INJECTED)
    store(B, DAY, {0: 2_000_000_000}, channel=Channel.INJECTED)
    store(B, date(2023, 3, 2), {0: 2_000_000_000}, channel=Channel.INJECTED)
    store(B, date(2023, 4, 1), {0: 5}, channel=Channel.INJECTED)
    store(C, DAY, {0: 7})
    assert list_injecting_pods([C, B, A], 2023, 3) == {B: 4_000_000_000}
    assert list_injecting_pods([A, C], 2023, 3) == {}


def test_injection_that_the_distributor_denies_is_none():
    store(A, DAY, {0: 5}, channel=Channel.INJECTED, source=MANUAL)
    store(A, DAY, {0: 0}, channel=Channel.INJECTED, source=OFFICIAL)
    assert list_injecting_pods([A], 2023, 3) == {}


def test_completeness_counts_known_quarters_per_pod_and_day():
    store(A, DAY, dict.fromkeys(range(96), 0))
    store(A, date(2023, 3, 26), dict.fromkeys(range(0, 92, 4), 1), hours=True)
    store(B, DAY, {0: 1, 1: 1, 2: 1}, source=MANUAL)
    store(B, DAY, {2: 1, 3: 1}, source=OFFICIAL)
    found = get_completeness([B, A], [Channel.WITHDRAWN], 2023, 3)
    assert (found.pods, len(found.days), found.expected.sum()) == ((B, A), 31, 2972)
    assert (found.known[1, 0], found.known[1, 25], found.known[0, 0]) == (96, 92, 4)
    assert (found.share[1, 0], found.share[1, 25], found.share[1, 1]) == (1, 1, 0)
    assert found.missing_quarters == {B: 2968, A: 2972 - 96 - 92}


def test_completeness_of_two_channels_wants_both():
    store(A, DAY, {0: 1, 1: 1})
    store(A, DAY, {1: 1, 2: 1}, channel=Channel.INJECTED)
    assert get_completeness([A], Channel.values, 2023, 3).known[0, 0] == 1


def test_a_suspect_quarter_is_not_a_known_one():
    store(A, DAY, {0: 1, 1: 1})
    store(A, DAY, {2: 1}, quality=Quality.SUSPECT, source=DEVICE)
    assert get_completeness([A], [Channel.WITHDRAWN], 2023, 3).known[0, 0] == 2


def test_one_day_names_its_sources():
    store(A, DAY, {0: 1}, source=DEVICE)
    store(A, DAY, {1: 2}, source=OFFICIAL, channel=Channel.INJECTED)
    found = get_day_curve(A, DAY)
    assert (found.withdrawn_wh[:2].tolist(), found.injected_wh[:2].tolist()) == ([1, 0], [0, 2])
    assert found.sources == (OFFICIAL, DEVICE)
    assert found.starts_at.isoformat() == "2023-02-28T23:00:00+00:00"


def test_months_with_curves():
    for day in (DAY, date(2023, 3, 9), date(2022, 12, 31)):
        store(A, day, {0: 1})
    assert list_months_with_curves([A, B]) == [date(2022, 12, 1), date(2023, 3, 1)]
