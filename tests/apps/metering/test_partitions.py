"""Partitions of the hot tables: made ahead, once, filled from the default one, dropped when retention says so, by two at once."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections

from apps.metering.models import RawBatch, Reading
from apps.metering.partitions import KEEP_DAYS, KEEP_MONTHS, keep_partitions, list_partitions, readings_kept_from

NOON = datetime(2031, 3, 15, 12, tzinfo=UTC)


@pytest.fixture
def _clean(transactional_db):
    """Partitions are no rows: whatever a test leaves must go."""
    before = set(list_partitions())
    yield
    with connection.cursor() as cursor:
        for name in set(list_partitions()) - before:
            cursor.execute(f"DROP TABLE {name}")


def reading(at: datetime) -> None:
    Reading.objects.create(series_id=1, measured_at=at, register_milliwh=5, received_at=at)


def batch(at: datetime, name: str = "b") -> None:
    RawBatch.objects.create(received_at=at, batch=name, broker_id=1, messages=1, content=b"x")


def rows_in(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ONLY {table}")
        return int(cursor.fetchone()[0])


@pytest.mark.usefixtures("_clean")
def test_the_coming_months_and_days_are_made_ahead_and_again_changes_nothing():
    made, _ = keep_partitions(as_of=NOON)
    readings = [name for name in made if "reading" in name]
    assert readings == [f"metering_reading_2031{month:02d}" for month in (2, 3, 4, 5)]
    journal = [f"metering_rawbatch_203103{day:02d}" for day in range(14, 23)]
    assert [name for name in made if "rawbatch" in name] == journal
    assert set(made) <= set(list_partitions())
    assert keep_partitions(as_of=NOON) == ([], [])
    later, _ = keep_partitions(as_of=NOON + timedelta(days=1))
    assert later == ["metering_rawbatch_20310323"]


@pytest.mark.usefixtures("_clean")
def test_rows_go_to_the_partition_of_their_utc_day_or_month_to_the_microsecond():
    keep_partitions(as_of=NOON)
    last = datetime(2031, 3, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    reading(last)
    reading(last + timedelta(microseconds=1))
    batch(datetime(2031, 3, 15, tzinfo=UTC))
    counts = [rows_in(name) for name in ("metering_reading_203103", "metering_reading_203104", "metering_rawbatch_20310315")]
    assert counts == [1, 1, 1]


@pytest.mark.usefixtures("_clean")
def test_rows_that_waited_in_the_default_partition_move_over_and_stay_readable():
    """A timetable that stood still: nothing is refused meanwhile, nothing is lost afterwards."""
    for day in (10, 15):
        reading(NOON.replace(day=day))
        batch(NOON.replace(day=day))
    reading(NOON.replace(year=2035))
    assert (rows_in("metering_reading_default"), rows_in("metering_rawbatch_default")) == (3, 2)
    before = sorted(Reading.objects.values_list("measured_at", "register_milliwh", "received_at"))
    keep_partitions(as_of=NOON)
    assert rows_in("metering_reading_203103") == 2
    assert rows_in("metering_rawbatch_20310315") == 1
    assert (rows_in("metering_reading_default"), rows_in("metering_rawbatch_default")) == (1, 1)
    assert sorted(Reading.objects.values_list("measured_at", "register_milliwh", "received_at")) == before


@pytest.mark.usefixtures("_clean")
def test_what_is_past_retention_is_dropped_and_nothing_else():
    old = NOON - timedelta(days=KEEP_DAYS + 40)
    keep_partitions(as_of=old)
    batch(old)
    reading(old)
    _, dropped = keep_partitions(as_of=NOON)
    assert f"metering_rawbatch_{old:%Y%m%d}" in dropped
    assert all(name.startswith("metering_rawbatch_2030") for name in dropped if "203" in name)
    assert not RawBatch.objects.exists()
    assert Reading.objects.count() == 1
    edge = f"metering_rawbatch_{NOON - timedelta(days=KEEP_DAYS):%Y%m%d}"
    assert edge not in dropped
    much_later = NOON + timedelta(days=31 * (KEEP_MONTHS + 6))
    _, dropped = keep_partitions(as_of=much_later)
    assert f"metering_reading_{old:%Y%m}" in dropped
    assert not Reading.objects.exists()


@pytest.mark.usefixtures("_clean")
def test_months_are_kept_to_the_last_one_that_retention_names():
    keep_partitions(as_of=datetime(2031, 1, 20, tzinfo=UTC))
    _, dropped = keep_partitions(as_of=datetime(2033, 3, 1, tzinfo=UTC))
    assert "metering_reading_203012" in dropped
    assert "metering_reading_203101" not in dropped
    assert readings_kept_from(datetime(2033, 3, 1, tzinfo=UTC)) == datetime(2031, 2, 1, tzinfo=UTC)


@pytest.mark.usefixtures("_clean")
def test_two_at_once_make_every_partition_once():
    start, made, errors = threading.Barrier(4), [], []

    def work() -> None:
        try:
            start.wait()
            made.extend(keep_partitions(as_of=NOON)[0])
        except Exception as error:  # noqa: BLE001 - a thread has nobody to raise to
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(made) == len(set(made)) == 13


@pytest.mark.usefixtures("_clean")
def test_a_partition_stands_in_the_way_of_no_row_of_another_day():
    keep_partitions(as_of=NOON)
    batch(NOON + timedelta(days=60), "far")
    batch(NOON - timedelta(days=60), "old")
    assert rows_in("metering_rawbatch_default") == 2
