"""From the bytes that devices and brokers send to what the devices are."""

from datetime import UTC, datetime, timedelta

import pytest

from apps.metering.ingest import store_batches
from apps.metering.ingest.identities import forget_identities
from apps.metering.models import Broker, Device, DeviceFlip
from apps.metering.raw import RawMessage, encode_batch
from tests.apps.metering.presence.rows import NOON, look, make_broker, presence

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
SHELLY = "shelly/IT001E00000001/em"
EM = b'{"id":0,"total_act_energy":6644.90,"total_act_ret_energy":2595.26}'


@pytest.fixture
def broker() -> Broker:
    forget_identities()
    return make_broker()


def say(broker: Broker, topic: str, payload: bytes, at: datetime, *, retained: bool = False) -> None:
    received_us = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    message = RawMessage(topic, payload, received_us, retained=retained)
    store_batches([encode_batch(f"{topic} {at}", broker.pk, [message])])


def tasmota(time: str) -> bytes:
    return f'{{"Time":"{time}","ENERGY":{{"Total":1.368,"Power":0}}}}'.encode()


def test_a_last_will_and_a_message_after_it(broker: Broker) -> None:
    say(broker, f"{SHELLY}/status/em1data:0", EM, NOON)
    look(NOON)
    device = Device.objects.get()
    say(broker, f"{SHELLY}/online", b"false", NOON + MINUTE)
    look(NOON + MINUTE)
    assert presence(device) == "offline"
    say(broker, f"{SHELLY}/online", b"true", NOON + 2 * MINUTE)
    say(broker, f"{SHELLY}/status/em1data:0", EM, NOON + 2 * MINUTE)
    look(NOON + 2 * MINUTE)
    assert list(DeviceFlip.objects.order_by("at").values_list("now", "reason")) == [
        ("online", "heard"),
        ("offline", "will"),
        ("online", "heard"),
    ]


def test_a_message_that_comes_late_does_not_undo_a_last_will(broker: Broker) -> None:
    say(broker, f"{SHELLY}/online", b"false", NOON)
    say(broker, f"{SHELLY}/status/em1data:0", EM, NOON - MINUTE)
    look(NOON)
    assert presence(Device.objects.get()) == "offline"


def test_a_retained_message_is_no_sign_of_life(broker: Broker) -> None:
    say(broker, f"{SHELLY}/status/em1data:0", EM, NOON - 60 * MINUTE)
    say(broker, f"{SHELLY}/status/em1data:0", EM, NOON, retained=True)
    say(broker, f"{SHELLY}/online", b"true", NOON, retained=True)
    look(NOON)
    assert presence(Device.objects.get()) == "offline"


def test_a_clock_that_was_never_set(broker: Broker) -> None:
    say(broker, "tele/plug/SENSOR", tasmota("1970-01-01T00:01:06"), NOON)
    look(NOON)
    device = Device.objects.get()
    assert presence(device) == "clock_wrong"
    say(broker, "tele/plug/SENSOR", tasmota("2026-03-02T13:15:00"), NOON + 15 * MINUTE)
    look(NOON + 15 * MINUTE)
    assert presence(device) == "online"
