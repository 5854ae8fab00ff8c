"""Closing without looking back gives what looking back gives, at every closing; and it is done where it may, and nowhere else."""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from apps.metering import closing
from apps.metering.columns import Column
from apps.metering.marks import Marks, Orderly
from apps.metering.models import DayCurve, Device, DeviceAssignment, PointMark, QuarterMark, Reading, RegisterSeries, SeriesNote
from apps.metering.orderly import Recent, load_recent
from apps.metering.register_readings import SeriesReadings, load_with_context
from tests.apps.metering.closing.rows import (
    HOUR,
    MINUTE,
    OTHER_POD,
    POD,
    QUARTER,
    START_US,
    S,
    arrive,
    assign,
    close,
    curve,
    curves_sha256,
    instant,
    make_device,
    make_series,
    meter,
    notes_of_all,
)
from tests.engine.intervals.streams import disturbed, lawful_stream

pytestmark = pytest.mark.django_db
WORLDS = 10
ENDS_US = START_US + 5 * HOUR
Arrival = tuple[int, RegisterSeries, tuple[int, int]]


class Watched:
    """`load_recent`, and how many series it trusted and how many it did not although a note spoke of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, look_back: bool = False) -> None:
        self.trusted = self.refused = 0
        self.look_back = look_back
        monkeypatch.setattr(closing, "load_recent", self)

    def __call__(self, marks: Marks) -> Recent:
        if self.look_back:
            return load_recent(replace(marks, orderly=Orderly.nothing(len(marks))))
        recent = load_recent(marks)
        self.trusted += int(recent.trusted.sum())
        self.refused += int((~recent.trusted).sum())
        return recent


# --- the full way is the oracle ---


def make_world(random_: random.Random) -> tuple[list[Arrival], dict[int, Callable[[], object]]]:
    """Five series of three points and of none; when each of their readings arrives; what is changed, and when."""
    first, second, third, plant = (make_device(key) for key in ("one", "two", "three", "plant"))
    assign(first)
    changed_us = START_US + random_.randrange(2 * HOUR, 4 * HOUR)
    assign(second, OTHER_POD, ends_us=changed_us)
    assign(third, OTHER_POD, starts_us=changed_us)
    assign(plant, POD, role="production", power_w=random_.choice([6000, 20_000]))
    series = [make_series(first), make_series(first, "export"), make_series(second), make_series(third), make_series(plant)]
    arrivals: list[Arrival] = []
    for one in series:
        rows = lawful_stream(random_, START_US, ENDS_US, gaps=random_.random() < 0.3)
        while not 200 < len(rows) < 600 and random_.random() < 0.9:  # about a reading a minute, nearly always
            rows = lawful_stream(random_, START_US, ENDS_US, gaps=random_.random() < 0.3)
        if random_.random() < 0.5:
            rows = disturbed(random_, rows, random_.choice([1, 2, 4]), without=("stamp", "negative"))
        late = random_.choice([0, 0, 0.002, 0.02])
        for at, _, register in rows:
            delay = random_.randrange(2 * HOUR) if random_.random() < late else random_.randrange(3 * S)
            arrivals.append((at + delay, one, (at, register)))
            if random_.random() < late:
                arrivals.append((at + random_.randrange(HOUR), one, (at, register)))
    assignment = DeviceAssignment.objects.get(device=first)

    def strengthen() -> None:
        assignment.connection_power_w = 3000
        assignment.save()
        closing.reopen_assignments([assignment.pk])

    changes: dict[int, Callable[[], object]] = {}
    if random_.random() < 0.3:
        changes[START_US + random_.randrange(HOUR, 4 * HOUR)] = strengthen
    return sorted(arrivals, key=lambda arrival: (arrival[0], arrival[2])), changes


def play(seed: int, watched: Watched) -> list[tuple]:
    """Let a world happen, closing as the worker does; give what is stored after each closing."""
    random_ = random.Random(seed)
    arrivals, changes = make_world(random_)
    states = []
    then_us, now_us = 0, START_US
    while now_us < ENDS_US + 3 * HOUR:
        then_us, now_us = now_us, now_us + random_.choice([QUARTER, QUARTER, QUARTER // 3, 3 * QUARTER])
        for series in {arrival[1] for arrival in arrivals}:
            rows = [row for at, one, row in arrivals if one == series and then_us <= at < now_us]
            if rows:
                arrive(series, rows)
        for at_us, change in changes.items():
            if then_us <= at_us < now_us:
                change()
        batches = close(instant(now_us - 90 * S))
        done = [(one.series, one.points, one.curves, one.quarters_changed, one.notes) for one in batches]
        numbered = {series.pk: n for n, series in enumerate(RegisterSeries.objects.order_by("pk"))}
        states.append((curves_sha256(), sorted((numbered[pk], *rest) for pk, *rest in notes_of_all()), done))
    for model in (DayCurve, SeriesNote, QuarterMark, PointMark, Reading, RegisterSeries, DeviceAssignment, Device):
        model.objects.all().delete()
    return states


@pytest.mark.slow
def test_after_every_closing_the_same_is_stored_as_if_all_was_looked_at(monkeypatch: pytest.MonkeyPatch):
    short, full = Watched(monkeypatch), Watched(monkeypatch, look_back=True)
    for seed in range(WORLDS):
        monkeypatch.setattr(closing, "load_recent", short)
        found = play(seed, short)
        monkeypatch.setattr(closing, "load_recent", full)
        assert found == play(seed, full), seed
    assert short.trusted > 20 * WORLDS
    assert short.refused > 0


# --- where it may be done ---


@pytest.fixture
def looked_back(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The series of which more than the newest readings were loaded, closing after closing."""
    found: list[int] = []

    def load(series: Column, *stretch: Column) -> SeriesReadings:
        found.extend(series.tolist())
        return load_with_context(series, *stretch)

    monkeypatch.setattr(closing, "load_with_context", load)
    return found


