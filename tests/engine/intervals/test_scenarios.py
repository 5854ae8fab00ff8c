"""The scenarios of the readings, one by one, with values worked out by hand. The connection carries 6 kW: 100 Wh a minute."""

import random

import numpy as np
import pytest

from apps.engine.errors import InputsInconsistent
from apps.engine.inputs import Quality
from apps.engine.intervals import Note, NoteKind, QuarterSeries, Span, in_turn, quarters_of, together
from tests.engine.intervals.oracle import HOUR, QUARTER, S
from tests.engine.intervals.streams import DAY_US, Rows, every, readings_of

M, E, X, U = Quality.MEASURED, Quality.ESTIMATED, Quality.MISSING, Quality.SUSPECT
WH = 1000
MINUTE = 60 * S
HOUR_OF_MINUTES = [i * 50 * WH for i in range(61)]  # 50 Wh a minute: 3 kW, 750 Wh a quarter
MINUTES = Span(DAY_US, 4)


def hour(rows: Rows, span: Span = MINUTES, **given) -> QuarterSeries:
    return quarters_of(readings_of([rows], **given), span)


def curve(quarters: QuarterSeries) -> tuple[list[int], list[int]]:
    return quarters.values_wh[0].tolist(), quarters.quality[0].tolist()


def kinds(quarters: QuarterSeries) -> list[tuple[str, int | None]]:
    return [(note.kind.value, note.energy_wh) for note in quarters.notes]


def test_a_calm_hour():
    assert curve(hour(every(60, HOUR_OF_MINUTES))) == ([750] * 4, [M] * 4)


def test_edges_are_interpolated_and_rounded_once():
    """Readings at 7½ minutes past each quarter, 100.4 Wh apart. Edges at 50.2, 150.6, 251.0, 351.4, last reading 401.6."""
    rows = every(900, [0, 100_400, 200_800, 301_200, 401_600], DAY_US - 450 * S)
    assert curve(hour(rows)) == ([101, 100, 100, 51], [M, M, M, E])
    assert curve(hour(rows, Span(DAY_US - 900 * S, 6))) == ([50, 101, 100, 100, 51, 0], [E, M, M, M, E, X])


def test_the_half_goes_up():
    assert curve(hour(every(900, [499, 500, 1499, 1500, 1500]))) == ([1, 0, 1, 0], [M] * 4)


def test_a_gap_of_three_hours_is_spread_and_its_total_is_exact():
    rows = [*every(60, [0, 1000]), (DAY_US + 3 * HOUR, DAY_US + 3 * HOUR, 1001 * WH)]
    found = hour(rows, Span(DAY_US, 12))
    assert int(found.values_wh.sum()) == 1001
    assert found.quality[0].tolist() == [E] * 12
    assert kinds(found) == [("gap", 1000)]
    assert found.values_wh[0].tolist()[:5] == [79, 84, 84, 84, 83]  # 79.2, 163.0, 246.8, 330.6, 414.4 Wh at the edges


