"""Devices that follow each other, move, or have several registers; late readings, and days when the clocks change."""

from datetime import date

import pytest

from apps.metering.models import Channel, DayCurve, QuarterMark, Source
from tests.apps.metering.closing.rows import (
    HOUR,
    MINUTE,
    ON,
    OTHER_POD,
    POD,
    QUARTER,
    START_US,
    WH,
    E,
    M,
    S,
    U,
    X,
    arrive,
    assign,
    close,
    curve,
    curves_sha256,
    every,
    hour,
    make_device,
    make_series,
    meter,
    notes,
)
from tests.apps.metering.rows import store

pytestmark = pytest.mark.django_db
HOUR_OF_MINUTES = [n * 50 * WH for n in range(61)]  # 750 Wh a quarter


def test_a_device_replaced_in_the_middle_of_a_month_makes_two_segments_and_the_right_sum():
    """The old one until 00:20 with 1000 Wh counted, the new one from 00:22 at 77 kWh; what flowed in between nobody knows."""
    change = START_US + 21 * MINUTE
    old, new = meter("old", ends_us=change), meter("new", starts_us=change)
    arrive(old, every(60, HOUR_OF_MINUTES[:21]))
    arrive(new, every(60, [77_000 * WH + value for value in HOUR_OF_MINUTES[:39]], START_US + 22 * MINUTE))
    close()
    assert hour() == ([750, 650, 750, 750], [M, E, M, M])
    assert sum(curve()[0]) == 1000 + 1900
    assert notes() == []


def test_readings_outside_its_time_count_for_nobody():
    change = START_US + HOUR // 2
    old, new = meter("old", ends_us=change), meter("new", starts_us=change)
    arrive(old, every(60, HOUR_OF_MINUTES))
    arrive(new, every(60, [value * 2 for value in HOUR_OF_MINUTES]))
    close()
    assert hour() == ([750, 750, 1500, 1500], [M] * 4)


def test_a_device_that_moves_measures_each_point_in_its_own_time():
    change = START_US + HOUR // 2
    series = meter(ends_us=change)
    assign(series.device, OTHER_POD, starts_us=change)
    arrive(series, every(60, HOUR_OF_MINUTES))
    close()
    assert hour() == ([750, 750, 0, 0], [M, M, X, X])
    assert hour(OTHER_POD) == ([0, 0, 750, 750], [X, X, M, M])


def test_import_is_withdrawn_export_is_injected_and_production_makes_no_curve():
    device = make_device()
    assign(device)
    for channel, factor in (("import", 1), ("export", 2), ("production", 1)):
        arrive(make_series(device, channel), every(60, [value * factor for value in HOUR_OF_MINUTES]))
    close()
    assert hour(channel=Channel.WITHDRAWN) == ([750] * 4, [M] * 4)
    assert hour(channel=Channel.INJECTED) == ([1500] * 4, [M] * 4)
    assert DayCurve.objects.count() == 2


@pytest.mark.parametrize("role", ["production", "consumption"])
def test_other_roles_make_no_curve_but_their_notes_are_kept(role: str):
    series = meter(role=role)
    arrive(series, every(60, HOUR_OF_MINUTES[:21] + [value + 500_000 * WH for value in HOUR_OF_MINUTES[21:]]))
    close()
    assert not DayCurve.objects.exists()
    assert notes(series) == [("jump", 500_050)]
    assert not QuarterMark.objects.exists()


def test_a_device_that_is_bound_to_nothing_makes_no_curve_and_does_not_stay_marked():
    series = make_series(make_device())
    arrive(series, every(60, [9 * WH, 5 * WH, 6 * WH]))
    close()
    assert not DayCurve.objects.exists()
    assert notes(series) == [("reset", None)]
    assert not QuarterMark.objects.exists()


