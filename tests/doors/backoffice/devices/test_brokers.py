"""Brokers in the admin: a password that goes in and never comes out, topics one per line, a live column."""

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.db.models.deletion import ProtectedError

from apps.backoffice.devices.brokers import DEFAULT_TOPICS, is_topic_filter
from apps.engine.telemetry import Reason, parse_message
from apps.engine.telemetry.messages import EPOCH
from apps.metering.models import Broker
from tests.doors.backoffice.pages import words

pytestmark = pytest.mark.django_db
BROKERS = "/ceradmin/metering/broker/"
SECRET = "un segreto: àè<>"
FORM = {
    "name": "Nuovo",
    "enabled": "on",
    "host": "mqtt.example.org",
    "port": "8883",
    "tls": "on",
    "ca_certificate": "",
    "client_id": "cercollettiva-nuovo",
    "username": "cer",
    "new_password": SECRET,
    "topics": "tele/+/SENSOR\r\n\r\n tele/+/SENSOR \r\nhuawei-solar/#\r\n",
    "heartbeat_seconds": "60",
}


def stored_password(broker: Broker) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT password FROM metering_broker WHERE id = %s", [broker.pk])
        return str(cursor.fetchone()[0])


def test_a_broker_is_added_with_its_password_encrypted(site, root):
    assert root.post(f"{BROKERS}add/", FORM).status_code == 302
    made = Broker.objects.get(name="Nuovo")
    assert (made.password, made.topics, made.tls) == (SECRET, ["tele/+/SENSOR", "huawei-solar/#"], True)
    assert SECRET not in stored_password(made)
    for page in (f"{BROKERS}{made.pk}/change/", f"{BROKERS}{made.pk}/history/", BROKERS):
        shown = root.get(page)
        assert SECRET not in words(shown)
        assert "un segreto" not in shown.content.decode()
    assert not LogEntry.objects.filter(change_message__contains="segreto").exists()


def test_a_password_left_empty_stays_and_can_be_removed(site, root):
    root.post(f"{BROKERS}add/", FORM)
    made = Broker.objects.get(name="Nuovo")
    address = f"{BROKERS}{made.pk}/change/"
    assert 'placeholder="impostata"' in root.get(address).content.decode()
    root.post(address, FORM | {"new_password": "", "host": "10.0.0.1"})
    made.refresh_from_db()
    assert (made.password, made.host) == (SECRET, "10.0.0.1")
    root.post(address, FORM | {"new_password": "", "remove_password": "on"})
    made.refresh_from_db()
    assert made.password == ""


def test_a_new_form_proposes_a_client_and_topics(site, root):
    first, second = (root.get(f"{BROKERS}add/").content.decode() for _ in range(2))
    assert "cercollettiva-" in first
    assert first.partition("cercollettiva-")[2][:16] != second.partition("cercollettiva-")[2][:16]
    assert "\n".join(DEFAULT_TOPICS) in first


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": "mqtt://x"},
        {"host": "x:1883"},
        {"host": "a b"},
        {"port": "0"},
        {"port": "70000"},
        {"topics": ""},
        {"topics": "a/#/b"},
        {"topics": "a+/b"},
        {"topics": "x" * 201},
        {"client_id": "uno"},
        {"name": "Broker di casa"},
        {"heartbeat_seconds": "0"},
        {"ca_certificate": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"},
        {"ca_certificate": "hello"},
    ],
)
def test_what_no_broker_could_use_is_refused(site, root, wrong):
    answer = root.post(f"{BROKERS}add/", FORM | wrong)
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert Broker.objects.count() == 1


def test_brokers_are_switched_by_an_action_and_never_deleted(site, root):
    for action, enabled in (("disable", False), ("disable", False), ("enable", True)):
        answer = root.post(BROKERS, {"action": action, "_selected_action": site.broker.pk}, follow=True)
        site.broker.refresh_from_db()
        assert site.broker.enabled is enabled
        assert "L’ascolto se ne accorge da solo" in words(answer)
    assert root.get(f"{BROKERS}{site.broker.pk}/delete/").status_code == 403
    root.post(BROKERS, {"action": "delete_selected", "_selected_action": site.broker.pk, "post": "yes"})
    assert Broker.objects.filter(pk=site.broker.pk).exists()
    with pytest.raises(ProtectedError):
        site.broker.delete()


def test_the_live_column_is_asked_for_alone(site, root):
    assert f'hx-get="{BROKERS}{site.broker.pk}/state/"' in root.get(BROKERS).content.decode()
    answer = root.get(f"{BROKERS}{site.broker.pk}/state/")
    assert answer.content.decode().startswith('<div class="connection"')
    assert root.get(f"{BROKERS}987654/state/").status_code == 404


@pytest.mark.parametrize(
    "topic",
    [
        "shelly/IT001E00000001/em/status/em:0",
        "shelly/IT001E00000001/em/events/rpc",
        "shelly/IT001E00000001/em/online",
        "shellies/x/emeter/0/total",
        "tele/x/SENSOR",
        "x/tele/SENSOR",
        "stat/x/STATUS8",
        "tele/x/LWT",
        "huawei-solar/x",
        "huawei-solar/x/status",
        "energy/plant/7/device/D1/measurements",
        "sito/datalogger/tilt/1/heartbeat",
        "sito/gateway/heartbeat",
    ],
)
def test_the_proposed_topics_take_what_vendors_say_once(topic):
    """Every topic of the grammar is subscribed to, and by one filter alone: two would deliver it twice."""
    assert sum(matches(one, topic) for one in DEFAULT_TOPICS) == 1
    parsed = parse_message(topic, b"", EPOCH)
    assert getattr(parsed, "reason", None) is not Reason.UNKNOWN_TOPIC
    assert all(is_topic_filter(one) for one in DEFAULT_TOPICS)


@pytest.mark.parametrize(
    ("topic", "good"),
    [
        ("#", True),
        ("+", True),
        ("a/+/b/#", True),
        ("/a", True),
        ("$share/cer/tele/+/SENSOR", True),
        ("$share/cer/#", True),
        ("$share/cer", False),
        ("$share//a", False),
        ("$share/+/a", False),
        ("$share", False),
        ("a/#/b", False),
        ("a#", False),
        ("a/+b", False),
        ("a\0b", False),
        ("", False),
    ],
)
def test_a_filter_is_what_a_broker_accepts(topic, good):
    assert is_topic_filter(topic) is good


def matches(pattern: str, topic: str) -> bool:
    wanted, levels = pattern.split("/"), topic.split("/")
    for place, one in enumerate(wanted):
        if one == "#":
            return True
        if place >= len(levels) or one not in ("+", levels[place]):
            return False
    return len(wanted) == len(levels)
