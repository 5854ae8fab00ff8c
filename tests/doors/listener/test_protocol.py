"""What the broker hears: acknowledgements in order and on their own connection, the version it speaks, a session that lasts."""

from collections.abc import Iterator

import pytest

from apps.metering.models import Broker
from tests.doors.listener.conftest import Place, wait_for
from tests.doors.listener.fakes import CONNACK_5, PATIENCE_SECONDS, REFUSED_VERSION_311, FakeBroker, make_publish, read_packet
from tests.doors.listener.test_flow import make_messages

PUBACK = 0x40


@pytest.fixture
def fake(place: Place) -> Iterator[FakeBroker]:
    """A broker of our own behind the only row."""
    with FakeBroker() as broker:
        Broker.objects.filter(pk=place.broker.pk).update(port=broker.port)
        yield broker


def test_acknowledgements_leave_in_the_order_of_arrival(place: Place, fake: FakeBroker):
    place.listen(connected=False)
    sock = fake.greet()
    mids = [5, 9, 2, 65_535, 1]
    sock.sendall(b"".join(make_publish(b"t/%d" % mid, b"x", mid) for mid in mids))
    heard = [read_packet(sock) for _ in mids]
    assert heard == [(PUBACK, mid.to_bytes(2, "big")) for mid in mids]
    assert place.list_topics() == [f"t/{mid}" for mid in mids]


def test_a_topic_that_is_no_text_is_kept_and_acknowledged(place: Place, fake: FakeBroker):
    place.listen(connected=False)
    sock = fake.greet()
    sock.sendall(make_publish(b"\xff\xfe\x00/x", b"\x00\xff", 7) + make_publish(b"next", b"", 8))
    assert [read_packet(sock)[1] for _ in range(2)] == [b"\x00\x07", b"\x00\x08"]
    assert [(message.topic, message.payload) for message in place.read_stream()] == [
        ("\\xff\\xfe\x00/x", b"\x00\xff"),
        ("next", b""),
    ]


def test_a_message_of_an_earlier_connection_is_stored_and_never_acknowledged_on_a_later_one(place: Place, fake: FakeBroker):
    place.listen(connected=False, failpoints="listen.before_xadd=sleep:1@1")
    first = fake.greet()
    first.sendall(make_publish(b"first", b"x", 1))
    wait_for(lambda: "failpoint listen.before_xadd: sleep" in place.log, "the receiving")  # on its way into the stream
    first.close()
    second = fake.greet()
    place.wait_for_topics(["first"])
    second.settimeout(1)
    with pytest.raises(TimeoutError):
        read_packet(second)
    second.settimeout(PATIENCE_SECONDS)
    second.sendall(make_publish(b"second", b"x", 1))
    assert read_packet(second) == (PUBACK, b"\x00\x01")
    assert place.list_topics() == ["first", "second"]


def test_a_broker_that_speaks_only_mqtt_5_is_asked_in_mqtt_5(place: Place, fake: FakeBroker):
    place.listen(connected=False)
    sock, version = fake.accept()
    assert version == 4
    sock.sendall(REFUSED_VERSION_311)
    sock, version = fake.accept()
    assert version == 5
    sock.sendall(CONNACK_5)
    kind, body = read_packet(sock)
    assert kind == 0x82
    assert ": connected" not in place.log
    sock.sendall(b"\x90\x04" + body[:2] + b"\x00\x01")
    wait_for(lambda: ": connected" in place.log, "a connection")


def test_bytes_that_are_no_mqtt_end_the_connection_only(place: Place, fake: FakeBroker):
    child = place.listen(connected=False)
    for answer in (b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", b"\xff" * 50, b"\x20\x00", b"\x30\x00", b"\x90\x00"):
        sock, _ = fake.accept()
        sock.sendall(answer)
        sock.close()
    sock, _ = fake.accept()
    sock.close()
    assert child.poll() is None


@pytest.mark.parametrize("variants", [(), ("speak_mqtt_5",)])
def test_the_session_lasts_in_both_versions(place: Place, variants: tuple[str, ...]):
    child = place.listen(*variants)
    place.publish(make_messages("here", 5))
    place.wait_for_topics(make_messages("here", 5))
    place.kill(child)
    place.publish(make_messages("away", 200))
    place.listen(*variants)
    place.wait_for_topics(make_messages("away", 200))
