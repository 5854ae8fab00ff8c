"""Who may see what of devices: superusers everything, administrators what is theirs; looking changes nothing."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.admin.models import LogEntry

from apps.communities.models import MeteringPoint
from apps.metering.models import Alert, DeviceAssignment, DeviceFlip, DeviceState
from tests.doors.backoffice.devices.conftest import NATIVE_TOPIC
from tests.doors.backoffice.pages import links, words
from tests.doors.backoffice.test_access import fingerprint, is_ours, normal

pytestmark = pytest.mark.django_db
ADMIN = "/ceradmin/metering/"
START = datetime(2026, 3, 1, tzinfo=UTC)
MOST_VISITS = 4


@pytest.fixture
def bound(site):
    """The village's second POD is measured by the Shelly, since March."""
    site.assignment = DeviceAssignment.objects.create(
        device=site.shelly, pod_key=site.village.pods[1], role="exchange", starts_at=START
    )
    site.alert = Alert.objects.create(device=site.shelly, kind="offline", detail="Ultimo messaggio: mai.", opened_at=START)
    site.other_alert = Alert.objects.create(device=site.native, kind="clock", opened_at=START)
    return site


def tails(site):
    device = f"device/{site.shelly.pk}/"
    ends = ("now/", "label/", "heartbeat/", "bind/", f"end/{site.assignment.pk}/", "sensor/1/")
    return [device, *(f"{device}{tail}" for tail in ends)]


def test_a_device_of_another_community_does_not_exist(bound, dora):
    before = fingerprint()
    for tail in tails(bound):
        for method in (dora.get, dora.post):
            assert method(f"{ADMIN}{tail}").status_code == 404, tail
    assert dora.post(f"{ADMIN}alert/{bound.alert.pk}/acknowledge/").status_code == 404
    for page in (f"{ADMIN}device/", f"{ADMIN}alert/", f"{ADMIN}device/?q=quadro"):
        shown = words(dora.get(page))
        assert "quadro" not in shown.replace("?q=quadro", "")
        assert bound.village.pods[1] not in shown
    assert fingerprint() == before


def test_an_administrator_sees_what_measures_their_pods_and_no_more(bound, anna):
    page = words(anna.get(f"{ADMIN}device/"))
    assert "quadro" in page
    assert "D1" not in page
    assert "Broker di casa" not in page
    assert "Visti ma non associati" not in page
    assert anna.get(f"{ADMIN}device/{bound.native.pk}/").status_code == 404
    own = words(anna.get(f"{ADMIN}device/{bound.shelly.pk}/"))
    assert bound.village.pods[1] in own
    assert [row in words(anna.get(f"{ADMIN}alert/")) for row in ("quadro", "D1")] == [True, False]


@pytest.mark.parametrize("tail", ["broker/", "broker/add/", "deadletter/", "unknowntopic/"])
def test_brokers_and_messages_are_for_superusers(bound, anna, root, tail):
    assert anna.get(f"{ADMIN}{tail}").status_code == 403
    assert root.get(f"{ADMIN}{tail}").status_code == 200


def test_a_broker_and_its_state_do_not_exist_for_an_administrator(bound, anna):
    for tail in ("change/", "state/", "delete/", "history/"):
        assert anna.get(f"{ADMIN}broker/{bound.broker.pk}/{tail}").status_code in (302, 403)
        assert "mqtt.example.org" not in words(anna.get(f"{ADMIN}broker/{bound.broker.pk}/{tail}", follow=True))


def test_a_device_that_has_moved_away_is_not_theirs_any_more(bound, anna):
    bound.assignment.ends_at = datetime.now(UTC) - timedelta(hours=1)
    bound.assignment.save()
    DeviceAssignment.objects.create(
        device=bound.shelly, pod_key=bound.elsewhere.pods[1], role="exchange", starts_at=bound.assignment.ends_at
    )
    assert anna.get(f"{ADMIN}device/{bound.shelly.pk}/").status_code == 404


def test_what_a_device_measured_for_others_is_not_told(bound, anna, root):
    bound.assignment.starts_at = START + timedelta(days=1)
    bound.assignment.save()
    foreign = bound.elsewhere.pods[1]
    DeviceAssignment.objects.create(
        device=bound.shelly, pod_key=foreign, role="exchange", starts_at=START, ends_at=START + timedelta(days=1)
    )
    address = f"{ADMIN}device/{bound.shelly.pk}/"
    assert foreign in words(root.get(address))
    assert foreign not in words(anna.get(address))


