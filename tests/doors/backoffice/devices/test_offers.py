"""One press binds what was seen and never bound, where its topic and its registers leave nothing to choose."""

import re
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.backoffice.devices.offers import list_offers
from apps.metering.models import Device, DeviceAssignment, RegisterSeries
from tests.doors.backoffice.devices.conftest import FIRST_US, shelly_payload, shelly_topic
from tests.doors.backoffice.pages import words

pytestmark = pytest.mark.django_db
LIST = "/ceradmin/metering/device/"
HIDDEN = re.compile(r'<input type="hidden" name="(pod|role|starts_at)" value="([^"]*)">')
SEEN_AT = datetime.fromtimestamp(FIRST_US / 1_000_000, UTC)


def offers(site, person=None):
    made = list_offers(person or site.root, list(Device.objects.order_by("pk")))
    return {Device.objects.get(pk=number).label: (one.pod, one.role.value) for number, one in made.items()}


@pytest.mark.parametrize("who", ["root", "anna"])
def test_the_press_of_the_list_binds_from_the_first_message_on(site, root, anna, who):
    client = {"root": root, "anna": anna}[who]
    page = client.get(LIST).content.decode()
    answers = dict(HIDDEN.findall(page))
    assert answers == {"pod": site.village.pods[1], "role": "exchange", "starts_at": "2026-03-02T13:00"}
    assert f'aria-label="Associa quadro a {site.village.pods[1]}"' in page
    answer = client.post(f"{LIST}{site.shelly.pk}/bind/", answers)
    assert (answer.status_code, answer["Location"]) == (302, f"{LIST}{site.shelly.pk}/")
    made = DeviceAssignment.objects.get()
    assert (made.device, made.pod_key, made.role, made.starts_at) == (site.shelly, site.village.pods[1], "exchange", SEEN_AT)
    assert made.connection_power_w == 3300


def test_what_a_device_is_for_follows_from_its_registers(site):
    RegisterSeries.objects.filter(device=site.shelly).update(component="x")
    for channels, role in (
        (["import"], "exchange"),
        (["export"], "exchange"),
        (["import", "export"], "exchange"),
        (["production"], "production"),
        (["import", "production"], None),
        ([], None),
    ):
        site.shelly.series.all().delete()
        for channel in channels:
            RegisterSeries.objects.create(device=site.shelly, component="x", channel=channel)
        assert offers(site) == ({"quadro": (site.village.pods[1], role)} if role else {}), channels


def test_several_meters_inside_are_chosen_by_a_person(site, root):
    site.send(shelly_topic(site.village.pods[1], "em1data:1"), shelly_payload(5))
    assert offers(site) == {}
    assert "Associa…" in words(root.get(LIST))


def test_a_pod_that_another_device_measures_or_measured_since_is_no_offer(site):
    other = DeviceAssignment.objects.create(device=site.native, pod_key=site.village.pods[1], role="exchange", starts_at=SEEN_AT)
    assert offers(site) == {}
    other.role = "production"
    other.save()
    assert offers(site) == {"quadro": (site.village.pods[1], "exchange")}
    other.role, other.starts_at, other.ends_at = "exchange", datetime(2026, 1, 1, tzinfo=UTC), SEEN_AT
    other.save()
    assert offers(site) == {"quadro": (site.village.pods[1], "exchange")}
    other.ends_at = datetime(2026, 3, 3, tzinfo=UTC)
    other.save()
    assert offers(site) == {}


def test_two_that_name_the_same_pod_are_told_apart_by_a_person(site):
    site.send(shelly_topic(site.village.pods[1], device="gemello"), shelly_payload(7))
    assert offers(site) == {}
    RegisterSeries.objects.filter(device__label="gemello").exclude(channel="import").delete()
    RegisterSeries.objects.filter(device__label="gemello").update(channel="production")
    assert offers(site) == {"quadro": (site.village.pods[1], "exchange"), "gemello": (site.village.pods[1], "production")}


def test_a_pod_of_others_is_no_offer(site):
    site.broker.community = site.village.configuration.community
    site.broker.save()
    site.send(shelly_topic(site.elsewhere.pods[1], device="altrui"), shelly_payload(7))
    assert offers(site, site.village.anna) == {"quadro": (site.village.pods[1], "exchange")}
    assert set(offers(site)) == {"quadro", "altrui"}


def test_offers_take_as_many_queries_for_many_devices_as_for_one(site):
    with CaptureQueriesContext(connection) as few:
        list_offers(site.root, [site.shelly])
    made = [
        Device.objects.create(broker=site.broker, vendor="shelly", key=f"x/{site.village.pods[2]}/{n}", first_seen_at=SEEN_AT)
        for n in range(9)
    ]
    with CaptureQueriesContext(connection) as many:
        list_offers(site.root, [site.shelly, *made])
    assert len(many) == len(few) == 3
