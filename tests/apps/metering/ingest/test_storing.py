"""Raw batches into rows: each message exactly once, whatever comes twice, late or broken."""

import random
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from psycopg import Cursor

from apps.metering.ingest import apply_batches, store_batches
from apps.metering.ingest.hearing import POISON, message_sha256
from apps.metering.ingest.identities import forget_identities
from apps.metering.models import Broker, DeadLetter, Device, DeviceState, QuarterMark, RawBatch, Reading, Sensor, UnknownTopic
from apps.metering.raw import RawBatchDamaged, RawMessage, decode_batch, decompress, encode_batch

pytestmark = pytest.mark.django_db
NOON_US = int(datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp()) * 1_000_000
SECOND = 1_000_000
TOPIC = "energy/plant/7/device/D1/measurements"


@pytest.fixture
def broker() -> int:
    forget_identities()
    return Broker.objects.create(name="uno", host="localhost", client_id="uno").pk


def native(at_us: int, produced: str = "1.5", consumed: str = "2.25", device: str = "D1") -> bytes:
    at = datetime.fromtimestamp(at_us / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return (
        f'{{"device_id":"{device}","plant_id":7,"timestamp":"{at}",'
        f'"measurements":{{"energy_produced":{produced},"energy_consumed":{consumed},"power_consumed":1.6}}}}'
    ).encode()


def message(number: int, *, delay_s: int = 1) -> RawMessage:
    at_us = NOON_US + number * 60 * SECOND
    return RawMessage(TOPIC, native(at_us, consumed=f"{2 + number / 1000:.3f}"), at_us + delay_s * SECOND)


def rows() -> list[tuple[int, datetime, int, datetime]]:
    return sorted(Reading.objects.values_list("series_id", "measured_at", "register_milliwh", "received_at"))


def test_a_message_becomes_readings_state_and_mark(broker: int) -> None:
    content = encode_batch("b1", broker, [message(0), message(1)])
    applied = store_batches([content])
    assert (applied.batches, applied.messages, applied.readings) == (1, 2, 4)
    device = Device.objects.get()
    assert (device.vendor, device.broker_id) == ("native", broker)
    assert {(row.channel, row.component) for row in device.series.all()} == {("import", "main"), ("production", "main")}
    drawn = device.series.get(channel="import")
    assert [row[2] for row in rows() if row[0] == drawn.pk] == [2_000_000, 2_001_000]
    state = DeviceState.objects.get()
    assert (state.messages, state.power_w) == (2, 1600)
    assert state.last_received_at == datetime(2026, 3, 2, 12, 1, 1, tzinfo=UTC)
    mark = QuarterMark.objects.get(series=drawn)
    assert (mark.from_at, mark.to_at) == (datetime(2026, 3, 2, 12, tzinfo=UTC), datetime(2026, 3, 2, 12, 1, tzinfo=UTC))
    kept = RawBatch.objects.get()
    assert decompress(bytes(kept.content)) == content


def test_a_batch_that_comes_twice_is_counted_once(broker: int) -> None:
    content = encode_batch("b1", broker, [message(0), message(1)])
    store_batches([content, content])
    before = rows()
    QuarterMark.objects.all().delete()
    again = store_batches([content])
    assert (again.batches, again.messages) == (0, 0)
    assert rows() == before
    assert DeviceState.objects.get().messages == 2
    assert not QuarterMark.objects.exists()


def test_the_same_reading_in_another_batch_changes_nothing_but_its_first_arrival(broker: int) -> None:
    store_batches([encode_batch("b1", broker, [message(0, delay_s=30)])])
    QuarterMark.objects.all().delete()
    store_batches([encode_batch("b2", broker, [message(0, delay_s=60)])])
    assert not QuarterMark.objects.exists()
    assert {row[3] for row in rows()} == {datetime(2026, 3, 2, 12, 0, 30, tzinfo=UTC)}
    store_batches([encode_batch("b3", broker, [message(0, delay_s=5)])])
    assert {row[3] for row in rows()} == {datetime(2026, 3, 2, 12, 0, 5, tzinfo=UTC)}


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_arrival_leaves_no_trace(broker: int, seed: int) -> None:
    messages = [message(number) for number in range(20)] * 2
    dice = random.Random(seed)
    dice.shuffle(messages)
    for start in range(0, len(messages), 7):
        store_batches([encode_batch(f"b{start}", broker, messages[start : start + 7])])
    assert [row[1:] for row in rows()] == expected_rows()


def expected_rows() -> list[tuple[datetime, int, datetime]]:
    """Both series, by id: whichever register was met first comes first."""
    found = {}
    for series in {row[0] for row in rows()}:
        of_series = [row for row in rows() if row[0] == series]
        counts_up = len({row[2] for row in of_series}) > 1
        found[series] = [
            (
                datetime.fromtimestamp((NOON_US + n * 60 * SECOND) / 1e6, UTC),
                2_000_000 + n * 1000 if counts_up else 1_500_000,
                datetime.fromtimestamp((NOON_US + n * 60 * SECOND) / 1e6 + 1, UTC),
            )
            for n in range(20)
        ]
    return [row for series in sorted(found) for row in found[series]]


def test_a_message_nobody_can_use_is_kept_and_counted(broker: int) -> None:
    bad = RawMessage(TOPIC, b"\xff\xfe", NOON_US)
    strange = RawMessage("somewhere/else", b"1", NOON_US)
    store_batches([encode_batch("b1", broker, [bad, strange, message(0)])])
    store_batches([encode_batch("b2", broker, [bad._replace(received_us=NOON_US + SECOND), strange])])
    letter = DeadLetter.objects.get()
    assert (letter.reason, letter.times, bytes(letter.payload)) == ("not_utf8", 2, b"\xff\xfe")
    assert letter.device == Device.objects.get()
    assert UnknownTopic.objects.get().messages == 2
    assert len(rows()) == 2


def test_a_retained_message_without_a_time_makes_no_reading(broker: int) -> None:
    payload = b'{"id":0,"total_act_energy":6644.90,"total_act_ret_energy":2595.26}'
    topic = "shelly/IT001E00000001/em/status/em1data:0"
    for number in range(50):
        store_batches([encode_batch(f"b{number}", broker, [RawMessage(topic, payload, NOON_US + number, retained=True)])])
    assert not rows()
    assert DeviceState.objects.get().last_received_at is None
    store_batches([encode_batch("live", broker, [RawMessage(topic, payload, NOON_US)])])
    assert len(rows()) == 2


def test_a_last_will_moves_forward_only(broker: int) -> None:
    topic = "shelly/IT001E00000001/em/online"
    store_batches([encode_batch("b2", broker, [RawMessage(topic, b"false", NOON_US + 2 * SECOND, retained=True)])])
    store_batches([encode_batch("b1", broker, [RawMessage(topic, b"true", NOON_US + SECOND)])])
    assert DeviceState.objects.get().last_will_online is False


def test_sensors_keep_three_readings_and_the_extremes(broker: int) -> None:
    topic = "sito_001/datalogger/tilt/1/heartbeat"
    order = [3, 1, 4, 2, 4]
    for turn, number in enumerate(order):
        payload = (
            '{"heart_beat":"sito_001","sensors_last_data":[{"device_name":"MNA00542",'
            f'"ts":"2026-03-02 12:0{number}:00.000000","last_acc00":0.00{number}}}]}}'
        ).encode()
        store_batches([encode_batch(f"b{turn}", broker, [RawMessage(topic, payload, NOON_US + 600 * SECOND)])])
    sensor = Sensor.objects.get()
    assert [item["values"]["acc00"] for item in sensor.last_three] == ["0.002", "0.003", "0.004"]
    assert sensor.extremes["acc00"] == {"min": "0.001", "max": "0.004"}


def test_a_damaged_batch_stores_nothing(broker: int) -> None:
    with pytest.raises(RawBatchDamaged):
        store_batches([encode_batch("b1", broker, [message(0)]), b"\x93junk"])
    assert not rows()
    assert not RawBatch.objects.exists()


def test_a_guilty_message_is_set_aside_and_stays_so_in_a_replay(broker: int) -> None:
    guilty = message(0)
    content = encode_batch("b1", broker, [guilty, message(1)])
    store_batches([content], guilty={message_sha256(guilty)})
    assert DeadLetter.objects.get().reason == POISON
    assert len(rows()) == 2
    apply_batches([decode_batch(content)])
    assert len(rows()) == 2


def test_a_broker_that_is_gone_makes_dead_letters(broker: int) -> None:
    store_batches([encode_batch("b1", broker + 1, [message(0)])])
    assert DeadLetter.objects.get().reason == "unknown_broker"


def test_the_journal_alone_gives_everything_back(broker: int) -> None:
    for number in range(5):
        store_batches([encode_batch(f"b{number}", broker, [message(number), message(number + 1)])])
    before = rows()
    Reading.objects.all().delete()
    apply_batches([decode_batch(decompress(bytes(batch.content))) for batch in RawBatch.objects.all()])
    assert rows() == before
    assert DeviceState.objects.get().messages == 10


@pytest.mark.parametrize("devices", [1, 60])
def test_queries_do_not_grow_with_messages_or_devices(broker: int, devices: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def batch(name: str, turn: int) -> bytes:
        messages = [
            RawMessage(f"energy/plant/7/device/D{n}/measurements", native(NOON_US + turn * SECOND, device=f"D{n}"), NOON_US)
            for n in range(devices)
        ]
        return encode_batch(name, broker, messages)

    store_batches([batch("first", 0)])
    asked: list[object] = []
    execute = Cursor.execute

    def counted(cursor: Cursor[Any], query: Any, *rest: Any, **more: Any) -> Any:
        asked.append(query)
        return execute(cursor, query, *rest, **more)

    monkeypatch.setattr(Cursor, "execute", counted)
    store_batches([batch("second", 1)])
    assert len(asked) == 10, asked
    assert DeviceState.objects.count() == devices


def test_without_the_journal_a_batch_would_be_counted_twice(broker: int) -> None:
    """The negative control: the gate is what counts once."""
    content = encode_batch("b1", broker, [message(0)])
    store_batches([content])
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM metering_rawbatch")
    store_batches([content])
    assert DeviceState.objects.get().messages == 2
