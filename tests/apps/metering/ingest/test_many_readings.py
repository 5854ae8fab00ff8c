"""Many readings at once leave what the one statement leaves, whatever is known already and whoever else stores."""

import random
import threading
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction

from apps.metering.ingest import many_readings, writing
from apps.metering.ingest.hearing import Heard, Identity
from apps.metering.models import Broker, Device, QuarterMark, Reading, RegisterSeries
from apps.metering.partitions import keep_partitions

NOBODY = Identity(0, "", "")
NOON_US = 1_772_452_800_000_000
MINUTE_US = 60_000_000
MONTH_US = 31 * 86_400_000_000
Row = tuple[int, int, int, int]  # series, measured, register, received
pytestmark = pytest.mark.django_db


@pytest.fixture
def series() -> list[int]:
    keep_partitions(as_of=datetime(2026, 3, 2, tzinfo=UTC))
    broker = Broker.objects.create(name="many", host="localhost", client_id="many")
    device = Device.objects.create(broker=broker, vendor="x", key="x", first_seen_at=datetime(2026, 1, 1, tzinfo=UTC))
    rows = [RegisterSeries.objects.create(device=device, component=str(n), channel="import") for n in range(6)]
    return [row.pk for row in rows]


def write(rows: Sequence[Row], many: int) -> int:
    heard = [Heard(NOBODY, "", "", measured, register, received) for _, measured, register, received in rows]
    before, writing.MANY = writing.MANY, many
    try:
        with transaction.atomic():
            return writing.write_readings([row[0] for row in rows], heard)
    finally:
        writing.MANY = before


def make_rows(random_: random.Random, series: list[int], count: int) -> list[Row]:
    """Readings of a month or two, some of them several times, with other registers at the same instant, and other arrivals."""
    rows: list[Row] = []
    months, hour = random_.choice([[0], [MONTH_US], [0, MONTH_US]]), random_.randrange(6)
    for _ in range(count):
        measured = NOON_US + random_.choice(months) + (hour * 60 + random_.randrange(12)) * MINUTE_US
        rows.append((random_.choice(series), measured, random_.randrange(3), measured + random_.randrange(4) * 1_000_000))
    return rows


def stored() -> tuple[list[tuple], list[tuple]]:
    return (
        sorted(Reading.objects.values_list("series_id", "measured_at", "register_milliwh", "received_at")),
        sorted(QuarterMark.objects.values_list("series_id", "from_at", "to_at", "version")),
    )


def forget() -> None:
    Reading.objects.all().delete()
    QuarterMark.objects.all().delete()


@pytest.mark.parametrize("seed", range(25))
def test_both_ways_leave_the_same(series: list[int], seed: int):
    random_ = random.Random(seed)
    batches = [make_rows(random_, series, random_.randrange(1, 60)) for _ in range(5)]
    by_one_statement = [(write(rows, many=10_000), stored()) for rows in batches]
    forget()
    assert [(write(rows, many=1), stored()) for rows in batches] == by_one_statement


def test_what_is_new_is_copied(series: list[int], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(writing, "_READINGS", "nobody asks")
    rows = [(one, NOON_US + n * MINUTE_US, n, NOON_US + n * MINUTE_US) for n in range(50) for one in series]
    assert [write(rows[half::2], many=1) for half in (0, 1)] == [150, 150]
    assert Reading.objects.count() == 300


def test_what_somebody_stores_in_that_moment_is_not_stored_twice(series: list[int], monkeypatch: pytest.MonkeyPatch):
    random_ = random.Random(1)
    known, rows = make_rows(random_, series, 40), make_rows(random_, series, 80)
    write(known, many=10_000)
    write(rows, many=10_000)
    wanted = stored()
    forget()
    write(known, many=1)
    monkeypatch.setattr(many_readings, "_is_some_known", lambda *_: False)  # asked a moment too early
    write(rows, many=1)
    assert stored() == wanted


@pytest.mark.django_db(transaction=True)
def test_two_who_store_the_same_at_once_neither_lock_each_other_out_nor_store_twice(series: list[int]):
    batches = [make_rows(random.Random(seed), series, 200) for seed in range(30)]
    failures: list[Exception] = []

    def work(seed: int) -> None:
        try:
            for rows in random.Random(seed).sample(batches, len(batches)):
                write(random.Random(seed).sample(rows, len(rows)), many=1)
        except Exception as failure:  # noqa: BLE001 - reported by the test
            failures.append(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not failures
    found = {row[:3]: row[3] for row in stored()[0]}
    wanted: dict[tuple, int] = {}
    for rows in batches:
        for one, measured, register, received in rows:
            key = (one, datetime.fromtimestamp(measured / 1e6, UTC), register)
            wanted[key] = min(wanted.get(key, received), received)
    assert found == {key: datetime.fromtimestamp(received / 1e6, UTC) for key, received in wanted.items()}
