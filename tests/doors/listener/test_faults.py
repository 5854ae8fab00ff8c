"""Whatever fails around the listener, a message is in one place at least: at the broker, in the spool or in the stream."""

import os
import signal
import socket
import time

import pytest

from apps.metering.raw import STREAM
from tests.doors.listener.conftest import TELL_ACKS, Place, wait_for
from tests.doors.listener.test_flow import make_messages


def spooled_bytes(place: Place) -> int:
    return sum(path.stat().st_size for path in (place.directory / "spool").glob("*.spool"))


def test_while_redis_is_away_messages_go_to_disk_and_come_back(place: Place):
    place.listen()
    place.publish(make_messages("before", 20))
    place.wait_for_topics(make_messages("before", 20))
    place.stop("redis")
    for part in range(5):
        place.publish(make_messages(f"away{part}", 40))
    wait_for(lambda: spooled_bytes(place) > 2000, "spooling")
    place.start("redis")
    everything = make_messages("before", 20) | {k: v for part in range(5) for k, v in make_messages(f"away{part}", 40).items()}
    place.wait_for_topics(everything)
    wait_for(lambda: spooled_bytes(place) == 0, "the emptying of the spool")
    assert sorted(place.list_topics()) == sorted(everything)


def test_what_was_spooled_was_acknowledged_and_survives_a_kill(place: Place):
    child = place.listen(failpoints=TELL_ACKS)
    place.redis.config_set("maxmemory", 1)
    place.publish(make_messages("full", 100))
    place.wait_for_spooled(make_messages("full", 100))
    place.kill(child)
    place.restart("mqtt")  # whose queue is empty by now: everything is in our hands
    assert place.redis.xlen(STREAM) == 0
    place.redis.config_set("maxmemory", 0)
    place.listen()
    place.wait_for_topics(make_messages("full", 100))
    assert len(place.list_topics()) == 100


def test_killed_while_giving_back_only_repeats(place: Place):
    child = place.listen(failpoints=TELL_ACKS)
    place.redis.config_set("maxmemory", 1)
    place.publish(make_messages("x", 30))
    place.wait_for_spooled(make_messages("x", 30))
    place.kill(child)
    place.redis.config_set("maxmemory", 0)
    # armed only now: a listener gives back, and passes there, also while the queue still refuses
    child = place.listen(failpoints="listen.after_replay=kill@1", connected=False)
    assert place.wait(child) == -signal.SIGKILL
    assert place.redis.xlen(STREAM) >= 1
    place.listen()
    wait_for(lambda: spooled_bytes(place) == 0, "the emptying of the spool")
    assert sorted(place.list_topics()) == sorted(make_messages("x", 30))  # by name: the second copy is the same batch
    assert place.redis.xlen(STREAM) >= 2


def test_a_frozen_redis_delays_and_loses_nothing(place: Place):
    place.listen()
    server = place.servers.servers["redis"]
    server.signal(signal.SIGSTOP)
    place.publish(make_messages("frozen", 50))
    wait_for(lambda: spooled_bytes(place) > 0, "spooling")
    server.signal(signal.SIGCONT)
    place.wait_for_topics(make_messages("frozen", 50))


def test_a_broker_that_restarts_with_unacknowledged_messages_sends_them_again(place: Place):
    child = place.listen(failpoints="listen.before_xadd=sleep:4@1")
    place.publish(make_messages("x", 20))
    wait_for(lambda: "failpoint listen.before_xadd: sleep" in place.log, "the receiving")
    time.sleep(1.2)  # received, and (autosave_interval 1) written by the broker, but neither stored nor acknowledged
    place.stop("mqtt")
    place.start("mqtt")
    place.wait_for_topics(make_messages("x", 20))
    assert child.poll() is None
    wait_for(lambda: place.log.count(": connected") == 2, "a second connection")
    place.publish({"later": b""})
    place.wait_for_topics(["later"])


@pytest.mark.slow
def test_a_retained_message_is_marked_at_each_of_fifty_connections(place: Place):
    place.publish({"kept": b"on"}, retain=True)
    place.listen()
    place.wait_for_topics(["kept"])
    for connections in range(2, 51):
        take_over(place, place.broker.client_id)
        wait_for(lambda wanted=connections: place.log.count(": connected") >= wanted, "another connection")  # type: ignore[misc]
    place.publish({"later": b""})
    place.wait_for_topics(["later"])
    copies = [message for message in place.read_stream() if message.topic == "kept"]
    assert {(message.payload, message.retained) for message in copies} == {(b"on", True)}


def take_over(place: Place, client_id: str) -> None:
    """Connect with the listener's own identifier, so that the broker ends its connection; the session stays."""
    name = client_id.encode()
    body = b"\x00\x04MQTT\x04\x00\x00\x0a" + len(name).to_bytes(2, "big") + name
    with socket.create_connection(("127.0.0.1", place.servers.servers["mqtt"].port)) as sock:
        sock.sendall(b"\x10" + bytes([len(body)]) + body)
        assert sock.recv(4)[3] == 0


def test_a_full_disk_leaves_messages_at_the_broker(place: Place):
    place.listen()
    (place.directory / "full").touch()
    place.redis.config_set("maxmemory", 1)
    place.publish(make_messages("first", 30))
    wait_for(lambda: "now go: paused" in place.log, "the pause")
    place.publish(make_messages("second", 700))
    time.sleep(0.5)
    assert spooled_bytes(place) == 0
    place.redis.config_set("maxmemory", 0)
    everything = make_messages("first", 30) | make_messages("second", 700)
    place.wait_for_topics(everything)
    assert sorted(place.list_topics()) == sorted(everything)


def test_it_ends_in_good_order_even_if_nobody_takes_what_it_holds(place: Place):
    child = place.listen()
    (place.directory / "full").touch()
    place.redis.config_set("maxmemory", 1)
    place.publish(make_messages("x", 30))
    wait_for(lambda: "now go: paused" in place.log, "the pause")
    child.terminate()
    assert place.wait(child) == 0
    place.redis.config_set("maxmemory", 0)
    assert place.redis.xlen(STREAM) == 0
    place.listen()
    place.wait_for_topics(make_messages("x", 30))


def test_a_second_listener_in_the_same_directory_is_refused(place: Place):
    place.listen()
    second = place.listen(connected=False)
    assert place.wait(second) == 1
    assert "Another listener works with" in place.log


def test_messages_of_many_sizes_pass(place: Place):
    place.listen()
    sizes = {f"size/{size}": os.urandom(size) for size in (0, 1, 255_000, 300_000, 2_000_000, 10_000_000)}
    place.publish(sizes)
    place.wait_for_topics(sizes)
    assert {message.topic: message.payload for message in place.read_stream()} == sizes
