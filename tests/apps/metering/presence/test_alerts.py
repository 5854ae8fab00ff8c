"""Alerts: one open per device and kind, closed when it is over, none for what is the broker's matter."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from apps.accounts.models import User
from apps.metering.alert_operations import acknowledge_alert
from apps.metering.alert_queries import list_open_alerts
from apps.metering.models import Alert, Broker, Device, DeviceState, RegisterSeries, SeriesNote
from apps.metering.presence import detect_offline
from tests.apps.metering.presence.rows import NOON, bind, hear, look, make_broker, make_device

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@pytest.fixture
def broker() -> Broker:
    return make_broker()


def open_kinds(device: Device | None = None) -> list[str]:
    return sorted(alert.kind for alert in list_open_alerts(device_ids=None if device is None else [device.pk]))


# --- offline ---


def test_an_alert_opens_a_quarter_of_an_hour_after_a_device_went_offline_and_closes_when_it_speaks(broker: Broker) -> None:
    device = make_device(broker, was="online", since=600, heard=20)
    look(NOON)
    look(NOON + 14 * MINUTE)
    assert open_kinds() == []
    for minute in (15, 16, 17):
        look(NOON + minute * MINUTE)
    [alert] = list_open_alerts()
    assert (alert.kind, alert.opened_at, alert.device_id) == ("offline", NOON + 15 * MINUTE, device.pk)
    assert alert.detail == "Ultimo messaggio: 02/03/2026 12:40."
    hear(device, NOON + 20 * MINUTE)
    look(NOON + 21 * MINUTE)
    assert open_kinds() == []
    assert Alert.objects.get().closed_at == NOON + 21 * MINUTE


def test_a_device_that_fails_again_gets_another_alert(broker: Broker) -> None:
    device = make_device(broker, was="offline", since=600, heard=700)
    look(NOON)
    hear(device, NOON + MINUTE)
    look(NOON + 2 * MINUTE)
    look(NOON + 30 * MINUTE)
    look(NOON + 50 * MINUTE)
    assert list(Alert.objects.order_by("opened_at").values_list("opened_at", "closed_at")) == [
        (NOON, NOON + 2 * MINUTE),
        (NOON + 50 * MINUTE, None),
    ]


@pytest.mark.parametrize("up", [False, None])
def test_a_broker_that_is_away_raises_no_alert_of_its_devices(broker: Broker, up: bool | None) -> None:
    for n in range(20):
        bind(make_device(broker, f"d{n}", was="online", since=6000, heard=16, measured=16), f"IT001E{n:08}")
    bind(make_device(broker, "offline", was="offline", since=10, heard=700, measured=700), "IT001E90000000")
    for minute in range(0, 4000, 200):
        look(NOON + minute * MINUTE, up=up)
    assert open_kinds() == []


def test_after_a_broker_came_back_its_devices_have_a_while_to_speak(broker: Broker) -> None:
    device = make_device(broker, was="broker_down", since=600, heard=3000, measured=3000)
    bind(device)
    for minute in (0, 14, 15):
        look(NOON + minute * MINUTE, up_since=NOON)
    assert open_kinds() == ["no_data"]  # offline, and that will be said in a while
    look(NOON + 30 * MINUTE, up_since=NOON)
    assert open_kinds() == ["no_data", "offline"]


def test_a_device_that_was_offline_before_is_told_of_once_its_broker_is_back_for_a_while(broker: Broker) -> None:
    make_device(broker, was="offline", since=60, heard=700)
    look(NOON + 14 * MINUTE, up_since=NOON)
    assert open_kinds() == []
    look(NOON + 15 * MINUTE, up_since=NOON)
    assert open_kinds() == ["offline"]


def test_a_device_that_may_still_speak_after_its_broker_came_back_does_not_lack_data(broker: Broker) -> None:
    bind(make_device(broker, heartbeat=3600, was="broker_down", since=600, heard=3000, measured=3000))
    look(NOON + 170 * MINUTE, up_since=NOON)
    assert open_kinds() == []
    look(NOON + 180 * MINUTE, up_since=NOON)
    assert open_kinds() == ["no_data"]


def test_an_alert_of_before_stays_while_the_broker_is_away(broker: Broker) -> None:
    make_device(broker, was="offline", since=60, heard=700)
    look(NOON)
    look(NOON + DAY, up=False)
    assert open_kinds() == ["offline"]


def test_a_device_out_of_service_is_nobodys_worry(broker: Broker) -> None:
    device = make_device(broker, was="offline", since=60, heard=700, measured=700)
    assignment = bind(device)
    look(NOON)
    assert open_kinds() == ["offline"]
    assignment.ends_at = NOON + MINUTE
    assignment.save()
    look(NOON + MINUTE)
    assert open_kinds() == []
    look(NOON + 2 * MINUTE)
    assert Alert.objects.count() == 1


# --- clock ---


def test_one_impossible_stamp_is_no_alert_but_a_clock_that_stays_wrong_is(broker: Broker) -> None:
    device = make_device(broker, was="online", since=600, heard=0, clock_wrong=0)
    look(NOON)
    hear(device, NOON + 16 * MINUTE)
    look(NOON + 14 * MINUTE)
    assert open_kinds() == []
    hear(device, NOON + 16 * MINUTE, clock_wrong_at=NOON + 14 * MINUTE)
    look(NOON + 16 * MINUTE)
    assert open_kinds() == ["clock"]
    hear(device, NOON + 40 * MINUTE)
    look(NOON + 41 * MINUTE)
    assert open_kinds() == []


def test_one_impossible_stamp_of_a_device_that_seldom_speaks_is_no_alert(broker: Broker) -> None:
    make_device(broker, heartbeat=3600, was="online", since=600, heard=0, clock_wrong=0)
    look(NOON)
    look(NOON + 60 * MINUTE)
    assert open_kinds() == []


# --- no data ---


@pytest.mark.parametrize(
    ("measured", "bound_for", "kinds"),
    [
        (None, timedelta(days=2), ["no_data"]),
        (24 * 60, timedelta(days=2), ["no_data"]),
        (24 * 60 - 1, timedelta(days=2), []),
        (None, timedelta(hours=23), []),
    ],
)
def test_a_bound_device_without_readings_for_a_day(
    broker: Broker, measured: int | None, bound_for: timedelta, kinds: list[str]
) -> None:
    device = make_device(broker, was="online", since=600, heard=0, measured=measured)
    bind(device, starts_at=NOON - bound_for)
    look()
    assert open_kinds() == kinds


def test_a_bound_device_that_never_spoke_has_no_data(broker: Broker) -> None:
    device = Device.objects.create(broker=broker, vendor="v", key="new", first_seen_at=NOON)
    bind(device)
    look()
    [alert] = list_open_alerts()
    assert (alert.kind, alert.detail) == ("no_data", "Ultima misura: mai.")
    DeviceState.objects.create(device=device, last_received_at=NOON, last_measured_at=NOON)
    look(NOON + MINUTE)
    assert open_kinds() == []


def test_a_device_that_is_not_bound_owes_no_data(broker: Broker) -> None:
    make_device(broker, was="online", since=600, heard=0)
    look()
    assert open_kinds() == []


# --- suspect ---


def note(device: Device, kind: str, at: datetime) -> SeriesNote:
    series, _ = RegisterSeries.objects.get_or_create(device=device, channel="import", component="em:0")
    return SeriesNote.objects.create(series=series, kind=kind, from_at=at - 15 * MINUTE, to_at=at)


def test_notes_on_a_register_are_an_alert_for_a_week(broker: Broker) -> None:
    device = make_device(broker, was="online", since=600, heard=0)
    note(device, "jump", NOON - DAY)
    note(device, "jump", NOON - 2 * DAY)
    note(device, "unit_change", NOON - 2 * DAY)
    note(device, "glitch", NOON - DAY)
    look()
    [alert] = list_open_alerts()
    assert alert.kind == "suspect"
    assert alert.detail.startswith("Note sui registri: ")
    assert alert.detail.count(",") == 1
    detect_offline(as_of=NOON + 6 * DAY - MINUTE, brokers={})
    assert "suspect" in open_kinds()
    detect_offline(as_of=NOON + 6 * DAY, brokers={})
    assert "suspect" not in open_kinds()


@pytest.mark.parametrize("kind", ["reset", "glitch", "long_gap", "conflict"])
def test_what_needs_nobody_is_no_alert(broker: Broker, kind: str) -> None:
    note(make_device(broker, was="online", since=600, heard=0), kind, NOON)
    look()
    assert open_kinds() == []


def test_a_note_that_was_taken_back_closes_its_alert(broker: Broker) -> None:
    found = note(make_device(broker, was="online", since=600, heard=0), "impossible", NOON)
    look()
    found.delete()
    look(NOON + MINUTE)
    assert open_kinds() == []


# --- taking care ---


@pytest.fixture
def alert(broker: Broker) -> Alert:
    make_device(broker, was="offline", since=60, heard=700)
    look()
    return Alert.objects.get()


def make_user(name: str) -> User:
    return User.objects.create_user(f"{name}@example.org", "a-long-password-1")


def test_the_first_who_takes_care_stays(alert: Alert) -> None:
    anna, bruno = make_user("anna"), make_user("bruno")
    assert acknowledge_alert(alert_id=alert.pk, user=anna, as_of=NOON)
    assert not acknowledge_alert(alert_id=alert.pk, user=bruno, as_of=NOON + MINUTE)
    assert not acknowledge_alert(alert_id=alert.pk, user=anna, as_of=NOON + MINUTE)
    alert.refresh_from_db()
    assert (alert.acknowledged_by, alert.acknowledged_at, alert.closed_at) == (anna, NOON, None)


def test_an_alert_that_is_not_there_cannot_be_acknowledged() -> None:
    with pytest.raises(Alert.DoesNotExist):
        acknowledge_alert(alert_id=1, user=make_user("anna"), as_of=NOON)


def test_open_alerts_are_listed_in_one_query(alert: Alert, broker: Broker, django_assert_num_queries: Any) -> None:
    other = make_device(broker, "d2", was="offline", since=60, heard=700)
    look(NOON + MINUTE)
    acknowledge_alert(alert_id=alert.pk, user=make_user("anna"), as_of=NOON)
    with django_assert_num_queries(1):
        assert [found.device_id for found in list_open_alerts()] == [other.pk, alert.device_id]
    assert [found.acknowledged_by for found in list_open_alerts(acknowledged=True)] == ["anna@example.org"]
    assert [found.device_id for found in list_open_alerts(acknowledged=False)] == [other.pk]
    assert len(list_open_alerts(limit=1)) == 1
    assert list_open_alerts(device_ids=[]) == []
