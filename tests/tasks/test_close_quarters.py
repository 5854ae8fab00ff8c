"""The tick that closes quarters: may be lost, doubled or late, and leaves what still runs alone."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from django.conf import settings

from apps.engine.inputs import Quality
from apps.metering.closing import close_quarters
from apps.metering.models import QuarterMark
from tasks import intervals
from tasks.schedule import TIMETABLE
from tests.apps.metering.closing.rows import QUARTER, START_US, S, arrive, hour, instant, meter

pytestmark = pytest.mark.django_db
M, X = Quality.MEASURED, Quality.MISSING


def at(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    monkeypatch.setattr("tasks.intervals.timezone.now", lambda: now)


def test_a_tick_closes_what_is_marked_and_a_second_one_finds_nothing(monkeypatch):
    for number in range(12):
        arrive(meter(f"meter-{number}", f"IT001E000000{number:02d}"), [(START_US + n * 60 * S, n * 50_000) for n in range(20)])
    at(monkeypatch, instant(START_US + QUARTER + 100 * S))
    monkeypatch.setattr(intervals, "close_quarters", partial(close_quarters, limit=5))
    intervals.close_marked_quarters()
    for number in range(12):
        assert hour(f"IT001E000000{number:02d}") == ([750, 0, 0, 0], [M, X, X, X])
    before = sorted(QuarterMark.objects.values_list())
    intervals.close_marked_quarters()
    assert sorted(QuarterMark.objects.values_list()) == before
    assert len(before) == 12


def test_a_quarter_waits_a_moment_for_the_reading_after_its_end(monkeypatch):
    series = meter()
    arrive(series, [(START_US + n * 60 * S, n * 50_000) for n in range(15)])
    at(monkeypatch, instant(START_US + QUARTER) + intervals.SETTLES_AFTER - timedelta(seconds=1))
    intervals.close_marked_quarters()
    assert hour()[1] == [X] * 4
    arrive(series, [(START_US + QUARTER + 30 * S, 775_000)])
    at(monkeypatch, instant(START_US + QUARTER) + intervals.SETTLES_AFTER)
    intervals.close_marked_quarters()
    assert hour() == ([750, 0, 0, 0], [M, X, X, X])


def test_it_stops_in_time_and_the_next_tick_goes_on(monkeypatch):
    arrive(meter(), [(START_US, 0), (START_US + QUARTER, 50_000)])
    at(monkeypatch, datetime(2026, 11, 1, tzinfo=UTC))
    monkeypatch.setattr(intervals, "LONGEST_S", 0.0)
    intervals.close_marked_quarters()
    assert QuarterMark.objects.exists()
    monkeypatch.setattr(intervals, "LONGEST_S", 50.0)
    intervals.close_marked_quarters()
    assert not QuarterMark.objects.exists()


def test_the_workers_know_it_and_the_timetable_calls_it():
    assert "tasks.intervals" in settings.CELERY_IMPORTS
    assert settings.CELERY_TASK_ROUTES["intervals.*"] == {"queue": "ingest"}
    assert [job.every_seconds for job in TIMETABLE if job.task == intervals.close_marked_quarters.name] == [60]
