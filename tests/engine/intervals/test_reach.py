"""Closing single quarters as readings come in, by probes or in full, ends where computing everything at once ends."""

import bisect
import random

import numpy as np
import pytest

from apps.engine.inputs import Quality
from apps.engine.intervals import (
    CONTEXT,
    QUARTER_US,
    Note,
    NoteKind,
    Span,
    follows_lawfully,
    needed_probes,
    quarters_of,
    touched_quarters,
)
from tests.engine.intervals.oracle import S
from tests.engine.intervals.streams import DAY_US, UNITS, Rows, disturbed, every, lawful_stream, readings_of, same

POWER_W = 6000


def believable(rows: Rows) -> Rows:
    """Without what the reader of messages never lets through."""
    return [row for row in rows if abs(row[0] - DAY_US) < 9 * 86_400 * S and row[0] <= row[1] + 300 * S and 0 <= row[2] <= 10**15]


def probes(rows: Rows, span: Span) -> Rows:
    """What one index probe per edge and side finds in stored readings."""
    found = set()
    for edge in needed_probes(span).tolist():
        found |= {max(row for row in rows if row[0] <= edge)} if rows[0][0] <= edge else set()
        found |= {min(row for row in rows if row[0] >= edge)} if rows[-1][0] >= edge else set()
    return sorted(found)


def with_context(rows: Rows, span: Span) -> Rows:
    first = bisect.bisect_left(rows, (span.starts_us,))
    last = bisect.bisect_left(rows, (span.ends_us + 1,))
    return rows[max(first - CONTEXT, 0) : last + CONTEXT]


def test_probes_are_the_edges_of_the_quarters():
    assert needed_probes(Span(DAY_US, 2)).tolist() == [DAY_US, DAY_US + QUARTER_US, DAY_US + 2 * QUARTER_US]


def test_probes_give_what_all_readings_give_where_every_step_is_lawful():
    probed = read = 0
    for seed in range(300):
        random_ = random.Random(seed)
        power_w = random_.choice([100, 6000, 10**6])
        rows = lawful_stream(random_, DAY_US - 90_000 * S, DAY_US + 90_000 * S, power_w)
        span = Span(DAY_US + random_.randrange(-90, 90) * QUARTER_US, random_.choice([1, 3, 20]))
        needed = probes(rows, span)
        full = quarters_of(readings_of([rows], power_w), span)
        assert same(quarters_of(readings_of([needed], power_w), span, from_probes=True), full)
        probed, read = probed + len(needed), read + len(rows)
    assert probed < read / 3


def test_probes_trust_what_was_judged_reading_by_reading():
    """Fine steps may each show 10 Wh more than flowed: together they look like a jump to whoever sees only the ends."""
    rows = every(10, [i * 26 * 1000 for i in range(95)])
    span = Span(DAY_US, 1)
    ends = probes(rows, span)
    assert [note.kind for note in quarters_of(readings_of([ends], POWER_W), span).notes] == [NoteKind.JUMP]
    full = quarters_of(readings_of([rows], POWER_W), span)
    assert [note.kind for note in full.notes] == [NoteKind.IMPOSSIBLE]
    assert same(quarters_of(readings_of([ends], POWER_W), span, from_probes=True), full)
    # across an edge, and exactly one quarter later, a step is judged
    for to_us, kinds in ((QUARTER_US, [NoteKind.IMPOSSIBLE]), (QUARTER_US + 1, [NoteKind.JUMP])):
        pair = [(DAY_US, DAY_US, 0), (DAY_US + to_us, DAY_US + to_us, 1_600_000)]
        assert [note.kind for note in quarters_of(readings_of([pair], POWER_W), span, from_probes=True).notes] == kinds


def test_the_readings_of_a_span_and_its_context_are_enough():
    """With the unit changes before them counted."""
    doubts = 0
    for seed in range(300):
        random_ = random.Random(seed)
        stream = lawful_stream(random_, DAY_US - 9000 * S, DAY_US + 9000 * S)
        rows = sorted(set(believable(disturbed(random_, stream, random_.choice([3, 20]), UNITS if seed % 2 else ()))))
        span = Span(DAY_US + random_.randrange(-10, 10) * QUARTER_US, random_.choice([1, 3]))
        given = with_context(rows, span)
        notes = quarters_of(readings_of([rows], POWER_W), wide()).notes
        in_doubt = sum(note.kind is NoteKind.UNIT_CHANGE and note.to_us <= given[0][0] for note in notes) % 2 == 1
        found = quarters_of(readings_of([given], POWER_W, [in_doubt]), span)
        assert same(found, quarters_of(readings_of([rows], POWER_W), span)), seed
        doubts += in_doubt
    assert doubts > 3