def test_all_components_of_a_device_count_together_and_a_missing_one_makes_the_sum_unknown():
    device = make_device()
    assign(device)
    first, second = make_series(device, component="em1:0"), make_series(device, component="em1:1")
    arrive(first, every(60, HOUR_OF_MINUTES))
    close()
    assert hour()[1] == [X] * 4
    arrive(second, every(60, [value // 2 for value in HOUR_OF_MINUTES[:20]]))
    close()
    assert hour() == ([1125, 750 + 100, 0, 0], [M, E, X, X])


def test_a_component_bound_by_name_counts_alone():
    device = make_device()
    assign(device, component="em1:0")
    assign(device, OTHER_POD, component="em1:1")
    first, second = make_series(device, component="em1:0"), make_series(device, component="em1:1")
    arrive(first, every(60, HOUR_OF_MINUTES))
    arrive(second, every(60, [value // 2 for value in HOUR_OF_MINUTES]))
    close()
    assert (hour()[0], hour(OTHER_POD)[0]) == ([750] * 4, [375] * 4)


def test_late_readings_open_again_what_they_touch_and_nothing_else():
    series = meter()
    rows = every(60, [n * 50 * WH for n in range(600)])
    hole = [row for row in rows if not START_US + 3 * HOUR < row[0] < START_US + 8 * HOUR]
    arrive(series, hole)
    close()
    assert curve()[1][12:32] == [E] * 20
    arrive(series, [row for row in rows if START_US + 4 * HOUR < row[0] < START_US + 5 * HOUR])
    (closed,) = close()
    assert closed.quarters_changed <= 32
    assert curve()[1][17:19] == [M] * 2
    assert sum(curve()[0]) == 599 * 50


def test_a_reading_that_makes_quarters_unknown_takes_them_back():
    """Known as a gap of 20 hours; then a late value shows that the register was reset in between."""
    series = meter()
    arrive(series, [(START_US, 100 * WH), (START_US + 20 * HOUR, 300 * WH)])
    close()
    assert set(curve()[1][:80]) == {E}
    arrive(series, [(START_US + 10 * HOUR, 0)])
    close()
    assert curve()[1][:80] == [X] * 40 + [E] * 40
    assert sum(curve()[0]) == 300
    assert notes() == [("reset", None)]


def test_a_change_of_unit_that_comes_late_puts_what_follows_in_doubt_until_it_turns_back():
    base = 2000 * WH
    rows = every(900, [base + n * 10 * WH for n in range(400)])
    series = meter(power_w=100_000_000)
    arrive(series, rows)
    close()
    calm = curves_sha256()
    assert set(curve(on=date(2026, 9, 10))[1]) == {M}
    arrive(series, [(rows[5][0] + MINUTE, (rows[5][1] + WH) * 1000), (rows[5][0] + 2 * MINUTE, (rows[5][1] + 2 * WH) * 1000)])
    close()
    kinds = [kind for kind, _ in notes()]
    assert kinds.count("unit_change") == 2, kinds
    series.refresh_from_db()
    assert series.doubt_from is not None
    assert curve()[1][5] == U
    assert set(curve(on=date(2026, 9, 10))[1]) == {M}
    assert calm != curves_sha256()


@pytest.mark.parametrize(("on", "quarters"), [(date(2026, 3, 29), 92), (date(2026, 10, 25), 100)])
def test_the_days_when_the_clocks_change(on: date, quarters: int):
    from apps.engine.intervals import day_span

    series = meter()
    starts_us = day_span(on).starts_us
    arrive(series, every(300, [n * 100 * WH // 3 for n in range(quarters * 3 + 12)], starts_us - 6 * 300 * S))
    close()
    values, quality = curve(on=on)
    assert (len(values), set(quality), sum(values)) == (quarters, {M}, quarters * 100)


def test_the_official_curve_outranks_the_device():
    series = meter()
    arrive(series, every(60, HOUR_OF_MINUTES))
    close()
    store(POD, ON, {1: 7777}, source=Source.OFFICIAL)
    assert hour()[0] == [750, 7777, 750, 750]
    arrive(series, [(START_US + 20 * MINUTE + 5 * S, 1004 * WH)])
    close()
    assert hour()[0] == [750, 7777, 750, 750]


def test_a_change_of_unit_seen_late_reaches_days_that_were_closed_long_ago():
    """Ten days of kWh where Wh were meant, closed as they came; then one reading of before shows what happened."""
    series = meter()
    base = 2_000_000 * WH
    rows = every(900, [base + n * 100 * WH for n in range(960)])
    arrive(series, rows)
    close()
    assert set(curve(on=date(2026, 9, 15))[1]) == {M}
    arrive(series, [(START_US - QUARTER, base // 1000 - 1000)])
    close()
    assert [kind for kind, _ in notes()] == ["unit_change"]
    assert set(curve(on=date(2026, 9, 15))[1]) == {U}
    assert not any(curve(on=date(2026, 9, 15))[0])
