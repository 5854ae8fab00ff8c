"""Quarters against the slow oracle, and the laws that hold whatever arrives."""

import hashlib
import random
from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
import pytest

from apps.engine.errors import InputsInconsistent
from apps.engine.inputs import Quality
from apps.engine.intervals import QUARTER_US, NoteKind, QuarterSeries, Readings, Span, day_span, days_span, quarters_of
from tests.engine.intervals.oracle import S, Series
from tests.engine.intervals.streams import DAY_US, Rows, disturbed, every, lawful_stream, plain, readings_of, same

SET_ASIDE = {NoteKind.LONG_GAP, NoteKind.JUMP, NoteKind.DOUBT, NoteKind.IMPOSSIBLE}
POWERS = (0, 100, 3000, 6000, 50_000, 10**6, 10**8)


def worlds(seeds: range) -> Iterator[tuple[random.Random, int, Span, list[Rows]]]:
    """Spans with some series around them, from calm to hostile; the reason of a failure is its seed."""
    for seed in seeds:
        random_ = random.Random(seed)
        power_w = random_.choice(POWERS)
        span = Span(DAY_US + random_.randrange(4) * QUARTER_US, random_.choice([1, 4, 40, 96]))
        series = []
        for _ in range(random_.choice([1, 2, 5])):
            starts_us = span.starts_us - random_.choice([0, 3600, 90_000]) * S
            ends_us = span.ends_us + random_.choice([-1800, 0, 3600, 90_000]) * S
            rows = disturbed(
                random_, lawful_stream(random_, starts_us, ends_us, min(power_w, 10**6)), random_.choice([0, 1, 3, 10, 30])
            )
            random_.shuffle(rows)
            series.append(rows)
        yield random_, power_w, span, series


def test_quarters_are_those_of_the_oracle_in_fractions():
    kinds: set[str] = set()
    for random_, power_w, span, series in worlds(range(120)):
        in_doubt = [random_.random() < 0.1 for _ in series]
        found = quarters_of(readings_of(series, power_w, in_doubt), span)
        for i, rows in enumerate(series):
            wanted = Series(rows, power_w, in_doubt[i]).quarters(span.starts_us, span.quarters)
            assert found.values_wh[i].tolist() == wanted.values
            assert found.quality[i].tolist() == wanted.quality
            assert plain(found.notes, i) == wanted.notes
            kinds |= {note[2] for note in wanted.notes}
    assert kinds | {"impossible"} == set(NoteKind)


