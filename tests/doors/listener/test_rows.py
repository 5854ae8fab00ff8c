"""The rows rule the connections: changes take effect while it runs, refusals are not repeated for ever, all of it can be read."""

import time
from pathlib import Path
from typing import Any

import pytest

from apps.metering import broker_status
from apps.metering.broker_status import BrokerState, Stage
from apps.metering.brokers import ensure_broker_from_url
from apps.metering.models import Broker
from tests.doors.listener.conftest import Place, wait_for
from tests.doors.listener.mosquitto import running_mosquitto
from tests.doors.listener.test_flow import make_messages


@pytest.fixture
def status(place: Place, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module that reads statuses, looking into this place's Redis."""
    monkeypatch.setattr(broker_status, "_redis", lambda: place.redis)
    return broker_status


def wait_for_state(status: Any, broker: Broker, state: BrokerState) -> Any:
    wait_for(lambda: status.get_broker_status(broker.pk).state is state, f"state {state}")
    return status.get_broker_status(broker.pk)


def test_a_status_says_how_it_goes(place: Place, status: Any):
    child = place.listen()
    place.publish(make_messages("x", 30))
    place.wait_for_topics(make_messages("x", 30))
    wait_for(lambda: status.get_broker_status(place.broker.pk).messages == 30, "the count of messages")
    (one,) = status.list_broker_statuses()
    assert (one.broker_id, one.state, one.last_error) == (place.broker.pk, BrokerState.CONNECTED, "")
    assert (one.spooled, one.reconnects) == (0, 0)
    assert 1 <= one.batches <= 30
    assert one.since <= one.last_message_at <= one.last_packet_at
    process = status.get_process_status()
    assert (process.alive, process.pid, process.stage, process.spool_bytes) == (True, child.pid, Stage.STREAM, 0)
    assert process.started_at <= process.beat_at
    assert 0 < place.redis.ttl(broker_status.PROCESS_KEY) <= 60
    stream = status.get_stream_status()
    assert (stream.known, stream.length, stream.pending) == (True, one.batches, 0)
    assert 0 < stream.oldest_age.total_seconds() < 60
    child.terminate()
    assert place.wait(child) == 0
    assert status.get_broker_status(place.broker.pk).state is BrokerState.DISCONNECTED


def test_a_status_never_raises_when_redis_is_down(settings: Any):
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    broker_status._redis.cache_clear()
    try:
        assert broker_status.get_broker_status(5) == broker_status.BrokerStatus(broker_id=5)
        assert broker_status.get_broker_status(5).state is BrokerState.UNKNOWN
        assert broker_status.list_broker_statuses() == []
        assert broker_status.get_process_status() == broker_status.ProcessStatus()
        assert broker_status.get_stream_status() == broker_status.StreamStatus()
    finally:
        broker_status._redis.cache_clear()


def test_rows_take_effect_without_a_restart(place: Place, status: Any, tmp_path: Path):
    place.listen()
    place.broker.topics = ["only/#"]
    place.broker.save()
    wait_for(lambda: place.log.count(": connected") == 2, "a connection with the new topics")
    place.publish({"other/1": b"", "only/1": b""})
    place.wait_for_topics(["only/1"])
    with running_mosquitto(tmp_path) as port:
        second = Broker.objects.create(name="second", host="127.0.0.1", port=port, client_id="second", topics=["#"])
        wait_for_state(status, second, BrokerState.CONNECTED)
        place.publish({"from/second": b""}, port=port)
        place.wait_for_topics(["from/second"])
        assert {one.state for one in status.list_broker_statuses()} == {BrokerState.CONNECTED}
        Broker.objects.filter(pk=second.pk).update(enabled=False)
        wait_for_state(status, second, BrokerState.DISABLED)
        place.publish({"only/2": b""})
        place.wait_for_topics(["only/2"])
    assert "other/1" not in place.list_topics()


@pytest.mark.parametrize("running", [True, False])
def test_topics_that_a_row_no_longer_names_are_no_longer_delivered_by_the_session(place: Place, running: bool):
    Broker.objects.filter(pk=place.broker.pk).update(topics=["a/#", "b/#"])
    child = place.listen()
    place.publish({"a/1": b"", "b/1": b""})
    place.wait_for_topics(["a/1", "b/1"])
    if not running:
        place.kill(child)
    Broker.objects.filter(pk=place.broker.pk).update(topics=["b/#"])
    if not running:
        place.listen()
    wait_for(lambda: place.log.count(": connected") == 2, "a connection with the new topics")
    place.publish({"a/2": b"", "b/2": b""})
    place.wait_for_topics(["b/2"])
    assert "a/2" not in place.list_topics()


def test_a_wrong_password_opens_the_breaker_and_a_right_one_closes_it(place: Place, status: Any, tmp_path: Path):
    with running_mosquitto(tmp_path, users={"cer": "right"}) as port:
        broker = ensure_broker_from_url(f"mqtt://cer:wrong@127.0.0.1:{port}", name="particular")
        place.listen()
        found = wait_for_state(status, broker, BrokerState.BREAKER_OPEN)
        assert "ot authori" in found.last_error

        def attempts() -> int:
            return (tmp_path / "mosquitto.log").read_text().count("not authorised")

        wait_for(lambda: attempts() >= 5, "the broker's word about each refusal")
        refused = attempts()
        time.sleep(1.5)
        assert attempts() == refused
        ensure_broker_from_url(f"mqtt://cer:right@127.0.0.1:{port}", name="particular")
        wait_for_state(status, broker, BrokerState.CONNECTED)
        place.publish({"particular/1": b""}, port=port, user="cer", password="right")
        place.wait_for_topics(["particular/1"])
        assert status.get_broker_status(place.broker.pk).state is BrokerState.CONNECTED


def test_tls_needs_the_authority_of_the_row(place: Place, status: Any, tmp_path: Path):
    with running_mosquitto(tmp_path, users={"cer": "right"}, tls=True) as port:
        broker = ensure_broker_from_url(f"mqtts://cer:right@127.0.0.1:{port}", name="secure")
        assert broker.tls
        place.listen()
        found = wait_for_state(status, broker, BrokerState.BREAKER_OPEN)
        assert "certificate verify failed" in found.last_error
        Broker.objects.filter(pk=broker.pk).update(ca_certificate="not a certificate")
        wait_for(lambda: "certificate verify failed" not in status.get_broker_status(broker.pk).last_error, "another refusal")
        wait_for_state(status, broker, BrokerState.BREAKER_OPEN)
        Broker.objects.filter(pk=broker.pk).update(ca_certificate=(tmp_path / "ca.pem").read_text())
        wait_for_state(status, broker, BrokerState.CONNECTED)
        for number in range(5):
            place.publish({f"secure/{number}": b""}, port=port, user="cer", password="right", ca=tmp_path / "ca.pem")
        place.wait_for_topics([f"secure/{number}" for number in range(5)])
        many = {f"burst/{number}": bytes(1000) for number in range(1500)} | {"large": bytes(600_000)}
        place.publish(many, port=port, user="cer", password="right", ca=tmp_path / "ca.pem")
        place.wait_for_topics(many)


def test_a_row_that_makes_no_sense_harms_itself_only(place: Place, status: Any):
    place.broker.topics = ["a/#/b", "", "x/#"]
    place.broker.save()
    far = Broker.objects.create(name="far", host="127.0.0.1", port=70_000, client_id="far", topics=["#"])
    odd = Broker.objects.create(name="odd", host="no..name", port=1883, client_id="odd", topics=["#"])
    child = place.listen()
    assert "'a/#/b' is not a filter of topics." in place.log
    place.publish({"x/1": b""})
    place.wait_for_topics(["x/1"])
    for broker in (far, odd):
        wait_for(lambda pk=broker.pk: status.get_broker_status(pk).last_error, "a reason")  # type: ignore[misc]
        assert status.get_broker_status(broker.pk).messages == 0
    assert child.poll() is None


def test_a_broker_that_nobody_answers_for_does_not_hold_up_the_others(place: Place, status: Any):
    nowhere = Broker.objects.create(name="nowhere", host="192.0.2.1", port=1883, client_id="nowhere", topics=["#"])
    place.listen("dial_for_ever")  # whoever waited for it, would wait longer than this test
    for number in range(10):
        place.publish({f"x/{number}": b""})
        place.wait_for_topics([f"x/{number}"])
    wait_for(lambda: status.get_broker_status(nowhere.pk).since, "a status")
    assert status.get_broker_status(nowhere.pk).state in (BrokerState.CONNECTING, BrokerState.DISCONNECTED)
    assert status.get_broker_status(nowhere.pk).messages == 0


def test_the_row_from_an_address_is_made_once_and_follows_the_address(db: None):
    first = ensure_broker_from_url("mqtt://cer:p%40ss@broker.example", name="one")
    assert (first.host, first.port, first.tls, first.username, first.password) == ("broker.example", 1883, False, "cer", "p@ss")
    Broker.objects.filter(pk=first.pk).update(topics=["a/#"])
    second = ensure_broker_from_url("mqtts://broker.example", name="one")
    assert (second.pk, second.client_id, second.topics) == (first.pk, first.client_id, ["a/#"])
    assert (second.port, second.tls, second.username, second.password) == (8883, True, "", "")
    with pytest.raises(ValueError, match="mqtt://host"):
        ensure_broker_from_url("http://broker.example")
