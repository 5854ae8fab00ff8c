"""Every scenario of the readings, through the database: no negative, no spike, nothing unknown said to be known."""

import pytest

from apps.metering.models import DayCurve, QuarterMark
from tests.apps.metering.closing.rows import (
    HOUR,
    MINUTE,
    QUARTER,
    START_US,
    WH,
    E,
    M,
    U,
    X,
    arrive,
    close,
    every,
    hour,
    instant,
    meter,
    notes,
)

pytestmark = pytest.mark.django_db
HOUR_OF_MINUTES = [n * 50 * WH for n in range(61)]  # 50 Wh a minute: 3 kW, 750 Wh a quarter


def after(rows, **given):
    series = meter(**given)
    arrive(series, rows)
    close()
    assert not QuarterMark.objects.exists()
    return hour()


def test_a_calm_hour():
    assert after(every(60, HOUR_OF_MINUTES)) == ([750] * 4, [M] * 4)
    assert notes() == []
    assert DayCurve.objects.count() == 1


def test_a_register_that_falls_begins_an_epoch_and_nothing_is_negative():
    found = after(every(60, HOUR_OF_MINUTES[:21] + [3 * WH + n * 50 * WH for n in range(40)]))
    assert found == ([750, 700, 750, 750], [M, E, M, M])
    assert notes() == [("reset", None)]
    assert sum(found[0]) == (1000 - 0) + (1953 - 3)


def test_a_register_that_returns_to_zero():
    assert after(every(60, HOUR_OF_MINUTES[:30] + [0] * 31)) == ([750, 700, 0, 0], [M, E, M, M])
    assert notes() == [("reset", None)]


def test_a_glitch_down_and_up_within_five_seconds_changes_nothing_and_is_noted():
    at = START_US + 20 * MINUTE + 10_000_000
    found = after([*every(60, HOUR_OF_MINUTES), (at, 7), (at + 3_000_000, 1000 * WH)])
    assert found[1] == [M] * 4
    assert sum(found[0]) == 3000
    assert notes() == [("glitch", None)]


def test_a_register_that_rolls_over():
    top = 999_999 * WH
    rows = every(60, [top - 1450 * WH + value for value in HOUR_OF_MINUTES[:30]] + HOUR_OF_MINUTES[:31])
    assert after(rows) == ([750, 700, 750, 750], [M, E, M, M])
    assert notes() == [("reset", None)]


def test_a_unit_that_changes_by_a_thousand_is_set_aside_until_it_turns_back():
    base = 2000 * WH
    registers = [base + n * WH for n in range(61)]
    registers[15:30] = [value * 1000 for value in registers[15:30]]
    series = meter()
    arrive(series, every(60, registers))
    close()
    assert hour() == ([14, 0, 15, 15], [E, U, M, M])
    assert [kind for kind, _ in notes() if kind != "jump"] == ["unit_change"] * 2
    series.refresh_from_db()
    assert series.doubt_from == instant(START_US + 14 * MINUTE)


def test_a_jump_beyond_the_connection_is_set_aside_and_flagged():
    rows = every(60, HOUR_OF_MINUTES[:21] + [value + 500_000 * WH for value in HOUR_OF_MINUTES[21:]])
    assert after(rows) == ([750, 700, 750, 750], [M, U, M, M])
    assert notes() == [("jump", 500_050)]


def test_one_reading_out_of_line_is_left_out_and_flagged():
    registers = list(HOUR_OF_MINUTES)
    registers[20] = 10**9 * WH
    assert after(every(60, registers)) == ([750] * 4, [M, U, M, M])
    assert notes() == [("outlier", None)]


def test_two_values_at_one_instant_are_a_conflict_and_the_smallest_that_may_follow_counts():
    at = START_US + 20 * MINUTE
    rows = [*every(60, HOUR_OF_MINUTES), (at, 999 * WH), (at, 10**9 * WH)]
    assert after(rows) == ([750] * 4, [M] * 4)
    assert notes() == [("conflict", None)] * 2


def test_stamps_that_cannot_be_are_noted_and_count_nothing():
    """The ingest never stores them; the rules would not believe them either."""
    series = meter()
    arrive(series, every(60, HOUR_OF_MINUTES))
    arrive(series, [(START_US - 3000 * 86_400_000_000, 5)])
    close()
    assert hour() == ([750] * 4, [M] * 4)


def test_a_gap_of_three_hours_is_spread_and_its_total_is_exact():
    rows = [*every(60, [0, 1000]), (START_US + 3 * HOUR, 1001 * WH)]
    after(rows)
    values, quality = hour(count=13)
    assert (sum(values), quality) == (1001, [E] * 12 + [X])
    assert notes() == []


def test_a_gap_of_thirty_hours_is_missing_and_the_note_keeps_the_energy():
    rows = [(START_US, 0), (START_US + QUARTER // 2, 10 * WH), (START_US + 30 * HOUR, 510 * WH)]
    after(rows)
    assert hour(count=96) == ([10] + [0] * 95, [E] + [X] * 95)
    assert notes() == [("long_gap", 500)]


def test_edges_are_interpolated_and_rounded_once():
    rows = every(900, [0, 100_400, 200_800, 301_200, 401_600], START_US - QUARTER // 2)
    assert after(rows) == ([101, 100, 100, 51], [M, M, M, E])
    assert sum(hour()[0]) + 50 - 1 <= 402


def test_quarters_of_an_epoch_sum_to_last_minus_first():
    registers = [0]
    for step in range(1, 400):
        registers.append(registers[-1] + (step * 7919) % 60_000)
    after(every(61, registers))
    values, _ = hour(count=96)
    assert sum(values) == (registers[-1] + 500) // 1000 - 0


@pytest.mark.parametrize(("power_w", "known"), [(6000, M), (1000, U)])
def test_the_power_of_the_connection_decides_what_is_a_jump(power_w: int, known):
    assert after(every(60, [0] * 15 + [100 * WH] * 46), power_w=power_w)[1][0] == known