@pytest.mark.parametrize(
    ("elapsed_us", "quality", "noted"),
    [
        (HOUR // 2, M, []),
        (HOUR // 2 + 1, E, ["gap"]),
        (24 * HOUR, E, ["gap"]),
        (24 * HOUR + 1, X, ["long_gap"]),
    ],
)
def test_how_long_a_gap_may_be(elapsed_us: int, quality: Quality, noted: list[str]):
    found = hour([(DAY_US, DAY_US, 0), (DAY_US + elapsed_us, DAY_US + elapsed_us, 24 * WH)], Span(DAY_US, 2))
    assert found.quality[0].tolist() == [quality] * 2
    assert [kind for kind, _ in kinds(found)] == noted


def test_beyond_a_day_the_quarters_are_missing_and_the_note_keeps_the_energy():
    rows = [
        (DAY_US, DAY_US, 0),
        (DAY_US + 450 * S, DAY_US + 450 * S, 10 * WH),
        (DAY_US + 25 * HOUR, DAY_US + 25 * HOUR, 510 * WH),
    ]
    found = hour(rows, Span(DAY_US, 100))
    assert (found.values_wh[0].tolist(), found.quality[0].tolist()) == ([10] + [0] * 99, [E] + [X] * 99)
    assert found.notes == (Note(0, DAY_US + 450 * S, DAY_US + 25 * HOUR, NoteKind.LONG_GAP, 500),)


def test_a_register_that_falls_begins_an_epoch_and_the_energy_between_is_unknown():
    """Reset to 3 Wh between 00:20 and 00:21: 1000 Wh before, 39 minutes of 50 Wh after."""
    rows = every(60, HOUR_OF_MINUTES[:21] + [3 * WH + i * 50 * WH for i in range(40)])
    found = hour(rows)
    assert curve(found) == ([750, 700, 750, 750], [M, E, M, M])
    assert found.notes == (Note(0, DAY_US + 20 * MINUTE, DAY_US + 21 * MINUTE, NoteKind.RESET),)
    assert int(found.values_wh.sum()) == (1000 - 0) + (1953 - 3)


def test_a_register_that_returns_to_zero_is_never_negative():
    rows = every(60, HOUR_OF_MINUTES[:30] + [0] * 31)
    assert curve(hour(rows)) == ([750, 700, 0, 0], [M, E, M, M])
    assert kinds(hour(rows)) == [("reset", None)]


def test_a_register_that_rolls_over_begins_an_epoch():
    top = 999_999 * WH
    rows = every(60, [top - 1450 * WH + value for value in HOUR_OF_MINUTES[:30]] + HOUR_OF_MINUTES[:31])
    found = hour(rows)
    assert curve(found) == ([750, 700, 750, 750], [M, E, M, M])
    assert kinds(found) == [("reset", None)]


def test_a_hole_between_epochs_hides_whole_quarters():
    rows = every(60, HOUR_OF_MINUTES[:16]) + every(60, HOUR_OF_MINUTES[:16], DAY_US + 45 * MINUTE)
    found = hour(rows)
    assert curve(found) == ([750, 0, 0, 750], [M, X, X, M])


@pytest.mark.parametrize(("back_after", "seconds"), [(1, 3), (4, 4), (8, 5)])
def test_a_glitch_down_and_up_within_five_seconds_changes_nothing(back_after: int, seconds: int):
    at = DAY_US + 20 * MINUTE + 10 * S
    low = [(at + i * seconds * S // back_after, at + 9 * S, 7 * i) for i in range(back_after)]
    rows = [*every(60, HOUR_OF_MINUTES), *low, (at + seconds * S, at + 9 * S, 1000 * WH)]
    calm = hour([row for row in rows if row not in low])
    assert curve(hour(rows)) == curve(calm)
    assert set(curve(hour(rows))[1]) == {M}
    assert hour(rows).notes == tuple(Note(0, at_, at_, NoteKind.GLITCH, None, value) for at_, _, value in low)


@pytest.mark.parametrize(
    ("readings", "microseconds", "register"),
    [(1, 5 * S + 1, 1000 * WH), (9, 5 * S, 1000 * WH), (1, 5 * S, 999 * WH), (1, 5 * S, 1100 * WH)],
    ids=["later", "more readings", "not up to it", "above it"],
)
def test_what_is_no_glitch_is_not_taken_for_one(readings: int, microseconds: int, register: int):
    at = DAY_US + 20 * MINUTE + 10 * S
    low = [(at + i * 500_000, at + 9 * S, 900 * WH + i) for i in range(readings)]
    rows = [*every(60, HOUR_OF_MINUTES[:21]), *low, (at + microseconds, at + 9 * S, register)]
    assert "glitch" not in [kind for kind, _ in kinds(hour(rows))]


def test_a_glitch_does_not_reach_into_the_next_series():
    falling = [(DAY_US, DAY_US, 5 * WH), (DAY_US + S, DAY_US + S, 0)]
    rising = [(DAY_US + 2 * S, DAY_US + 2 * S, 5 * WH), (DAY_US + 3 * S, DAY_US + 3 * S, 5 * WH)]
    found = quarters_of(readings_of([falling, rising]), MINUTES)
    assert [note.kind for note in found.notes] == [NoteKind.RESET]


@pytest.mark.parametrize("stray", [0, 10**6 * WH])
def test_one_reading_that_cannot_be_is_set_aside_and_its_quarter_is_flagged(stray: int):
    registers = list(HOUR_OF_MINUTES)
    registers[20] = stray
    found = hour(every(60, registers))
    assert curve(found) == ([750] * 4, [M, U, M, M])
    assert found.notes == (Note(0, DAY_US + 20 * MINUTE, DAY_US + 20 * MINUTE, NoteKind.OUTLIER, None, stray),)


def test_an_outlier_at_the_edge_flags_the_quarter_that_begins_there():
    registers = list(HOUR_OF_MINUTES)
    registers[15] = 0
    assert curve(hour(every(60, registers))) == ([750] * 4, [M, U, M, M])


def test_a_register_that_jumps_to_and_fro_has_no_outliers_but_resets_and_jumps():
    registers = [0, 9000 * WH, 1, 9000 * WH, 2, 9000 * WH]
    found = hour(every(60, registers))
    assert [kind for kind, _ in kinds(found)] == ["outlier", "jump", "reset", "jump"]
    assert curve(found)[0] == [0] * 4


def test_a_jump_beyond_the_connection_is_set_aside_and_flagged():
    """500 kWh more between 00:20 and 00:21, 60 kW allow nothing of it: it stands in the note, not in the curve."""
    rows = every(60, HOUR_OF_MINUTES[:21] + [value + 500_000 * WH for value in HOUR_OF_MINUTES[21:]])
    found = hour(rows)
    assert curve(found) == ([750, 700, 750, 750], [M, U, M, M])
    assert kinds(found) == [("jump", 500_050)]


def test_a_jump_over_quarters_leaves_them_empty_and_flagged():
    rows = [(DAY_US, DAY_US, 0), *every(60, [9000 * WH + value for value in HOUR_OF_MINUTES[:16]], DAY_US + 45 * MINUTE)]
    assert curve(hour(rows)) == ([0, 0, 0, 750], [U, U, U, M])


def test_how_much_a_step_may_rise():
    """In 60 s at 6 kW: 100 Wh, and 10 Wh more by the resolution of registers."""
    for power_w, risen, kind in ((6000, 110_000, []), (6000, 110_001, ["jump"]), (0, 10_000, []), (0, 10_001, ["jump"])):
        found = hour(every(60, [0, risen]), power_w=power_w)
        assert [noted for noted, _ in kinds(found)] == kind
    year = 365 * 24 * HOUR
    rows = [(DAY_US, DAY_US + 2 * year, 0), (DAY_US + 2 * year, DAY_US + 2 * year, 24 * 365 * 6000 * WH + 10_001)]
    assert [noted for noted, _ in kinds(hour(rows))] == ["jump"]


def test_steps_that_add_up_to_an_impossible_quarter_are_set_aside_together():
    """Twenty steps of 10 Wh in a second each are lawful one by one; with 1500 Wh in the rest of the quarter they are not."""
    crowd = [(DAY_US + i * S, DAY_US + i * S, 10 * WH * i) for i in range(21)]
    rest = [(DAY_US + 20 * S + i * MINUTE, DAY_US + QUARTER, 200 * WH + i * 100 * WH) for i in range(1, 15)]
    last = [(DAY_US + 900 * S, DAY_US + 900 * S, 1666 * WH)]
    found = hour([*crowd, *rest, *last])
    assert curve(found) == ([0, 0, 0, 0], [U, X, X, X])
    assert found.notes == (Note(0, DAY_US, DAY_US + 900 * S, NoteKind.IMPOSSIBLE, 1666),)
    least = hour([*crowd, *rest, (DAY_US + 900 * S, DAY_US + 900 * S, 1510 * WH)][:12])
    assert U not in curve(least)[1]


def test_the_largest_lawful_quarter_is_one_watt_hour_above_power_and_resolution():
    found = [hour([(DAY_US, DAY_US, 0), (DAY_US + QUARTER, DAY_US + QUARTER, top)]) for top in (1_510_000, 1_510_001)]
    assert [curve(one)[1][0] for one in found] == [M, U]
    assert curve(hour(every(450, [0, 756 * WH, 1511 * WH])))[1][0] == M
    assert kinds(hour(every(450, [0, 757 * WH, 1512 * WH]))) == [("impossible", 1512)]


def test_a_unit_that_changes_by_a_thousand_puts_all_that_follows_in_doubt():
    base = 2000 * WH
    before = [base + i * WH for i in range(21)]
    after = [(base + i * WH) * 1000 for i in range(21, 61)]
    found = hour(every(60, before + after), power_w=100_000)
    assert curve(found) == ([15, 5, 0, 0], [M, U, U, U])
    assert [kind for kind, _ in kinds(found)] == ["unit_change"] + ["doubt"] * 39
    assert sum(energy or 0 for _, energy in kinds(found)) == 39_000


def test_a_unit_that_turns_back_is_trusted_again():
    base = 2000 * WH
    registers = [base + i * WH for i in range(61)]
    registers[15:30] = [value * 1000 for value in registers[15:30]]
    found = hour(every(60, registers))
    assert curve(found) == ([14, 0, 15, 15], [E, U, M, M])
    assert [kind for kind, _ in kinds(found) if kind == "unit_change"] == ["unit_change"] * 2
    later = hour(every(60, registers)[20:], in_doubt=[True])
    assert curve(later)[0][1:] == [0, 15, 15]
    assert curve(later)[1][1:] == [U, M, M]


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        (1000 * WH, 10**6 * WH, True),
        (999 * WH, 999 * 1000 * WH, False),
        (10**6 * WH, 1000 * WH, True),
        (999_000 * WH, 999 * WH, False),
        (10**6 * WH, 1020 * WH, True),
        (10**6 * WH, 1021 * WH, False),
        (10**6 * WH, 990 * WH, False),
        (1010 * 1000 * WH, 1000 * WH, True),
        (1011 * 1000 * WH, 1000 * WH, False),
        (10**5 * WH, 100_110_000 * WH, True),
        (10**5 * WH, 100_111_000 * WH, False),
    ],
)
def test_when_a_step_is_a_change_of_unit(before: int, after: int, changed: bool):
    found = hour(every(60, [before, after]))
    assert (kinds(found)[0][0] == "unit_change") is changed
    assert curve(found)[0] == [0] * 4


def test_two_registers_at_one_instant_are_a_conflict_and_the_choice_is_always_the_same():
    rows = every(60, HOUR_OF_MINUTES)
    """At 00:20 and 1000 Wh, after 950 Wh: the smallest that is not below 950 counts."""
    for others, chosen in (([999 * WH, 10**9 * WH], 999 * WH), ([0, 949 * WH], 1000 * WH), ([1001 * WH], 1000 * WH)):
        again = rows + [(DAY_US + 20 * MINUTE, DAY_US + 20 * MINUTE, other) for other in others]
        random.Random(1).shuffle(again)
        found = hour(again)
        assert curve(found) == ([750] * 4, [M] * 4)
        at = DAY_US + 20 * MINUTE
        assert found.notes == tuple(
            Note(0, at, at, NoteKind.CONFLICT, None, other) for other in sorted([*others, 1000 * WH]) if other != chosen
        )


def test_of_registers_that_all_fell_the_smallest_is_chosen():
    rows = [*every(60, [500 * WH]), *((DAY_US + 60 * S, DAY_US + 60 * S, value) for value in (3 * WH, 2 * WH))]
    found = hour(rows)
    assert [(note.kind.value, note.register_milliwh) for note in found.notes] == [("reset", None), ("conflict", 3 * WH)]
    first = hour([(DAY_US, DAY_US, 7), (DAY_US, DAY_US, 5)])
    assert [note.register_milliwh for note in first.notes] == [7]


@pytest.mark.parametrize(
    ("stamp", "aside"),
    [
        (12 * S, True),
        (1_577_836_800 * S - 1, True),
        (1_577_836_800 * S, False),
        (4_070_908_800 * S, True),
        (DAY_US * 1000, True),
        (DAY_US + 300 * S, False),
        (DAY_US + 300 * S + 1, True),
    ],
    ids=["1970", "2019", "2020", "2099", "microseconds", "5 minutes ahead", "more"],
)
def test_a_stamp_that_cannot_be_is_set_aside(stamp: int, aside: bool):
    found = hour([(stamp, DAY_US, 5 * WH)], Span(stamp // QUARTER * QUARTER, 1))
    assert found.notes == ((Note(0, stamp, stamp, NoteKind.STAMP, None, 5 * WH),) if aside else ())


@pytest.mark.parametrize(("register", "aside"), [(-1, True), (0, False), (10**15, False), (10**15 + 1, True)])
def test_a_register_that_cannot_be_is_set_aside(register: int, aside: bool):
    found = hour([(DAY_US, DAY_US, register)])
    assert [note.kind for note in found.notes] == [NoteKind.REGISTER] * aside


def test_notes_outside_the_span_are_left_out():
    rows = every(60, [50, 40, 30, 20])
    for span, noted in ((Span(DAY_US - QUARTER, 1), 0), (Span(DAY_US, 1), 3), (Span(DAY_US + QUARTER, 1), 0)):
        assert len(hour(rows, span).notes) == noted


def test_a_device_replaced_inside_a_quarter_makes_two_segments_and_the_right_sum():
    """The old one stops at 00:20 with 1000 Wh counted, the new one goes on at 00:22 from 77 kWh."""
    old, new = every(60, HOUR_OF_MINUTES[:21]), every(60, [77_000 * WH + v for v in HOUR_OF_MINUTES[:39]], DAY_US + 22 * MINUTE)
    found = quarters_of(readings_of([old, new]), MINUTES)
    values, quality = in_turn(found, np.array([0, 0]), 1)
    assert (values.tolist(), quality.tolist()) == ([[750, 650, 750, 750]], [[M, E, M, M]])
    nobody = in_turn(quarters_of(readings_of([[], []]), MINUTES), np.array([0, 0]), 1)
    assert (nobody[0].tolist(), nobody[1].tolist()) == ([[0] * 4], [[X] * 4])


def test_phases_are_summed_and_one_that_is_missing_makes_the_sum_unknown():
    phases = [every(60, HOUR_OF_MINUTES), every(60, [v // 2 for v in HOUR_OF_MINUTES]), every(60, HOUR_OF_MINUTES[:20])]
    found = quarters_of(readings_of([*phases, phases[0]]), MINUTES)
    values, quality = together(found, np.array([0, 0, 0, 1]), 2)
    assert values.tolist() == [[750 + 375 + 750, 750 + 375 + 200, 0, 0], [750] * 4]
    assert quality.tolist() == [[M, E, X, X], [M] * 4]


def test_the_worst_quality_of_the_parts_is_that_of_the_sum():
    span = Span(DAY_US, 1)
    parts = np.array([[M], [E], [U], [X]], np.uint8)
    for worst, (i, j) in {M: (0, 0), E: (0, 1), U: (1, 2), X: (2, 3)}.items():
        found = QuarterSeries(span, np.array([[1], [2]], np.int32), parts[[i, j]], ())
        assert together(found, np.array([0, 0]), 1)[1].tolist() == [[worst]]
        in_turn_worst = U if worst is X else worst
        assert in_turn(found, np.array([0, 0]), 1)[1].tolist() == [[in_turn_worst]]


def test_a_sum_that_fits_no_slot_is_refused():
    found = QuarterSeries(Span(DAY_US, 1), np.array([[2**31 - 1], [0], [1]], np.int32), np.full((3, 1), M, np.uint8), ())
    assert together(found, np.array([0, 0, 1]), 2)[0].tolist() == [[2**31 - 1], [1]]
    with pytest.raises(InputsInconsistent, match="more than"):
        together(found, np.array([0, 1, 0]), 2)
