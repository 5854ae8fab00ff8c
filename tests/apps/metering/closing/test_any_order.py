"""Whatever the order, the repetitions and the moments of closing: one hash of curves and notes, that of the rules at once."""

import random

import pytest

from apps.engine.inputs import Quality
from apps.engine.intervals import Span, quarters_of
from apps.metering.models import DayCurve, QuarterMark, Reading, RegisterSeries, SeriesNote
from tests.apps.metering.closing.rows import (
    DAY,
    HOUR,
    QUARTER,
    START_US,
    S,
    arrive,
    close,
    curve,
    curves_sha256,
    instant,
    meter,
    notes_of_all,
)
from tests.engine.intervals.streams import disturbed, lawful_stream, readings_of

pytestmark = pytest.mark.django_db
WORLDS, ORDERS = 30, 8
KINDS = {"unit_change", "reset", "glitch", "outlier", "jump", "conflict", "long_gap"}


def world(seed: int) -> list[tuple[int, int]]:
    """Readings of half a day, calm or hostile, each once."""
    random_ = random.Random(seed)
    rows = lawful_stream(random_, START_US + HOUR, START_US + random_.choice([3, 12, 40]) * HOUR)
    rows = disturbed(random_, rows, random_.choice([0, 2, 6, 15]), without=("stamp", "negative"))
    rows = [row for row in rows if abs(row[0] - START_US) < 3 * DAY and 0 <= row[2] <= 10**15]
    return sorted({(at, register) for at, _, register in rows}) or [(START_US + HOUR, 0)]


def at_once(rows: list[tuple[int, int]]) -> tuple[list[int], list[int]]:
    found = quarters_of(readings_of([[(at, at + S, register) for at, register in rows]], 6000), Span(START_US, 96))
    values, quality = found.values_wh[0].tolist(), found.quality[0].tolist()
    return values, quality


def forget() -> None:
    for model in (DayCurve, SeriesNote, QuarterMark, Reading):
        model.objects.all().delete()
    RegisterSeries.objects.update(doubt_from=None)


@pytest.mark.slow
def test_any_order_and_any_moments_of_closing_give_one_hash():
    series = meter()
    kinds: set[str] = set()
    orders = 0
    for seed in range(WORLDS):
        rows = world(seed)
        wanted: set[tuple] = set()
        for order in range(ORDERS):
            random_ = random.Random(seed * 1000 + order)
            arrivals = rows + random_.choices(rows, k=random_.randrange(len(rows) + 1))
            if order % 2:
                random_.shuffle(arrivals)
            else:  # mostly in order, some late
                late = random_.choice([0, 0.05, 0.5])
                arrivals.sort(key=lambda row: (row[0] + (random_.random() < late) * random_.randrange(6 * HOUR), row[1]))
            cuts = sorted(random_.sample(range(len(arrivals)), min(len(arrivals), random_.choice([0, 1, 3, 6]))))
            for first, last in zip([0, *cuts], [*cuts, len(arrivals)], strict=True):
                if arrivals[first:last]:
                    arrive(series, arrivals[first:last])
                    close(instant(max(at for at, _ in arrivals[:last]) + random_.randrange(2 * HOUR)))
            close()
            assert curve() == at_once(rows), (seed, order)
            wanted.add((curves_sha256(), tuple(notes_of_all())))
            kinds |= set(SeriesNote.objects.values_list("kind", flat=True))
            forget()
            orders += 1
        assert len(wanted) == 1, seed
    assert orders == WORLDS * ORDERS
    assert kinds >= KINDS


def test_closing_again_changes_nothing():
    series = meter()
    rows = world(5)
    arrive(series, rows)
    close()
    before = curves_sha256(), notes_of_all(), list(DayCurve.objects.values_list("updated_at", flat=True))
    arrive(series, rows)
    batches = close(instant(START_US + 40 * DAY))
    assert [(one.curves, one.quarters_changed, one.notes) for one in batches] == [(0, 0, 0)]
    assert before == (curves_sha256(), notes_of_all(), list(DayCurve.objects.values_list("updated_at", flat=True)))


def test_quarters_that_still_run_are_not_stated_and_wait_for_their_end():
    series = meter()
    rows = [(START_US + n * 60 * S, n * 1000) for n in range(40)]
    arrive(series, rows)
    close(instant(START_US + 39 * 60 * S))
    assert curve()[1][:4] == [Quality.MEASURED, Quality.MEASURED, Quality.MISSING, Quality.MISSING]
    mark = QuarterMark.objects.get()
    assert (mark.from_at, mark.to_at) == (instant(START_US + 2 * QUARTER), instant(rows[-1][0]))
    close(instant(START_US + 3 * QUARTER))
    assert curve()[1][:4] == [Quality.MEASURED, Quality.MEASURED, Quality.ESTIMATED, Quality.MISSING]
    assert curve()[0][:3] == [15, 15, 9]
    assert not QuarterMark.objects.exists()
