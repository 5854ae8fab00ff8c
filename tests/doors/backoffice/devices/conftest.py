"""A broker, a few devices that spoke, and the people of the village who look at them."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from apps.accounts.models import User
from apps.metering.ingest import store_batches
from apps.metering.ingest.identities import forget_identities
from apps.metering.models import Broker, Device
from apps.metering.raw import RawMessage, encode_batch
from tests.doors.backoffice.village import Village, make_village

FIRST_US = int(datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp()) * 1_000_000
SECOND = 1_000_000


@dataclass
class Site:
    """The village of CER-V (Anna), another one (Dora), and what publishes."""

    village: Village
    elsewhere: Village
    root: User
    broker: Broker
    shelly: Device  # names the second POD of the village in its topic
    native: Device  # has said nothing about PODs

    def send(self, topic: str, payload: bytes, *, at_us: int = FIRST_US, name: str = "") -> None:
        message = RawMessage(topic, payload, at_us)
        store_batches([encode_batch(name or f"{topic}{at_us}{hash(payload)}", self.broker.pk, [message])])


def shelly_topic(pod: str, component: str = "em1data:0", device: str = "quadro") -> str:
    return f"shelly/{pod}/{device}/status/{component}"


def shelly_payload(wh: float, given: float = 0) -> bytes:
    return f'{{"id":0,"total_act_energy":{wh:.2f},"total_act_ret_energy":{given:.2f}}}'.encode()


NATIVE_TOPIC = "energy/plant/7/device/D1/measurements"


def native_payload(consumed: str = "2.25", device: str = "D1") -> bytes:
    return (
        f'{{"device_id":"{device}","plant_id":7,"timestamp":"2026-03-02T12:00:00Z",'
        f'"measurements":{{"energy_produced":1.5,"energy_consumed":{consumed},"power_consumed":1.6}}}}'
    ).encode()


@pytest.fixture
def site(db: None) -> Site:
    forget_identities()
    village, elsewhere = make_village("CER-V", 1), make_village("CER-W", 2)
    root = User.objects.create_user("root@example.org", "x", is_staff=True, is_superuser=True, name="Radice")
    broker = Broker.objects.create(name="Broker di casa", host="mqtt.example.org", client_id="uno", topics=["#"])
    made = Site(village, elsewhere, root, broker, None, None)  # type: ignore[arg-type]
    made.send(shelly_topic(village.pods[1]), shelly_payload(1000))
    made.send(NATIVE_TOPIC, native_payload())
    made.shelly = Device.objects.get(vendor="shelly")
    made.native = Device.objects.get(vendor="native")
    return made


@pytest.fixture
def root(site: Site, as_user):
    return as_user(site.root)


@pytest.fixture
def anna(site: Site, as_user):
    return as_user(site.village.anna)


@pytest.fixture
def dora(site: Site, as_user):
    """The administrator of the other community."""
    return as_user(site.elsewhere.anna)
