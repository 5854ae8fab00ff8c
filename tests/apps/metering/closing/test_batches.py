"""How the work is cut: the same queries for one device and for fifty, closers side by side, marks that grow meanwhile."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, connections
from psycopg import Cursor

from apps.metering import closing
from apps.metering.closing import close_quarters
from apps.metering.models import DayCurve, QuarterMark, Source
from apps.metering.quarter_curves import grouped
from apps.metering.series_notes import replace_notes
from tests.apps.metering.closing.rows import (
    DAY,
    LATE,
    QUARTER,
    START_US,
    WH,
    E,
    M,
    S,
    X,
    arrive,
    close,
    curve,
    curves_sha256,
    every,
    hour,
    instant,
    meter,
)

HOUR_OF_MINUTES = [n * 50 * WH for n in range(61)]


def pod(number: int) -> str:
    return f"IT001E{number:08d}"


@contextmanager
def counted() -> Iterator[list[str]]:
    """Everything sent to the database, through Django or past it."""
    seen: list[str] = []

    class Counting(Cursor):
        def execute(self, query, *arguments, **given):
            seen.append(str(query))
            return super().execute(query, *arguments, **given)

        def copy(self, statement, *arguments, **given):
            seen.append(str(statement))
            return super().copy(statement, *arguments, **given)

    connection.ensure_connection()
    factory = connection.connection.cursor_factory
    connection.connection.cursor_factory = Counting
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("apps.metering.ingest.binary.Cursor", Counting)
        yield seen
    connection.connection.cursor_factory = factory


def queries_of(devices: int, first: int) -> int:
    series = [meter(f"m{n}", pod(n)) for n in range(first, first + devices)]
    for one in series:
        arrive(one, every(60, HOUR_OF_MINUTES))
    with counted() as seen:
        closed = close_quarters(as_of=LATE)
    assert closed.series == devices
    assert len(seen) > 8
    return len(seen)


@pytest.mark.django_db
def test_fifty_devices_take_as_many_queries_as_one():
    one, fifty = queries_of(1, 1), queries_of(50, 100)
    assert one == fifty
    assert DayCurve.objects.count() == 51


@pytest.mark.django_db
def test_a_negative_control_of_the_count_a_batch_per_device_is_seen():
    for number in range(3):
        arrive(meter(f"m{number}", pod(number)), every(60, HOUR_OF_MINUTES))
    with counted() as seen:
        close_quarters(as_of=LATE, limit=3)
    together = len(seen)
    QuarterMark.objects.all().delete()
    for number in range(3):
        arrive(meter(f"n{number}", pod(10 + number)), every(60, HOUR_OF_MINUTES))
    with counted() as seen:
        close(limit=1)
    assert len(seen) > 2 * together


@pytest.mark.django_db
def test_batches_go_through_all_marks_in_order_and_a_large_mark_goes_alone(monkeypatch):
    for number in range(7):
        arrive(meter(f"m{number}", pod(number)), every(60, HOUR_OF_MINUTES))
    batches = close(limit=3)
    assert [one.series for one in batches] == [3, 3, 1]
    monkeypatch.setattr(closing, "_QUARTERS", 1)
    arrive(meter("n1", pod(21)), every(60, HOUR_OF_MINUTES))
    arrive(meter("n2", pod(22)), every(60, HOUR_OF_MINUTES))
    assert [one.series for one in close()] == [1, 1]
    assert hour(pod(22)) == ([750] * 4, [M] * 4)


@pytest.mark.django_db
def test_points_with_spans_far_apart_and_of_all_lengths_are_closed_together():
    random_ = random.Random(3)
    wanted = {}
    for number in range(20):
        series = meter(f"m{number}", pod(number))
        starts_us = START_US - random_.randrange(60) * DAY
        count = random_.choice([3, 30, 300, 3000])
        arrive(series, every(300, [n * 10 * WH for n in range(count)], starts_us))
        wanted[pod(number)] = (count - 1) * 10
    (closed,) = close()
    assert closed.series == 20
    sums = {}
    for name in wanted:
        days = DayCurve.objects.filter(pod_key=name).values_list("day", flat=True)
        sums[name] = sum(sum(curve(name, on)[0]) for on in days)
    assert sums == wanted


def test_a_year_beside_an_hour_makes_no_matrix_of_both():
    import numpy as np

    starts = np.array([0, 5, 35_000, 100]) * QUARTER
    groups = list(grouped(starts, np.array([35_040, 4, 4, 0])))
    assert sorted(group.targets.tolist() for group in groups) == [[0], [1], [2]]
    assert all(group.span.quarters <= 35_040 for group in groups)


@pytest.mark.django_db(transaction=True)
def test_closers_side_by_side_and_readings_coming_in_end_where_one_alone_ends():
    series = [meter(f"m{number}", pod(number)) for number in range(12)]
    rows = {one.pk: every(20, [n * 17 * WH for n in range(500)]) for one in series}
    start, errors, done = threading.Barrier(4), [], threading.Event()

    def store(seed: int) -> None:
        random_ = random.Random(seed)
        work = [(one, rows[one.pk][first : first + 50]) for one in series for first in range(0, 500, 50)]
        random_.shuffle(work)
        start.wait()
        for one, part in work:
            arrive(one, part)

    def shut(_seed: int) -> None:
        start.wait()
        while not done.is_set():
            close_quarters(as_of=LATE, limit=5)

    def guarded(work, seed: int) -> None:
        try:
            work(seed)
        except Exception as error:  # noqa: BLE001 - a thread has nobody to raise to
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=guarded, args=(work, seed)) for seed, work in enumerate((store, store, shut, shut))]
    for thread in threads:
        thread.start()
    for thread in threads[:2]:
        thread.join()
    done.set()
    for thread in threads[2:]:
        thread.join()
    assert errors == []
    close()
    together = curves_sha256()
    DayCurve.objects.all().delete()
    for one in series:
        arrive(one, rows[one.pk])
    close()
    assert curves_sha256() == together
    assert DayCurve.objects.filter(source=Source.DEVICE).count() == 12


@pytest.mark.django_db
def test_what_comes_in_while_closing_keeps_its_mark(monkeypatch):
    series = meter()
    arrive(series, every(60, HOUR_OF_MINUTES[:30]))
    inner = replace_notes

    def meanwhile(*arguments):
        monkeypatch.setattr(closing, "replace_notes", inner)
        arrive(series, every(60, HOUR_OF_MINUTES)[30:])
        return inner(*arguments)

    monkeypatch.setattr(closing, "replace_notes", meanwhile)
    close_quarters(as_of=LATE)
    assert hour() == ([750, 700, 0, 0], [M, E, X, X])
    mark = QuarterMark.objects.get()
    assert (mark.from_at, mark.version) == (instant(START_US), 2)
    close()
    assert hour() == ([750] * 4, [M] * 4)


@pytest.mark.django_db
def test_a_failure_in_the_middle_leaves_everything_as_it_was(monkeypatch):
    series = meter()
    arrive(series, every(60, HOUR_OF_MINUTES))

    def fail(*_arguments, **_given):
        raise RuntimeError("the worker dies here")

    with monkeypatch.context() as patch:
        patch.setattr(closing, "settle_marks", fail)
        with pytest.raises(RuntimeError, match="dies"):
            close_quarters(as_of=LATE)
    assert (DayCurve.objects.count(), QuarterMark.objects.count()) == (0, 1)
    close()
    assert hour() == ([750] * 4, [M] * 4)


# --- negative controls: mistakes that these tests must see ---


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("place", "mistake"),
    [
        ("apps.metering.closing.find_reach", lambda series, from_us, to_us: (from_us, to_us)),
        ("apps.metering.register_readings.find_reach", lambda series, from_us, to_us: (from_us, to_us)),
    ],
    ids=["no reach", "no context"],
)
def test_without_the_readings_around_the_curve_is_wrong(monkeypatch, place, mistake):
    def ends(broken: bool) -> str:
        series = meter(f"meter-{broken}", pod(int(broken)))
        rows = every(60, [n * 50 * WH if n != 100 else 0 for n in range(300)], START_US + 30 * S)
        for first in range(0, 300, 7):
            arrive(series, rows[first : first + 7])
            close(instant(rows[min(first + 6, 299)][0] + QUARTER))
        return str(curve(pod(int(broken))))

    right = ends(False)
    monkeypatch.setattr(place, mistake)
    assert ends(True) != right


@pytest.mark.django_db
def test_marks_removed_whatever_their_version_lose_quarters(monkeypatch):
    series = meter()
    arrive(series, every(60, HOUR_OF_MINUTES[:30]))
    inner = replace_notes

    def meanwhile(*arguments):
        arrive(series, every(60, HOUR_OF_MINUTES)[30:])
        return inner(*arguments)

    monkeypatch.setattr(closing, "replace_notes", meanwhile)
    monkeypatch.setattr(closing, "settle_marks", lambda *_marks, **_given: QuarterMark.objects.all().delete())
    close()
    assert hour() != ([750] * 4, [M] * 4)
