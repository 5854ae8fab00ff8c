"""The devices' page: the way, the brokers, every device as it is, and those that nobody has bound."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from redis import Redis

from apps.engine.inputs import Quality
from apps.metering import broker_status
from apps.metering.curve_operations import store_curves
from apps.metering.device_operations import bind_device
from apps.metering.device_queries import get_month_device_quality, list_recent_quality
from apps.metering.models import Alert, Channel, Device, DeviceAssignment, DeviceState, Source
from apps.metering.packing import WIDTH
from apps.metering.statements import CurveStatements
from tests.doors.backoffice.pages import words

pytestmark = pytest.mark.django_db
DEVICES = "/ceradmin/metering/device/"
START = datetime(2026, 3, 1, tzinfo=UTC)


def bind(site, device, pod, **changes):
    asked: dict[str, Any] = {"role": "exchange", "component": "", "starts_at": START, "connection_power_w": 3300} | changes
    return bind_device(device_id=device.pk, pod=pod, **asked)


@pytest.fixture
def told(settings):
    """Says into Redis what the listener would."""
    redis = Redis.from_url(settings.CELERY_BROKER_URL)
    redis.flushdb()

    def tell(key: str, **values: object) -> None:
        redis.hset(key, mapping={name: str(value) for name, value in values.items()})

    yield tell
    redis.flushdb()


def us(at: datetime) -> int:
    return int(at.timestamp()) * 1_000_000


class TestWay:
    def test_without_a_listener_everything_is_unknown_and_nothing_falls(self, site, root, told):
        page = words(root.get(DEVICES))
        assert "Ascolto non risponde" in page
        assert "Broker di casa sconosciuto" in page

    def test_brokers_listener_and_queue_are_told_in_words(self, site, root, told):
        now = datetime.now(UTC)
        told(broker_status.PROCESS_KEY, pid=1, host="h", lag_ms=12, stage="stream", spool_bytes=0, brokers=site.broker.pk)
        told(
            broker_status.BROKER_KEY.format(site.broker.pk),
            state="refused",
            since=us(now - timedelta(hours=2)),
            last_packet_at=us(now - timedelta(minutes=5)),
            last_error="<b>Not authorised</b>",
            messages=12345,
        )
        answer = root.get(DEVICES)
        assert "Ascolto in funzione" in words(answer)
        assert "Ritardo della conferma 12 ms" in words(answer)
        assert "Coda dei messaggi 0 gruppi" in words(answer)
        assert "rifiutato dal broker da 2 ore 5 min fa 12.345 <b>Not authorised</b>" in words(answer).replace("\xa0", " ")
        assert "<b>Not" not in answer.content.decode()

    def test_a_disabled_broker_says_so(self, site, root, told):
        site.broker.enabled = False
        site.broker.save()
        told(broker_status.BROKER_KEY.format(site.broker.pk), state="connected", last_error="x")
        assert "Broker di casa disattivato" in words(root.get(DEVICES))


class TestDevices:
    def test_a_device_shows_what_it_measures_and_how_it_is(self, site, root, told):
        bind(site, site.shelly, site.village.pods[1])
        received_at = datetime.now(UTC) - timedelta(minutes=7)
        DeviceState.objects.filter(device=site.shelly).update(
            presence="online", last_received_at=received_at, power_w=-1234, power_at=received_at
        )
        page = words(root.get(DEVICES)).replace("\xa0", " ")
        assert f"quadro shelly, Broker di casa {site.village.pods[1]} scambio (M1) in linea 7 min fa −1.234 W" in page
        assert "Visti ma non associati 1" in page
        assert "D1 native, Broker di casa – da verificare" in page

    def test_the_pod_that_a_topic_names_is_shown_where_nothing_is_bound(self, site, root, told):
        assert f"quadro shelly, Broker di casa {site.village.pods[1]} scambio (M1) da verificare" in words(root.get(DEVICES))

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("q=quad", {"quadro"}),
            ("q=POD", {"quadro"}),
            ("q=%3Cscript%3E", set()),
            ("q=%00", {"quadro", "D1"}),
            ("presence=online", {"quadro"}),
            ("presence=unknown", {"D1"}),
            ("presence=nonsense", {"quadro", "D1"}),
            ("bound=yes", {"quadro"}),
            ("bound=no", {"D1"}),
            ("broker=987654", {"quadro", "D1"}),
            ("page=99", {"quadro", "D1"}),
        ],
    )
    def test_filters_narrow_and_nonsense_does_not(self, site, root, told, query, found):
        bind(site, site.shelly, site.village.pods[1])
        DeviceState.objects.filter(device=site.shelly).update(presence="online")
        page = root.get(f"{DEVICES}?{query.replace('POD', site.village.pods[1])}").content.decode()
        assert {name for pk, name in re.findall(r'id="d-(\d+)"[^>]*>([^<]+)<', page)} == found

    def test_the_live_part_alone_keeps_the_filters(self, site, root, told):
        answer = root.get(f"{DEVICES}live/?q=quad", HTTP_HX_REQUEST="true")
        page = answer.content.decode()
        assert page.strip().startswith('<div id="live" hx-get="/ceradmin/metering/device/live/?q=quad"')
        assert "<html" not in page

    def test_who_is_not_logged_in_any_more_stops_asking(self, site, client):
        answer = client.get(f"{DEVICES}live/", HTTP_HX_REQUEST="true")
        assert (answer.status_code, answer["HX-Refresh"]) == (286, "true")
        assert client.get(f"{DEVICES}live/").status_code == 302

    def test_hostile_names_are_text(self, site, root, told):
        Device.objects.update(label="<script>alert(1)</script>", serial='"><img src=x>')
        for address in (DEVICES, f"{DEVICES}{site.shelly.pk}/", f"{DEVICES}{site.shelly.pk}/bind/"):
            page = root.get(address).content.decode()
            assert "<script>alert" not in page
            assert "<img" not in page

    def test_two_hundred_devices_cost_as_many_queries_as_two(self, site, root, told):
        def queries() -> int:
            root.get(DEVICES)
            with CaptureQueriesContext(connection) as captured:
                assert root.get(DEVICES).status_code == 200
            return len(captured)

        bind(site, site.shelly, site.village.pods[1])
        few = queries()
        many = Device.objects.bulk_create(
            Device(broker=site.broker, vendor="shelly", key=f"many/{n}", label=f"Casa {n:03d}", first_seen_at=START)
            for n in range(200)
        )
        DeviceState.objects.bulk_create(DeviceState(device=device, presence="online") for device in many)
        DeviceAssignment.objects.bulk_create(
            DeviceAssignment(device=device, pod_key=f"IT001E{n:08d}", role="exchange", starts_at=START)
            for n, device in enumerate(many[:150])
        )
        assert queries() == few
        assert few < 20


def test_fifty_alerts_cost_as_many_queries_as_one(site, root, told):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert root.get("/ceradmin/metering/alert/").status_code == 200
        return len(captured)

    Alert.objects.create(device=site.shelly, kind="offline", opened_at=START)
    queries()
    few = queries()
    many = Device.objects.bulk_create(
        Device(broker=site.broker, vendor="shelly", key=f"many/{n}", first_seen_at=START) for n in range(49)
    )
    Alert.objects.bulk_create(Alert(device=device, kind="clock", opened_at=START) for device in many)
    assert queries() == few


class TestQuality:
    """What the curves of devices say of the last hours and of the month."""

    def store(self, pod: str, day: date, qualities: Mapping[int, int], channel: Channel = Channel.WITHDRAWN) -> None:
        stated = np.zeros((1, WIDTH), np.bool_)
        quality = np.zeros((1, WIDTH), np.uint8)
        values = np.zeros((1, WIDTH), np.int32)
        for slot, value in qualities.items():
            stated[0, slot], quality[0, slot] = True, value
        said = CurveStatements(
            pod_keys=np.array([pod], "S14"),
            days=np.array([day], "datetime64[D]"),
            channels=np.array([channel.value], np.int16),
            values=values,
            quality=quality,
            stated=stated,
        )
        store_curves(said=said, source=Source.DEVICE, as_of=START)

    def test_the_last_quarters_go_over_midnight_and_the_worse_channel_speaks(self, db):
        pod = "IT001E00000001"
        self.store(pod, date(2026, 3, 1), dict.fromkeys(range(96), Quality.MEASURED))
        self.store(pod, date(2026, 3, 2), {0: Quality.MEASURED, 1: Quality.SUSPECT})
        self.store(pod, date(2026, 3, 2), {0: Quality.ESTIMATED, 1: Quality.MEASURED}, Channel.INJECTED)
        until = datetime(2026, 3, 1, 23, 37, tzinfo=UTC)  # half past midnight in Rome, and a bit
        found = list_recent_quality([pod, "IT001E00000002"], until=until, quarters=4)
        assert found == {pod: [Quality.MEASURED, Quality.MEASURED, Quality.ESTIMATED, Quality.SUSPECT]}

    def test_a_month_counts_quarters_that_have_ended(self, db):
        pod = "IT001E00000001"
        self.store(
            pod, date(2026, 3, 1), dict.fromkeys(range(90), Quality.MEASURED) | {90: Quality.ESTIMATED, 91: Quality.SUSPECT}
        )
        found = get_month_device_quality(pod, 2026, 3, until=datetime(2026, 3, 2, 0, 0, tzinfo=UTC))
        assert (found.measured, found.estimated, found.suspect, found.missing, found.expected) == (90, 1, 1, 8, 100)

    def test_the_list_shows_them(self, site, root, told):
        bind(site, site.shelly, site.village.pods[1])
        today = datetime.now(UTC).date()
        for day in (today - timedelta(days=1), today, today + timedelta(days=1)):
            self.store(site.village.pods[1], day, dict.fromkeys(range(92), Quality.MEASURED))
        page = root.get(DEVICES)
        assert "Qualità degli ultimi 24 quarti d’ora" in words(page)
        assert "misurati" in words(page)


def test_the_home_tells_how_many_alerts_wait(site, root, told):
    assert "da guardare" not in words(root.get("/ceradmin/"))
    Alert.objects.create(device=site.shelly, kind="offline", opened_at=START)
    assert "1 avviso dei dispositivi da guardare" in words(root.get("/ceradmin/"))
    Alert.objects.create(device=site.native, kind="clock", opened_at=START)
    assert "2 avvisi dei dispositivi da guardare" in words(root.get("/ceradmin/"))
