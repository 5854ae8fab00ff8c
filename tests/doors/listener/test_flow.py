"""From the broker into the stream: everything arrives as it was sent, nothing is lost when the listener is away or killed."""

import signal
import time

import pytest

from tests.doors.listener.conftest import Place


def make_messages(name: str, count: int) -> dict[str, bytes]:
    return {f"{name}/{number}": f'{{"n":{number}}}'.encode() for number in range(count)}


def test_messages_arrive_as_they_were_sent(place: Place):
    began_us = time.time_ns() // 1000
    place.listen()
    sent = {"a/b": b'{"x": 1}', "c/ü€": b"\x00\xff not text", "empty": b""}
    place.publish(sent)
    place.publish({"weak": b"qos 0"}, qos=0)
    place.wait_for_topics([*sent, "weak"])
    received = place.read_stream()
    assert {message.topic: message.payload for message in received} == sent | {"weak": b"qos 0"}
    assert len(received) == 4
    assert all(not message.retained for message in received)
    assert all(began_us < message.received_us < time.time_ns() // 1000 for message in received)


def test_it_ends_when_it_is_told_to_and_keeps_the_session(place: Place):
    child = place.listen()
    place.publish(make_messages("before", 10))
    child.send_signal(signal.SIGTERM)
    assert place.wait(child) == 0
    away = make_messages("away", 500)
    place.publish(away)
    assert not set(away) & set(place.list_topics())
    child = place.listen()
    place.wait_for_topics(away)
    child.send_signal(signal.SIGINT)
    assert place.wait(child) == 0
    assert sorted(place.list_topics()) == sorted([*make_messages("before", 10), *away])


def test_none_is_lost_when_it_is_killed_after_some_were_acknowledged(place: Place):
    child = place.listen(failpoints="listen.before_ack=kill@2")
    place.publish({"first": b""})  # one, because several may come in several batches
    place.wait_for_topics(["first"])
    place.publish(make_messages("second", 59))
    assert place.wait(child) == -signal.SIGKILL
    assert "failpoint listen.before_ack" in place.log
    place.publish(make_messages("third", 140))
    place.listen()
    everything = {"first": b""} | make_messages("second", 59) | make_messages("third", 140)
    place.wait_for_topics(everything)
    assert len(set(place.list_topics())) == 200


@pytest.mark.parametrize("failpoint", ["listen.before_xadd", "listen.after_xadd", "listen.before_ack", "listen.after_ack"])
def test_none_is_lost_wherever_it_is_killed(place: Place, failpoint: str):
    child = place.listen(failpoints=f"{failpoint}=kill@1")
    messages = make_messages("x", 60)
    place.publish(messages)
    assert place.wait(child) == -signal.SIGKILL
    place.listen()
    place.wait_for_topics(messages)


def test_acknowledging_early_loses_messages(place: Place):
    """The negative control: with the mistake put in, the same kill does lose what the test above finds.

    One message dies with it: were others on their way, the broker might see the end before it reads the acknowledgement.
    """
    child = place.listen("acknowledge_early", failpoints="listen.before_xadd=kill@1")
    place.publish({"x/0": b""})
    assert place.wait(child) == -signal.SIGKILL
    place.publish(make_messages("later", 60))
    place.listen()
    place.wait_for_topics(make_messages("later", 60))
    assert "x/0" not in place.list_topics()
