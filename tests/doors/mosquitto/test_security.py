"""Who may say what to the broker: the deployed configuration, on the real Mosquitto."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures.simulator import Fleet, messages_of
from tests.doors.mosquitto.authority import write_certificates
from tests.doors.mosquitto.broker import MOSQUITTO, PLAIN, SERVICES, TLS, Broker, Knock

pytestmark = [
    pytest.mark.skipif(MOSQUITTO is None, reason="Mosquitto is not installed: apt-get install mosquitto"),
]
SUCCESS, REFUSED = "Success", "Not authorized"
POD, OTHER_POD = "IT001E00000001", "IT001E00000002"
METER, OTHER_METER = f"cer/{POD}/shelly-1", f"cer/{OTHER_POD}/shelly-1"
STARTS_US = 1_772_323_200_000_000


@pytest.fixture(scope="module")
def certificates() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp())
    yield write_certificates(path)
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return Fleet.of(16, 1, starts_us=STARTS_US, interval_us=1_000_000)


@pytest.fixture(scope="module")
def broker(certificates: Path, fleet: Fleet) -> Iterator[Broker]:
    devices = {name: f"of {name}" for name in (METER, OTHER_METER, *(device.key for device in fleet.devices))}
    services = {"listener": "ears", "canary": "beak"}
    home = Path(tempfile.mkdtemp())
    running = Broker(home, devices=devices, services=services, certificates=certificates).start()
    yield running
    running.remove()


def device(broker: Broker, name: str = METER, port: int = PLAIN, **options) -> Knock:
    knock = Knock(broker.ports[port], name, f"of {name}", **options)
    assert knock.connect() == SUCCESS
    return knock


def listener(broker: Broker, **options) -> Knock:
    knock = Knock(broker.ports[SERVICES], "listener", "ears", **options)
    assert knock.connect() == SUCCESS
    return knock


def test_a_device_speaks_below_its_own_name_and_the_listener_hears_it(broker: Broker):
    ears = listener(broker)
    ears.subscribe("#")
    meter = device(broker)
    assert meter.publish(f"{METER}/status/em:0", "own") == SUCCESS
    assert ears.hear(1) == [(f"{METER}/status/em:0", b"own")]


def test_every_topic_of_every_vendor_may_be_spoken_on_by_its_own_device_alone(broker: Broker, fleet: Fleet):
    told: dict[str, set[str]] = {}
    stream = messages_of(fleet, 1, starts_us=STARTS_US, interval_us=1_000_000, ends_us=STARTS_US + 8_000_000)
    for message in stream:
        told.setdefault(message.key, set()).add(message.topic)
    assert len(told) == 16
    keys = sorted(told)
    for key, neighbour in zip(keys, [*keys[1:], keys[0]], strict=True):
        knock = device(broker, key)
        assert {topic: knock.publish(topic) for topic in told[key]} == dict.fromkeys(told[key], SUCCESS)
        assert {topic: knock.publish(topic) for topic in told[neighbour]} == dict.fromkeys(told[neighbour], REFUSED)
        knock.leave()


@pytest.mark.parametrize(
    "topic",
    [
        f"{OTHER_METER}/status/em:0",
        f"cer/{OTHER_POD}/shelly-2/status/emdata:0",
        f"cer/{POD}/shelly-2/status/emdata:0",
        f"{METER}/{OTHER_POD}/shelly-1/status/em:0",
        f"{METER}/status/em:0/more",
        f"{METER}/anything",
        "shellies/other/emeter/0/total",
        "tele/other/SENSOR",
        "huawei-solar/other",
        "energy/plant/1/device/other/measurements",
        "canary/1",
        "$SYS/broker/uptime",
        "anything",
    ],
)
def test_a_device_cannot_speak_for_another_or_elsewhere(broker: Broker, topic: str):
    ears = listener(broker)
    ears.subscribe("#")
    meter = device(broker)
    assert meter.publish(topic, "forged") == REFUSED
    assert meter.publish(f"{METER}/online", "true") == SUCCESS
    assert ears.hear(1) == [(f"{METER}/online", b"true")]


@pytest.mark.parametrize("pattern", ["#", f"{OTHER_METER}/#", f"{OTHER_METER}/status/em:0", "+/+/+/status/+", "$SYS/#"])
def test_a_device_hears_nothing_of_others(broker: Broker, pattern: str):
    spy, other = device(broker), device(broker, OTHER_METER)
    spy.subscribe(pattern)
    assert other.publish(f"{OTHER_METER}/status/em:0", "private") == SUCCESS
    assert spy.listen(0.3) == []


def test_a_device_hears_what_is_asked_of_it(broker: Broker):
    assert device(broker).subscribe(f"{METER}/rpc") == "Granted QoS 1"


@pytest.mark.parametrize(
    "topic", [f"{METER}/status/em:0", "listener/status/em:0", "tele/listener/SENSOR", "listener", "canary/1"]
)
def test_the_listener_may_not_speak(broker: Broker, topic: str):
    assert listener(broker).publish(topic) == REFUSED


def test_the_canary_sings_on_its_own_branch_and_hears_nothing(broker: Broker):
    canary = Knock(broker.ports[SERVICES], "canary", "beak")
    assert canary.connect() == SUCCESS
    assert canary.publish("canary/1") == SUCCESS
    assert canary.publish(f"{METER}/status/em:0") == REFUSED
    canary.subscribe("#")
    assert device(broker).publish(f"{METER}/online", "true") == SUCCESS
    assert canary.listen(0.3) == []


@pytest.mark.parametrize(
    ("port", "user", "password"),
    [
        (PLAIN, METER, "wrong"),
        (PLAIN, METER, ""),
        (PLAIN, METER, f"of {OTHER_METER}"),
        (PLAIN, "unknown", "of unknown"),
        (PLAIN, "#", "x"),
        (PLAIN, "cer/+/shelly-1", "x"),
        (PLAIN, "listener", "ears"),
        (SERVICES, METER, f"of {METER}"),
        (SERVICES, "listener", "wrong"),
    ],
)
def test_a_wrong_name_or_password_is_refused_at_every_door(broker: Broker, port: int, user: str, password: str):
    assert Knock(broker.ports[port], user, password).connect() == REFUSED


@pytest.mark.parametrize("port", [PLAIN, SERVICES])
def test_nobody_comes_in_without_a_name(broker: Broker, port: int):
    knock = Knock(broker.ports[port], "", "")
    knock.client.username_pw_set(None)
    assert knock.connect() == REFUSED


def test_a_device_speaks_over_tls(broker: Broker, certificates: Path):
    ears = listener(broker)
    ears.subscribe("#")
    meter = device(broker, port=TLS, authority=certificates / "authority.crt")
    assert meter.publish(f"{METER}/status/em:0", "sealed") == SUCCESS
    assert meter.publish(f"{OTHER_METER}/status/em:0", "forged") == REFUSED
    assert ears.hear(1) == [(f"{METER}/status/em:0", b"sealed")]


def test_the_tls_door_refuses_plain_words_and_wrong_passwords(broker: Broker, certificates: Path):
    with pytest.raises((OSError, TimeoutError)):
        Knock(broker.ports[TLS], METER, f"of {METER}").connect()
    assert Knock(broker.ports[TLS], METER, "wrong", authority=certificates / "authority.crt").connect() == REFUSED


def test_a_device_refuses_a_broker_with_another_certificate(broker: Broker, tmp_path: Path):
    impostors = write_certificates(tmp_path)
    with pytest.raises(OSError, match="certificate verify failed"):
        Knock(broker.ports[TLS], METER, f"of {METER}", authority=impostors / "authority.crt").connect()


def test_what_comes_while_the_listener_is_away_and_the_broker_restarts_is_kept(certificates: Path):
    home = Path(tempfile.mkdtemp())
    broker = Broker(home, devices={METER: f"of {METER}"}, services={"listener": "ears"}, certificates=None).start()
    try:
        ears = listener(broker, client_id="the-listener", kept=True)
        ears.subscribe("#")
        ears.leave()
        meter = device(broker)
        for number in range(1500):
            assert meter.publish(f"{METER}/status/em:0", str(number)) == SUCCESS
        meter.leave()
        broker.stop()
        broker.start()
        ears = listener(broker, client_id="the-listener", kept=True)
        assert ears.hear(1500) == [(f"{METER}/status/em:0", str(number).encode()) for number in range(1500)]
    finally:
        broker.remove()
