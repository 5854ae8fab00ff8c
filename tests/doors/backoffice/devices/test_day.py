"""A day of a device: what it counted by the quarter, how well that is known, and what happened, in words."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from apps.metering.models import DeviceAssignment, Sensor
from tests.doors.backoffice.devices.conftest import SECOND, shelly_payload, shelly_topic
from tests.doors.backoffice.pages import words

pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 1, tzinfo=UTC)


def day() -> date:
    return timezone.localdate() - timedelta(days=1)


def at_us(hour: float) -> int:
    midnight = datetime(day().year, day().month, day().day, tzinfo=timezone.get_current_timezone())
    return int((midnight + timedelta(hours=hour)).timestamp()) * SECOND


@pytest.fixture
def measured(site):
    """An hour of 200 Wh a quarter, a silence of an hour, one quarter more, and a reset."""
    pod = site.village.pods[1]
    for hour, wh in ((10, 5000), (10.25, 5200), (10.5, 5400), (10.75, 5600), (11, 5800), (12, 6600), (12.25, 6800), (12.5, 7)):
        site.send(shelly_topic(pod), shelly_payload(wh), at_us=at_us(hour), name=f"h{hour}")
    return site


def address(site, query=""):
    return f"/ceradmin/metering/device/{site.shelly.pk}/{query}"


def test_energy_quality_and_notes_are_told_in_words(measured, root):
    page = words(root.get(address(measured, f"?day={day()}"))).replace("\xa0", " ")
    assert "Energia prelevata: 1,800 kWh" in page
    assert "5 misurati, 4 stimati, " in page
    assert "11:00:00 – 12:00:00 prelevata: più di 30 minuti senza letture, energia stimata (0,800 kWh)" in page
    assert "prelevata: registro azzerato o contatore sostituito" in page
    assert "10:00 0,200 misurato 0,000 misurato" in page
    assert "13:00 – mancante" in page


def test_pictures_have_words_for_who_cannot_see_them(measured, root):
    page = root.get(address(measured, f"?day={day()}")).content.decode()
    assert "<title>Potenza media di ogni quarto d’ora, em1:0," in page
    assert "<desc>La più alta è di 800 W.</desc>" in page
    assert "style=" not in page.partition("<svg")[2].partition("</svg>")[0]


@pytest.mark.parametrize(
    "query", ["", "?day=", "?day=x", "?day=9999-12-31", "?day=0001-01-01", "?day=2026-03-29", "?day=2026-10-25"]
)
def test_any_day_can_be_asked_for(measured, root, query):
    assert root.get(address(measured, query)).status_code == 200


def test_today_has_no_quarters_that_have_not_ended(measured, root):
    page = words(root.get(address(measured)))
    ended = int((timezone.now() - timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)).total_seconds()) // 900
    assert page.count(" – mancante") <= ended * 2


def test_an_administrator_sees_whole_days_of_their_own_and_no_other(measured, anna, dora, root):
    midnight = datetime(day().year, day().month, day().day, tzinfo=timezone.get_current_timezone())
    made = DeviceAssignment.objects.create(
        device=measured.shelly, pod_key=measured.village.pods[1], role="exchange", starts_at=midnight
    )
    query = f"?day={day()}"
    assert "Energia prelevata" in words(anna.get(address(measured, query)))
    assert dora.get(address(measured, query)).status_code == 404
    made.starts_at = midnight + timedelta(hours=1)
    made.save()
    assert "Energia prelevata" in words(root.get(address(measured, query)))
    page = words(anna.get(address(measured, query)))
    assert "Energia prelevata" not in page
    assert "azzerato" not in page
    assert "0,200" not in page
    made.starts_at, made.component = midnight, "em1:9"
    made.save()
    assert "Energia prelevata" not in words(anna.get(address(measured, query)))


def test_a_gap_that_began_in_the_time_of_others_is_not_told(measured, anna, root):
    """Nothing was heard from an hour before midnight to ten; the POD was theirs from midnight on."""
    midnight = datetime(day().year, day().month, day().day, tzinfo=timezone.get_current_timezone())
    measured.send(shelly_topic(measured.village.pods[1]), shelly_payload(4000), at_us=at_us(-1), name="before")
    made = DeviceAssignment.objects.create(
        device=measured.shelly, pod_key=measured.village.pods[1], role="exchange", starts_at=midnight
    )
    query = f"?day={day()}"
    assert "senza letture, energia stimata (1,000 kWh)" in words(root.get(address(measured, query))).replace("\xa0", " ")
    assert "(1,000 kWh)" not in words(anna.get(address(measured, query))).replace("\xa0", " ")
    made.starts_at = midnight - timedelta(days=1)
    made.save()
    assert "(1,000 kWh)" in words(anna.get(address(measured, query))).replace("\xa0", " ")


def test_sensors_show_their_last_readings_extremes_and_labels(site, root):
    for minute, value in enumerate((0.5, -1250.25, 2, 3)):
        at = f"2026-03-02 12:0{minute}:00.000000"
        payload = f'{{"heart_beat":"s","sensors_last_data":[{{"device_name":"MNA<b>","ts":"{at}","last_acc":{value}}}]}}'
        site.send("s/datalogger/tilt/1/heartbeat", payload.encode(), name=at, at_us=int(START.timestamp()) * SECOND * 2)
    sensor = Sensor.objects.get()
    page = root.get(f"/ceradmin/metering/device/{sensor.device_id}/")
    assert "acc −1.250,25 2 3 −1.250,25 3" in words(page)
    assert "MNA<b>" not in page.content.decode()
    other = f"/ceradmin/metering/device/{site.shelly.pk}/sensor/{sensor.pk}/"
    root.post(other, {"label": "Ponte"})
    sensor.refresh_from_db()
    assert sensor.label == ""
    root.post(f"/ceradmin/metering/device/{sensor.device_id}/sensor/{sensor.pk}/", {"label": "Ponte"})
    sensor.refresh_from_db()
    assert sensor.label == "Ponte"