def wide() -> Span:
    return Span(DAY_US - 10 * 96 * QUARTER_US, 20 * 96)


class Worker:
    """Stores readings of one series as they come and closes the quarters they touch, by the rules in `reach`."""

    def __init__(self) -> None:
        self.rows: Rows = []
        self.orderly = CONTEXT
        self.in_full: set[int] = set()
        self.to_close: set[int] = set()
        self.curve: dict[int, tuple[int, int]] = {}
        self.notes: dict[int, tuple[Note, ...]] = {}
        self.by_probes = 0

    def store(self, row: tuple[int, int, int]) -> None:
        place = bisect.bisect_left(self.rows, row)
        if self.rows[place : place + 1] == [row]:
            return
        self.rows.insert(place, row)
        earlier = self.rows[place - 1] if place else row
        columns = [np.array([value], np.int64) for value in (POWER_W, earlier[0], earlier[2], row[0], row[2])]
        newest = place == len(self.rows) - 1
        orderly = newest and (place == 0 or bool(follows_lawfully(*columns)[0]))
        self.orderly = self.orderly + 1 if orderly else 0
        if self.orderly > CONTEXT:
            reach = (earlier[0], row[0])
        else:
            reach = (self.rows[max(place - CONTEXT, 0)][0], self.rows[min(place + CONTEXT, len(self.rows) - 1)][0])
        first, last = touched_quarters(*(np.array([at], np.int64) for at in reach))
        touched = range(int(first[0]), int(last[0]) + 1, QUARTER_US)
        self.to_close |= set(touched)
        if self.orderly <= CONTEXT:
            self.in_full |= set(touched)

    def close(self) -> None:
        for starts_us in self.to_close:
            span = Span(starts_us, 1)
            if starts_us in self.in_full:
                found = quarters_of(readings_of([with_context(self.rows, span)], POWER_W), span)
            else:
                found = quarters_of(readings_of([probes(self.rows, span)], POWER_W), span, from_probes=True)
                self.by_probes += 1
            self.curve[starts_us] = (int(found.values_wh[0, 0]), int(found.quality[0, 0]))
            self.notes[starts_us] = found.notes
        self.to_close.clear()


@pytest.mark.parametrize("late", [0, 0.02, 0.3, 1])
def test_quarters_closed_as_readings_come_in_are_those_computed_at_once(late: float):
    by_probes = closed = 0
    for seed in range(30):
        random_ = random.Random(seed)
        rows = lawful_stream(random_, DAY_US, DAY_US + 4 * 3600 * S)
        rows = believable(disturbed(random_, rows, random_.choice([0, 2, 6]), UNITS))
        everything = quarters_of(readings_of([sorted(rows)], POWER_W), wide())
        arrivals = sorted(rows, key=lambda row: (row[0] + (random_.random() < late) * random_.randrange(3 * 3600 * S), row))
        worker = Worker()
        for i, row in enumerate(arrivals + random_.choices(arrivals, k=5)):
            worker.store(row)
            if i % 7 == 0:
                worker.close()
        worker.close()
        empty = (0, int(Quality.MISSING))
        starts = needed_probes(wide()).tolist()
        found = [worker.curve.get(starts_us, empty) for starts_us in starts[:-1]]
        assert found == list(zip(everything.values_wh[0].tolist(), everything.quality[0].tolist(), strict=True)), seed
        assert {note for notes in worker.notes.values() for note in notes} == set(everything.notes)
        by_probes, closed = by_probes + worker.by_probes, closed + len(worker.curve)
    assert closed > 200
    assert by_probes > 0 or late == 1


@pytest.mark.parametrize(
    ("earlier", "later", "first", "last"),
    [(0, 0, 0, 0), (0, 1, 0, 0), (-1, 1, -1, 0), (0, 900, 0, 0), (899, 901, 0, 1), (900, 900, 1, 1), (0, 2700, 0, 2)],
)
def test_which_quarters_lie_between_two_readings(earlier: int, later: int, first: int, last: int):
    reach = (np.array([DAY_US + at * S], np.int64) for at in (earlier, later))
    assert [((starts - DAY_US) // QUARTER_US).tolist() for starts in touched_quarters(*reach)] == [[first], [last]]
