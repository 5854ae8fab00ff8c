"""What a device measures is changed afterwards: the points that gain and those that lose are computed again."""

from typing import Any

import pytest

from apps.metering.closing import reopen_assignments
from apps.metering.device_operations import bind_device, end_assignment
from apps.metering.models import DayCurve, DeviceAssignment, PointMark, QuarterMark
from tests.apps.metering.closing.rows import (
    DAY,
    HOUR,
    LATE,
    OTHER_POD,
    POD,
    QUARTER,
    START_US,
    WH,
    E,
    M,
    U,
    X,
    arrive,
    assign,
    close,
    curve,
    every,
    hour,
    instant,
    make_device,
    make_series,
    meter,
    notes,
)
from tests.apps.metering.rows import register_pods

pytestmark = pytest.mark.django_db
HOUR_OF_MINUTES = [n * 50 * WH for n in range(61)]  # 750 Wh a quarter


def test_binding_a_device_afterwards_makes_the_curves_of_its_past():
    series = make_series(make_device())
    arrive(series, every(60, HOUR_OF_MINUTES))
    close()
    assignment = assign(series.device)
    assert reopen_assignments([assignment.pk]) == 1
    close()
    close_points()
    assert hour() == ([750] * 4, [M] * 4)


def close_points() -> None:
    from apps.metering.closing import close_quarters

    while PointMark.objects.exists():
        close_quarters(as_of=LATE)


def test_a_point_that_loses_its_device_does_not_know_those_quarters_any_more():
    series = meter()
    arrive(series, every(60, HOUR_OF_MINUTES))
    close()
    old = DeviceAssignment.objects.get()
    change = START_US + HOUR // 2
    old.ends_at = instant(change)
    old.save()
    new = assign(series.device, OTHER_POD, starts_us=change)
    assert reopen_assignments([old.pk, new.pk]) == 2
    close_points()
    assert hour() == ([750, 750, 0, 0], [M, M, X, X])
    assert hour(OTHER_POD) == ([0, 0, 750, 750], [X, X, M, M])


def test_a_point_that_is_not_in_the_row_any_more_is_named():
    series = meter()
    arrive(series, every(60, HOUR_OF_MINUTES))
    close()
    row = DeviceAssignment.objects.get()
    row.pod_key = OTHER_POD
    row.save()
    assert reopen_assignments([row.pk], pods_before=[POD]) == 2
    close_points()
    assert hour()[1] == [X] * 4
    assert hour(OTHER_POD) == ([750] * 4, [M] * 4)


def test_an_end_inside_a_gap_takes_back_what_was_spread_over_it():
    series = meter()
    arrive(series, [(START_US, 0), (START_US + 4 * HOUR, 400 * WH), (START_US + 4 * HOUR + QUARTER, 425 * WH)])
    close()
    assert curve()[1][:17] == [E] * 16 + [M]
    row = DeviceAssignment.objects.get()
    row.ends_at = instant(START_US + 2 * HOUR)
    row.save()
    reopen_assignments([row.pk], from_at=row.ends_at)
    close_points()
    assert set(curve()[1]) == {X}


def test_a_power_corrected_afterwards_judges_the_past_again():
    series = meter(power_w=1000)
    arrive(series, every(60, HOUR_OF_MINUTES))
    close()
    assert U in hour()[1]
    assert notes() != []
    row = DeviceAssignment.objects.get()
    row.connection_power_w = 6000
    row.save()
    reopen_assignments([row.pk])
    close_points()
    assert hour() == ([750] * 4, [M] * 4)
    assert notes() == []


def test_quarters_older_than_the_readings_kept_are_left_as_they_are():
    series = meter(starts_us=START_US - 2000 * DAY)
    old = START_US - 900 * DAY
    arrive(series, every(60, HOUR_OF_MINUTES, old))
    close()
    assert not DayCurve.objects.exists()
    assert not QuarterMark.objects.exists()


def test_binding_replacing_and_ending_through_the_operations_open_the_past_again():
    register_pods([POD, OTHER_POD])
    old, new = make_series(make_device("old")), make_series(make_device("new"))
    arrive(old, every(60, HOUR_OF_MINUTES))
    arrive(new, every(60, [value * 2 for value in HOUR_OF_MINUTES]))
    close()
    given: dict[str, Any] = {"component": "", "pod": POD, "role": "exchange", "connection_power_w": 12_000}
    bind_device(device_id=old.device_id, starts_at=instant(START_US - DAY), **given)
    close_points()
    assert hour() == ([750] * 4, [M] * 4)
    made = bind_device(device_id=new.device_id, starts_at=instant(START_US + HOUR // 2), **given)
    close_points()
    assert hour() == ([750, 750, 1500, 1500], [M] * 4)
    end_assignment(assignment_id=made.pk, ends_at=instant(START_US + 3 * QUARTER))
    close_points()
    assert hour() == ([750, 750, 1500, 0], [M, M, M, X])


@pytest.mark.parametrize("bad", ["IT001E", "ÀÈÌÒÙÀÈÌÒÙÀÈÌÒ", "IT001E0000000a", "' OR 1=1 -- --"])
def test_what_is_no_pod_makes_no_curve_and_stops_nobody_else(bad: str):
    broken, sound = meter("broken", bad), meter("sound")
    for series in (broken, sound):
        arrive(series, every(60, HOUR_OF_MINUTES))
    assert reopen_assignments(DeviceAssignment.objects.values_list("pk", flat=True)) == 1
    close()
    close_points()
    assert hour() == ([750] * 4, [M] * 4)
    assert DayCurve.objects.count() == 1
    assert not QuarterMark.objects.exists()
