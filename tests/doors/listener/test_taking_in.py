"""What is received is kept as it came, whatever bytes it holds, and becomes batches of a bounded size."""

import random

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from apps.listener.batches import Ack, make_namer
from apps.listener.held import MOST_BYTES, Held
from apps.metering.raw import decode_batch


def make_message(topic: bytes, payload: bytes, mid: int = 7, qos: int = 1, retain: bool = False) -> MQTTMessage:
    message = MQTTMessage(mid=mid, topic=topic)
    message.payload, message.qos, message.retain = payload, qos, retain
    return message


@pytest.fixture
def client() -> Client:
    return Client(CallbackAPIVersion.VERSION2, client_id="x", clean_session=False, manual_ack=True)


@pytest.fixture
def held() -> Held:
    return Held(3, "client", make_namer(17))


@pytest.mark.parametrize(
    ("topic", "expected"),
    [
        (b"a/b", "a/b"),
        ("città/€".encode(), "città/€"),
        (b"\xff\xfe/x", "\\xff\\xfe/x"),
        (b"a\x00b", "a\x00b"),
        (b"\xed\xa0\x80", "\\xed\\xa0\\x80"),  # half of a surrogate pair
        (b"t" * 65_535, "t" * 65_535),
        (b"", ""),
    ],
)
def test_any_topic_is_kept(held: Held, client: Client, topic: bytes, expected: str):
    held.take_in(client, None, make_message(topic, b"x"))
    (message,) = decode_batch(held.seal(client).content).messages
    assert message.topic == expected


def test_random_bytes_never_raise(held: Held, client: Client):
    source = random.Random(20260101)
    for _ in range(2000):
        held.take_in(client, None, make_message(source.randbytes(source.randrange(40)), source.randbytes(source.randrange(40))))
    assert len(decode_batch(held.seal(client).content).messages) == 2000


def test_a_batch_has_what_the_broker_wants_to_hear_in_order(held: Held, client: Client):
    for mid, qos in ((5, 1), (0, 0), (9, 1), (2, 2)):
        held.take_in(client, None, make_message(b"t", b"x", mid=mid, qos=qos))
    batch = held.seal(client)
    assert batch.acks == [Ack(5, 1), Ack(9, 1), Ack(2, 2)]
    assert (batch.messages, batch.client, len(held)) == (4, client, 0)


def test_a_batch_is_bounded_in_messages_and_in_bytes(held: Held, client: Client):
    for _ in range(499):
        held.take_in(client, None, make_message(b"t", b"x"))
    full = [held.is_full]
    held.take_in(client, None, make_message(b"t", b"x"))
    full.append(held.is_full)
    assert full == [False, True]
    held.seal(client)
    held.take_in(client, None, make_message(b"t", b"x" * MOST_BYTES))
    assert held.is_full


def test_names_are_unique_and_short_enough_for_the_journal():
    first, second = make_namer(2**63 - 1), make_namer(2**63 - 2)
    longest = "c" * 60
    names = {first(longest) for _ in range(1000)} | {second(longest) for _ in range(1000)}
    assert len(names) == 2000
    assert max(map(len, names)) <= 100
