"""The stream is emptied into rows: nothing leaves it before its rows are committed, nothing is stored twice."""

import os
import signal
import time
from collections.abc import Iterator

import pytest
from django.conf import settings
from redis import Redis

from apps.engine.telemetry import parsing
from apps.metering.ingest import isolating
from apps.metering.ingest.identities import forget_identities
from apps.metering.models import Broker, DeadLetter, DeviceState, Reading
from apps.metering.raw import DRAINING, FIELD, GROUP, STREAM, RawMessage, encode_batch
from project.failpoints import FailpointReached
from tasks import ingest

pytestmark = pytest.mark.django_db(transaction=True)
NOON_US = 1_772_452_800_000_000


@pytest.fixture
def redis(monkeypatch: pytest.MonkeyPatch) -> Iterator[Redis]:
    monkeypatch.setattr(ingest, "QUIET_S", 0.3)
    monkeypatch.setattr(ingest, "ABANDONED_MS", 50)
    forget_identities()
    client = Redis.from_url(settings.CELERY_BROKER_URL)
    client.delete(STREAM, f"{STREAM}:damaged", DRAINING)
    yield client
    client.delete(STREAM, f"{STREAM}:damaged", DRAINING)


@pytest.fixture
def broker() -> int:
    return Broker.objects.create(name="uno", host="localhost", client_id="uno").pk


def message(number: int, payload: bytes | None = None) -> RawMessage:
    body = payload or f'{{"id":0,"total_act_energy":{number}.25,"total_act_ret_energy":0.0}}'.encode()
    return RawMessage("x/IT001E00000001/em/status/em1data:0", body, NOON_US + number * 1_000_000)


def add(redis: Redis, broker: int, *numbers: int, name: str = "") -> None:
    content = encode_batch(name or f"b{numbers}", broker, [message(number) for number in numbers])
    redis.xadd(STREAM, {FIELD: content})


def stored() -> list[int]:
    drawn = Reading.objects.filter(register_milliwh__gt=0).values_list("register_milliwh", flat=True)
    return sorted(value // 1000 for value in drawn)


def test_what_is_in_the_stream_becomes_rows_and_leaves_it(redis: Redis, broker: int) -> None:
    for first in range(0, 200, 4):
        add(redis, broker, *range(first, first + 4))
    ingest.drain()
    assert stored() == list(range(200))
    assert redis.xlen(STREAM) == 0
    assert DeviceState.objects.get().messages == 200


@pytest.mark.parametrize("where", ["drain.after_read", "drain.after_journal", "drain.before_commit", "drain.after_commit"])
def test_a_worker_that_dies_anywhere_stores_once(redis: Redis, broker: int, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    add(redis, broker, 1, 2, 3)

    def hit(name: str) -> None:
        if name == where:
            raise FailpointReached(name)

    for module in (ingest, __import__("apps.metering.ingest.storing", fromlist=["hit"])):
        monkeypatch.setattr(module, "hit", hit)
    with pytest.raises(FailpointReached):
        ingest.drain()
    assert redis.xlen(STREAM) == 1
    monkeypatch.undo()
    monkeypatch.setattr(ingest, "QUIET_S", 0.3)
    monkeypatch.setattr(ingest, "ABANDONED_MS", 50)
    time.sleep(0.1)
    ingest.drain()
    assert stored() == [1, 2, 3]
    assert DeviceState.objects.get().messages == 3
    assert redis.xlen(STREAM) == 0


@pytest.mark.parametrize("harm", ["exits", "hangs", "eats"])
def test_a_message_that_breaks_its_reader_is_set_aside_and_the_others_are_stored(
    redis: Redis, broker: int, harm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if harm == "hangs":
        monkeypatch.setattr(isolating, "SECONDS", 2)  # of the clock, in which a child must also read what is harmless
    parse = parsing._parse

    def harmful(topic: str, payload: bytes, received_us: int) -> object:
        if b"poison" in payload:
            if harm == "exits":
                os.kill(os.getpid(), signal.SIGKILL)
            elif harm == "hangs":
                time.sleep(60)
            else:
                bytearray(3 * 2**30)
        return parse(topic, payload, received_us)

    monkeypatch.setattr(parsing, "_parse", harmful)
    poison = message(7, b'{"poison": 1}')
    redis.xadd(STREAM, {FIELD: encode_batch("bad", broker, [message(1), poison, message(2)])})
    ingest._ensure_group(redis)
    for _ in range(ingest.CAREFUL_AFTER):
        # two workers took it and are no more
        redis.xreadgroup(GROUP, "dead", {STREAM: ">"}) or redis.xautoclaim(STREAM, GROUP, "dead", min_idle_time=0)
    time.sleep(0.1)
    ingest.drain()
    assert stored() == [1, 2]
    letter = DeadLetter.objects.get()
    assert (letter.reason, bytes(letter.payload)) == ("poison", b'{"poison": 1}')
    assert redis.xlen(STREAM) == 0


def test_an_entry_that_is_no_batch_is_moved_aside(redis: Redis, broker: int) -> None:
    redis.xadd(STREAM, {FIELD: b"junk"})
    redis.xadd(STREAM, {b"other": b"field"})
    add(redis, broker, 5)
    ingest.drain()
    assert stored() == [5]
    assert redis.xlen(STREAM) == 0
    assert redis.xlen(f"{STREAM}:damaged") == 2


def test_two_workers_at_once_store_once(redis: Redis, broker: int) -> None:
    add(redis, broker, 1, 2, name="same")
    add(redis, broker, 1, 2, name="same")
    ingest.drain()
    assert stored() == [1, 2]
    assert DeviceState.objects.get().messages == 2


def test_one_worker_is_enough(redis: Redis, broker: int) -> None:
    add(redis, broker, 1)
    redis.set(DRAINING, "somebody", px=60_000)
    ingest.drain()
    assert stored() == []
    redis.delete(DRAINING)
    ingest.drain()
    assert stored() == [1]
    assert not redis.exists(DRAINING)
