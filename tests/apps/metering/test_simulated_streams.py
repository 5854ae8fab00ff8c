"""Days of simulated devices, from raw batches to stored curves: not one Wh more or less than their registers counted."""

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from apps.engine.inputs import Quality
from apps.metering.ingest import store_batches
from apps.metering.ingest.identities import forget_identities
from apps.metering.models import Broker, DeadLetter, Device, DeviceAssignment, DeviceState, Reading, SeriesNote
from apps.metering.queries import get_day_curve
from apps.metering.raw import RawMessage, encode_batch
from fixtures.simulator import Expected, Fleet, Shares, Told, expected_of, messages_of
from tests.apps.metering.closing.rows import close

pytestmark = pytest.mark.django_db
STARTS_AT = datetime(2026, 3, 27, 6, tzinfo=UTC)  # the day of 23 hours is among them
STARTS_US = int(STARTS_AT.timestamp()) * 1_000_000
EVERY_US = 120_000_000
HOURS = 60
DAYS = [STARTS_AT.date() + timedelta(days=offset) for offset in range(-1, 5)]
LATER = STARTS_AT + timedelta(days=10)
# one meter each; two clamps of one device are one curve, whose parts are not known at the same times
MODELS = ["shelly_em", "shelly_gen1", "shelly_rpc", "tasmota"]
SHARES = Shares(resets=0.004, gaps=0.01, duplicates=0.05, disorder=0.05, longest_gap=11 * 60)


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    forget_identities()


def make_messages(seed: int) -> tuple[Fleet, list[Told]]:
    made = Fleet.of(8, seed, starts_us=STARTS_US, interval_us=EVERY_US, models=MODELS)
    ends_us = STARTS_US + HOURS * 3_600_000_000
    stream = messages_of(made, seed, starts_us=STARTS_US, interval_us=EVERY_US, shares=SHARES, ends_us=ends_us)
    return made, list(stream)


def bind(made: Fleet, broker: Broker) -> None:
    for device in made.devices:
        row = Device.objects.create(broker=broker, vendor=device.model.vendor, key=device.key, first_seen_at=STARTS_AT)
        DeviceAssignment.objects.create(
            device=row, pod_key=device.pod, connection_power_w=device.connection_power_w, starts_at=STARTS_AT - timedelta(days=9)
        )


def store(messages: list[Told], broker: Broker, chance: random.Random) -> None:
    """Cut the stream into batches anywhere, and store them in another order than they came, some of them twice."""
    raw = [RawMessage(told.topic, told.payload, told.sent_us) for told in messages]
    cuts = sorted({0, len(raw), *(chance.randrange(1, len(raw)) for _ in range(60))})
    contents = [encode_batch(f"batch-{first}", broker.pk, raw[first:last]) for first, last in pairwise(cuts)]
    contents += chance.sample(contents, 10)
    chance.shuffle(contents)
    for first in range(0, len(contents), 7):
        store_batches(contents[first : first + 7])
        if chance.random() < 0.3:
            close(LATER)
    close(LATER)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_curves_of_a_stream_hold_what_its_registers_counted(seed: int):
    broker = Broker.objects.create(name="b", host="localhost", client_id="c")
    made, messages = make_messages(seed)
    bind(made, broker)
    store(messages, broker, random.Random(seed))
    expected = expected_of(messages)

    assert min(made.resets, made.gaps, made.duplicates, made.late) > 5
    assert DeadLetter.objects.count() == 0
    assert Reading.objects.count() == sum(row.readings for row in expected)
    spoken: dict[str, int] = defaultdict(int)
    for told in messages:
        spoken[told.key] += 1
    assert dict(DeviceState.objects.values_list("device__key", "messages")) == spoken
    pods = {device.key: device.pod for device in made.devices}
    for row in expected:
        wh, qualities = stored(pods[row.series.key], row.series.channel)
        assert wh == row.energy_wh, row.series
        assert Quality.SUSPECT not in qualities
    kinds = {kind for _, _, kind in (note for row in expected for note in row.doubtful)}
    assert kinds == {"reset", "gap"}
    assert set(SeriesNote.objects.values_list("kind", flat=True)) == {"reset"}  # common gaps are in the quality, not in notes
    assert SeriesNote.objects.filter(kind="reset").count() == count_of(expected, "reset")


def stored(pod: str, channel: str) -> tuple[int, set[int]]:
    """The sum of a POD's days, and their qualities."""
    days = [get_day_curve(pod, day) for day in DAYS]
    if channel == "import":
        return sum(int(day.withdrawn_wh.sum()) for day in days), {int(q) for day in days for q in day.withdrawn_quality}
    return sum(int(day.injected_wh.sum()) for day in days), {int(q) for day in days for q in day.injected_quality}


def count_of(expected: list[Expected], kind: str) -> int:
    return sum(found == kind for row in expected for _, _, found in row.doubtful)