def calm(first_minute: int, last_minute: int) -> list[tuple[int, int]]:
    """A reading a minute, five seconds after the minute, 1 Wh each."""
    return [(START_US + n * MINUTE + 5 * S, n * 1000) for n in range(first_minute, last_minute)]


def warm_up(series: RegisterSeries) -> None:
    """Enough readings in order, closed."""
    arrive(series, calm(0, 62))
    close(instant(START_US + HOUR))
    mark = QuarterMark.objects.get(series=series)
    assert (mark.orderly_before_at, mark.orderly_at) == (
        instant(START_US + 59 * MINUTE + 5 * S),
        instant(START_US + HOUR + 5 * S),
    )
    assert mark.orderly_power_w == 6000


def test_a_calm_series_is_closed_from_its_newest_readings(monkeypatch: pytest.MonkeyPatch, looked_back: list[int]):
    series = meter()
    warm_up(series)
    watched = Watched(monkeypatch)
    assert looked_back.pop() == series.pk
    for quarter in (5, 6, 7):
        arrive(series, calm(quarter * 15 - 13, quarter * 15 + 2))
        close(instant(START_US + quarter * QUARTER))
    assert not looked_back
    assert (watched.trusted, watched.refused) == (3, 0)
    assert curve()[0][:8] == [15, 15, 15, 15, 15, 15, 15, 0]


@pytest.mark.parametrize(
    ("rows", "trusted"),
    [
        pytest.param([(START_US + 70 * MINUTE, 69_000)], 1, id="late, in the quarter that runs"),
        pytest.param([(START_US + 50 * MINUTE, 49_500)], 0, id="late, in a quarter that is closed"),
        pytest.param([(START_US + HOUR + 5 * S, 60_001)], 0, id="another value at the last instant that was seen"),
        pytest.param([(START_US + HOUR + 2 * S, 60_000)], 0, id="between the last two that were seen"),
        pytest.param([(START_US + 70 * MINUTE, 0)], 0, id="a glitch since"),
        pytest.param([(START_US + 70 * MINUTE, 10**9)], 0, id="an outlier since"),
    ],
)
def test_what_came_decides(monkeypatch: pytest.MonkeyPatch, rows: list[tuple[int, int]], trusted: int):
    series = meter()
    warm_up(series)
    arrive(series, calm(62, 77))
    arrive(series, rows)
    watched = Watched(monkeypatch)
    close(instant(START_US + 5 * QUARTER))
    assert watched.trusted == trusted


def test_another_connection_is_looked_at_in_full(looked_back: list[int]):
    series = meter()
    warm_up(series)
    DeviceAssignment.objects.update(connection_power_w=5000)
    arrive(series, calm(62, 77))
    close(instant(START_US + 5 * QUARTER))
    assert looked_back == [series.pk, series.pk]
    assert QuarterMark.objects.get().orderly_power_w == 5000
    arrive(series, calm(77, 92))
    close(instant(START_US + 6 * QUARTER))
    assert looked_back == [series.pk, series.pk]


def test_a_point_that_changed_is_looked_at_in_full(looked_back: list[int]):
    series = meter()
    warm_up(series)
    arrive(series, calm(62, 77))
    closing.reopen_assignments(DeviceAssignment.objects.values_list("pk", flat=True))
    close(instant(START_US + 5 * QUARTER))
    assert looked_back == [series.pk, series.pk]
    assert curve()[0][:6] == [15, 15, 15, 15, 15, 0]


def test_a_device_that_moved_is_looked_at_in_full(looked_back: list[int]):
    series = meter()
    warm_up(series)
    arrive(series, calm(62, 77))
    moved_at = instant(START_US + 65 * MINUTE)
    DeviceAssignment.objects.update(ends_at=moved_at)
    assign(series.device, OTHER_POD, starts_us=START_US + 65 * MINUTE)
    close(instant(START_US + 5 * QUARTER))
    assert looked_back == [series.pk, series.pk]
    assert (curve()[0][4], curve(OTHER_POD)[0][4]) == (4, 10)


def test_few_readings_are_no_ground_for_trust():
    series = meter()
    arrive(series, [(START_US + n * 5 * MINUTE, n * 1000) for n in range(14)])
    close(instant(START_US + HOUR))
    assert QuarterMark.objects.get().orderly_at is None
