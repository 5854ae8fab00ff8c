"""A series in good order: what was counted stays, and what follows needs no look back. The full way is the oracle."""

import random

import numpy as np
import pytest

from apps.engine.intervals import CONTEXT, QUARTER_US, NoteKind, Span, are_orderly, quarters_of
from tests.engine.intervals.oracle import S
from tests.engine.intervals.streams import DAY_US, Rows, disturbed, every, lawful_stream, readings_of

POWER_W = 6000
MINUTE = 60 * S


def is_orderly(rows: Rows, power_w: int = POWER_W) -> bool:
    (answer,) = are_orderly(readings_of([rows], power_w)).tolist()
    return bool(answer)


def test_a_register_that_rises_within_the_power_is_orderly():
    assert is_orderly(every(60, range(0, 100_000, 1000)))
    assert is_orderly(every(1800, [0, 0, 1]))
    assert is_orderly([])


@pytest.mark.parametrize(
    "spoiled",
    [
        pytest.param([(DAY_US, DAY_US, 10), (DAY_US + MINUTE, DAY_US + MINUTE, 9)], id="falls"),
        pytest.param([(DAY_US, DAY_US, 0), (DAY_US + MINUTE, DAY_US + MINUTE, 110_001)], id="rises too fast"),
        pytest.param([(DAY_US, DAY_US, 10), (DAY_US, DAY_US, 11)], id="two values at one instant"),
        pytest.param([(DAY_US + MINUTE, DAY_US + MINUTE, 10), (DAY_US, DAY_US, 9)], id="not sorted"),
        pytest.param([(DAY_US, DAY_US, 10), (DAY_US + 1_800_000_001, DAY_US + 1_800_000_001, 10)], id="gap"),
        pytest.param([(DAY_US + 301 * S, DAY_US, 10)], id="ahead of its arrival"),
        pytest.param([(12 * S, DAY_US, 10)], id="before 2020"),
        pytest.param([(DAY_US, DAY_US, -1)], id="below zero"),
        pytest.param([(DAY_US, DAY_US, 10**15 + 1)], id="beyond a terawatt-hour"),
    ],
)
def test_one_reading_out_of_order_spoils_its_own_series_alone(spoiled: Rows):
    good = every(60, range(0, 100_000, 1000))
    assert are_orderly(readings_of([good, spoiled, good, [], good], POWER_W)).tolist() == [True, False, True, True, True]


def test_where_all_is_orderly_nothing_is_noted_but_a_quarter_that_adds_up_to_too_much():
    seen = 0
    for seed in range(300):
        random_ = random.Random(seed)
        rows = lawful_stream(random_, DAY_US, DAY_US + 4 * 3600 * S, gaps=False)
        if is_orderly(rows):
            seen += 1
            found = quarters_of(readings_of([rows], POWER_W), Span(DAY_US - QUARTER_US, 18))
            assert {note.kind for note in found.notes} <= {NoteKind.IMPOSSIBLE}
    assert seen > 200


@pytest.mark.slow
def test_after_enough_readings_in_order_later_ones_change_nothing_before_and_need_nothing_before():
    """Cut a stream at the end of a quarter, as a closing does; then let more come in order."""
    span = Span(DAY_US, 48)
    tried = 0
    for seed in range(1_500):
        random_ = random.Random(seed)
        stream = lawful_stream(random_, DAY_US, DAY_US + 12 * 3600 * S, gaps=False)
        calm = random_.randrange(len(stream))
        rows = sorted(disturbed(random_, stream[:calm], random_.choice([1, 2, 4]), without=("stamp", "negative")) + stream[calm:])
        from_us = stream[min(calm + CONTEXT + random_.choice([-2, 0, 3]), len(stream) - 1)][0]
        edge_us = min(-(-from_us // QUARTER_US) + random_.choice([0, 0, 1]), DAY_US // QUARTER_US + 47) * QUARTER_US
        place = next((n for n, row in enumerate(rows) if row[0] >= edge_us), 0)
        known = random_.randrange(place, min(place + 4, len(rows))) if place else 0  # the closing sees a few readings more
        seen, since = rows[: known + 1], rows[max(place - 1, 0) :]
        if place < CONTEXT or not is_orderly(rows[place - CONTEXT : known + 1]) or not is_orderly(since):
            continue
        if any(note.kind is NoteKind.UNIT_CHANGE for note in quarters_of(readings_of([rows], POWER_W), span).notes):
            continue  # the unit is in doubt, as the series itself says
        tried += 1
        closed = (edge_us - DAY_US) // QUARTER_US
        full, then = (quarters_of(readings_of([given], POWER_W), span) for given in (rows, seen))
        for curve in ("values_wh", "quality"):
            assert np.array_equal(getattr(then, curve)[:, :closed], getattr(full, curve)[:, :closed]), seed
        assert [note for note in then.notes if note.from_us < edge_us] == [note for note in full.notes if note.from_us < edge_us]
        rest = Span(edge_us, 48 - closed)
        short, long = (quarters_of(readings_of([given], POWER_W), rest) for given in (since, rows))
        for curve in ("values_wh", "quality"):
            assert np.array_equal(getattr(short, curve), getattr(long, curve)), seed
        assert [note for note in short.notes if note.to_us > edge_us] == [note for note in long.notes if note.to_us > edge_us]
    assert tried > 300