def test_quarters_telescope_for_every_epoch_to_the_watt_hour():
    """Σ quarters + what stands in notes = last − first, over a span of several days that cuts no epoch."""
    epochs = 0
    for _, power_w, span, hostile in worlds(range(1000, 1150)):
        series = [[row for row in rows if abs(row[0] - DAY_US) < 20 * 86_400 * S] for rows in hostile]
        oracle = [Series(rows, power_w) for rows in series]
        instants = [row[0] for one in oracle for row in one.rows] or [span.starts_us]
        first_us = min(instants) // QUARTER_US * QUARTER_US
        whole = Span(first_us, (max(instants) - first_us) // QUARTER_US + 1)
        found = quarters_of(readings_of(series, power_w), whole)
        for i, one in enumerate(oracle):
            aside = sum(note.energy_wh or 0 for note in found.notes if note.series == i and note.kind in SET_ASIDE)
            counted = [last - first for _, _, first, last in one.epochs()]
            assert int(found.values_wh[i].sum()) + aside == sum(counted)
            epochs += len(counted)
    assert epochs > 400


def test_no_quarter_is_negative_and_none_is_impossible_without_a_flag():
    for _, power_w, span, series in worlds(range(2000, 2200)):
        found = quarters_of(readings_of(series, power_w), span)
        assert int(found.values_wh.min()) >= 0
        assert int(found.values_wh.max()) <= power_w // 4 + 12
        assert not found.values_wh[found.quality == Quality.MISSING].any()


def digest(quarters: QuarterSeries, series: int) -> str:
    hashed = hashlib.sha256(quarters.values_wh[series].tobytes() + quarters.quality[series].tobytes())
    hashed.update(repr([note._replace(series=0) for note in quarters.notes if note.series == series]).encode())
    return hashed.hexdigest()


def test_ten_thousand_permutations_with_duplicates_give_one_hash():
    permutations = 0
    for seed in range(20):
        random_ = random.Random(seed)
        span = Span(DAY_US, 12)
        rows = disturbed(random_, lawful_stream(random_, span.starts_us - 600 * S, span.ends_us + 600 * S), 6)
        rows += every(60, [5, 6])
        copies = []
        for _ in range(500):
            again = rows + random_.choices(rows, k=random_.randrange(len(rows)))
            random_.shuffle(again)
            copies.append(again)
        found = quarters_of(readings_of([rows, *copies]), span)
        assert len({found.values_wh[i].tobytes() + found.quality[i].tobytes() for i in range(len(copies) + 1)}) == 1
        notes: dict[int, list] = {i: [] for i in range(len(copies) + 1)}
        for note in found.notes:
            notes[note.series].append(note._replace(series=0))
        assert all(other == notes[0] for other in notes.values())
        assert digest(found, 1) == digest(quarters_of(readings_of([copies[0]]), span), 0)
        permutations += len(copies)
    assert permutations == 10_000


def test_the_same_reading_at_two_arrivals_is_one_reading():
    rows = every(60, range(0, 60_000, 1000))
    late = [(at, received + 3600 * S, register) for at, received, register in rows[::3]]
    span = Span(DAY_US, 4)
    assert same(quarters_of(readings_of([rows]), span), quarters_of(readings_of([rows + late]), span))


def test_many_series_in_blocks_are_each_what_they_are_alone(monkeypatch: pytest.MonkeyPatch):
    worlds_ = list(worlds(range(3000, 3010)))
    span = Span(DAY_US, 96)
    series = [rows for _, _, _, one in worlds_ for rows in one] + [[]]
    whole = quarters_of(readings_of(series), span)
    for block in (1, 300, 2000):
        monkeypatch.setattr("apps.engine.intervals.quarters._BLOCK", block)
        assert same(quarters_of(readings_of(series), span), whole)
    for i, rows in enumerate(series):
        alone = quarters_of(readings_of([rows]), span)
        assert digest(alone, 0) == digest(whole, i)


def test_no_series_and_no_readings_make_nothing():
    span = Span(DAY_US, 4)
    assert quarters_of(readings_of([]), span).values_wh.shape == (0, 4)
    empty = quarters_of(readings_of([[], []]), span)
    assert (empty.values_wh.tolist(), empty.quality.tolist(), empty.notes) == ([[0] * 4] * 2, [[0] * 4] * 2, ())
    single = quarters_of(readings_of([every(60, [5000])]), span)
    assert single.quality.tolist() == [[0] * 4]


@pytest.mark.parametrize(
    ("day", "quarters", "starts"),
    [
        (date(2026, 3, 29), 92, "2026-03-28T23:00"),
        (date(2026, 10, 25), 100, "2026-10-24T22:00"),
        (date(2026, 9, 7), 96, "2026-09-06T22:00"),
    ],
)
def test_a_local_day_has_the_quarters_that_pass_in_it(day: date, quarters: int, starts: str):
    span = day_span(day)
    assert (span.quarters, np.datetime64(span.starts_us, "us")) == (quarters, np.datetime64(starts))
    rows = every(300, range(0, 400_000_000, 100_000), span.starts_us - 3600 * S)
    found = quarters_of(readings_of([rows]), span)
    assert found.values_wh.tolist() == [[300] * quarters]
    assert set(found.quality.ravel().tolist()) == {Quality.MEASURED}


def test_a_span_of_days_goes_up_to_the_day_after():
    assert days_span(date(2026, 10, 24), date(2026, 10, 26)) == Span(day_span(date(2026, 10, 24)).starts_us, 196)
    assert days_span(date(2026, 10, 25), date(2026, 10, 26)) == day_span(date(2026, 10, 25))


COLUMNS = ("starts", "measured_us", "received_us", "register_milliwh", "connection_power_w")


@pytest.mark.parametrize("column", COLUMNS)
def test_columns_that_do_not_belong_together_are_refused(column: str):
    good = {"starts": [0, 2], "measured_us": [1, 2], "received_us": [1, 2], "register_milliwh": [1, 2], "connection_power_w": [1]}
    arrays: dict[str, Any] = {name: np.array(values, np.int64) for name, values in good.items()}
    Readings(**arrays)
    with pytest.raises(InputsInconsistent, match="belong together"):
        Readings(**{**arrays, column: np.array([0, 1, 2], np.int64)})
    with pytest.raises(InputsInconsistent, match="int64"):
        Readings(**{**arrays, column: arrays[column].astype(np.float64)})


def test_other_inconsistent_readings_are_refused():
    one, two = np.array([1], np.int64), np.array([1, 2], np.int64)
    with pytest.raises(InputsInconsistent, match="belong together"):
        Readings(np.array([0, 3, 2], np.int64), two, two, two, two)
    with pytest.raises(InputsInconsistent, match="belong together"):
        Readings(np.array([1, 2], np.int64), two, two, two, one)
    with pytest.raises(InputsInconsistent, match="belong together"):
        Readings(np.array([0, 2], np.int64), two, two, two, one, np.array([True, False]))
    for power_w in (-1, 10**8 + 1):
        with pytest.raises(InputsInconsistent, match="Correct the power"):
            readings_of([[]], power_w)


@pytest.mark.parametrize("span", [Span(DAY_US + 1, 4), Span(DAY_US + 60 * S, 4), Span(DAY_US, 0), Span(DAY_US, -1)])
def test_a_span_that_is_not_of_quarters_is_refused(span: Span):
    with pytest.raises(InputsInconsistent, match="quarter of an hour"):
        quarters_of(readings_of([[]]), span)
