"""The ladder: stream, spool, nowhere; and every rung gives back."""

from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from apps.listener.batches import Batch
from apps.listener.sink import Sink
from apps.listener.spool import Spool
from apps.listener.stream import Stream
from apps.metering.broker_status import Stage

CLIENT = Client(CallbackAPIVersion.VERSION2, client_id="x", clean_session=False)


def make_batches(*contents: bytes) -> list[Batch]:
    return [Batch(broker_id=1, content=content, messages=1, first_at=0.0, client=CLIENT, acks=[]) for content in contents]


class Obedient(Stream):
    """A stream that takes what it is told to take."""

    def __init__(self) -> None:
        super().__init__("redis://localhost:1/0")
        self.taken: list[bytes] = []
        self.answers: Any = lambda content: True

    def add(self, contents: Any, now: float) -> list[bool]:
        answers = [bool(self.answers(content)) for content in contents]
        self.taken += [content for content, ok in zip(contents, answers, strict=True) if ok]
        if not all(answers):
            self._rest(now, ConnectionError("away"))
        return answers


@pytest.fixture
def stream() -> Obedient:
    return Obedient()


def test_what_the_stream_refuses_is_kept_on_disk_and_given_back(stream: Obedient, tmp_path: Path):
    sink = Sink(stream, Spool(tmp_path), lambda: 10)
    stream.answers = lambda content: content != b"b"
    in_stream, in_spool, nowhere = sink.store(make_batches(b"a", b"b", b"c"), 0.0)
    assert [[batch.content for batch in part] for part in (in_stream, in_spool, nowhere)] == [[b"a", b"c"], [b"b"], []]
    assert sink.stage is Stage.SPOOL
    assert sink.replay(0.1) == 0  # the stream still rests
    stream.answers = lambda content: True
    assert sink.replay(10.0) == 1
    assert stream.taken == [b"a", b"c", b"b"]
    assert sink.store(make_batches(b"d"), 11.0)[0]
    assert (sink.stage, sink.last_error) == (Stage.STREAM, "")


def test_giving_back_stops_at_the_first_refusal_and_goes_on_there(stream: Obedient, tmp_path: Path):
    spool = Spool(tmp_path)
    spool.append([b"1", b"2", b"3"])
    sink = Sink(stream, spool, lambda: 10)
    stream.answers = lambda content: content == b"1"
    assert sink.replay(0.0) == 1
    stream.answers = lambda content: True
    assert sink.replay(10.0) == 2
    assert stream.taken == [b"1", b"2", b"3"]


@pytest.mark.parametrize(("percent", "stage"), [(79, Stage.SPOOL), (80, Stage.PAUSED), (100, Stage.PAUSED)])
def test_a_full_disk_takes_nothing(stream: Obedient, tmp_path: Path, percent: int, stage: Stage):
    stream.answers = lambda content: False
    sink = Sink(stream, Spool(tmp_path), lambda: percent)
    *_, nowhere = sink.store(make_batches(b"a"), 0.0)
    assert sink.stage is stage
    assert bool(nowhere) == (stage is Stage.PAUSED)
    assert bool(list(tmp_path.iterdir())) == (stage is Stage.SPOOL)


def test_a_stream_that_failed_rests_longer_and_longer_up_to_a_limit():
    stream = Stream("redis://localhost:1/0")
    now, rests = 0.0, []
    for _ in range(8):
        assert stream.is_ready(now)
        assert stream.add([b"x"], now) == [False]
        until = now
        while not stream.is_ready(until):
            until += 0.25
        rests.append(until - now)
        now = until
    assert rests == [0.25, 0.5, 1.0, 2.0, 4.0, 4.0, 4.0, 4.0]
    assert "ConnectionError" in stream.last_error