def test_a_pod_that_left_the_community_takes_its_device_along(bound, anna):
    MeteringPoint.objects.filter(pod_key=bound.village.pods[1]).update(valid_to="2026-01-01")
    assert anna.get(f"{ADMIN}device/{bound.shelly.pk}/").status_code == 404


def test_an_accountant_has_no_devices(bound, as_user):
    carla = as_user(bound.village.carla)
    assert carla.get(f"{ADMIN}device/").status_code == 403
    assert carla.get(f"{ADMIN}device/{bound.shelly.pk}/").status_code == 404
    assert carla.get(f"{ADMIN}alert/").status_code == 403
    assert carla.get("/ceradmin/").status_code == 200


def test_an_alert_is_acknowledged_once_by_who_may(bound, anna, root):
    address = f"{ADMIN}alert/{bound.alert.pk}/acknowledge/"
    assert anna.get(address).status_code == 405
    assert anna.post(f"{ADMIN}alert/{bound.other_alert.pk}/acknowledge/").status_code == 404
    answer = anna.post(address, {"next": "https://evil.example.org/"})
    assert answer["Location"] == f"{ADMIN}alert/"
    root.post(address, {"next": f"{ADMIN}alert/?show=taken"})
    bound.alert.refresh_from_db()
    assert bound.alert.acknowledged_by == bound.village.anna
    assert "quadro" not in words(anna.get(f"{ADMIN}alert/"))
    assert "quadro" in words(anna.get(f"{ADMIN}alert/?show=taken"))
    assert "quadro" not in words(anna.get(f"{ADMIN}alert/?show=closed"))
    assert [kind in words(root.get(f"{ADMIN}alert/")) for kind in ("muto 1", "orologio sbagliato 1")] == [False, True]
    assert root.get(f"{ADMIN}alert/?show=nonsense&kind=nonsense&page=x").status_code == 200


def test_a_label_is_theirs_to_change(bound, anna):
    anna.post(f"{ADMIN}device/{bound.shelly.pk}/label/", {"label": "Cantina"})
    bound.shelly.refresh_from_db()
    assert bound.shelly.label == "Cantina"
    anna.post(f"{ADMIN}device/{bound.shelly.pk}/label/", {"label": "x" * 201})
    bound.shelly.refresh_from_db()
    assert bound.shelly.label == "Cantina"


def test_how_often_a_device_speaks_is_theirs_to_say(bound, anna):
    address = f"{ADMIN}device/{bound.shelly.pk}/"
    assert 'placeholder="300"' in anna.get(address).content.decode()
    assert anna.get(f"{address}heartbeat/").status_code == 405
    for said, kept in (("60", 60), ("0", 60), ("-1", 60), ("x", 60), ("604801", 60), ("604800", 604_800), ("", None)):
        anna.post(f"{address}heartbeat/", {"seconds": said})
        bound.shelly.refresh_from_db()
        assert bound.shelly.heartbeat_seconds == kept, said
    assert LogEntry.objects.count() == 3
    anna.post(f"{address}heartbeat/", {"seconds": "1200"})
    page = anna.get(address)
    assert 'value="1200"' in page.content.decode()
    assert "Vuoto: 300 s, come il suo broker." in words(page)


@pytest.mark.parametrize("who", ["root", "anna"])
def test_looking_at_everything_changes_nothing(bound, root, anna, enqueued, who):
    """A crawl by GET through every address that any page of devices offers."""
    bound.send(NATIVE_TOPIC, b"\xff\xfe")
    bound.send("strange/topic", b"1")
    DeviceFlip.objects.create(device=bound.shelly, was="unknown", now="online", at=START)
    DeviceState.objects.update(presence="online", presence_since=START)
    client = {"root": root, "anna": anna}[who]
    before = fingerprint()
    seen, waiting = set(), [f"{ADMIN}device/"]
    visits: Counter[str] = Counter()
    while waiting:
        address = waiting.pop(0)
        kind = re.sub(r"\d+", "0", address.partition("?")[0])
        if address in seen or visits[kind] >= MOST_VISITS:
            continue
        seen.add(address)
        visits[kind] += 1
        answer = client.get(address)
        assert answer.status_code in (200, 286, 302, 403, 404, 410), (address, answer.status_code)
        if answer.get("Content-Type", "").startswith("text/html") and not answer.streaming:
            waiting += [normal(link, address) for link in links(answer) if is_ours(link)]
    assert f"{ADMIN}device/{bound.shelly.pk}/" in seen
    assert f"{ADMIN}alert/" in seen
    assert fingerprint() == before
    assert enqueued == []
