"""Devices through the eyes of who runs the installation: the page lives, one press binds, a worker reads a message again."""

import re
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.models import User
from apps.metering.ingest import store_batches
from apps.metering.ingest.hearing import message_sha256
from apps.metering.ingest.identities import forget_identities
from apps.metering.models import Broker, DeadLetter, Device, DeviceAssignment, DeviceState, Reading
from apps.metering.raw import RawMessage, encode_batch
from tests.doors.backoffice.village import PASSWORD, Village, make_village
from tests.doors.e2e.test_admin_run import list_requests, log_in

PAYLOAD = b'{"id":0,"total_act_energy":1000.00,"total_act_ret_energy":0.00}'


@pytest.fixture
def village(site: str) -> Village:
    """A village in which a Shelly that names its POD has just spoken."""
    forget_identities()
    made = make_village()
    User.objects.create_user("root@example.org", PASSWORD, is_staff=True, is_superuser=True, name="Rosa")
    broker = Broker.objects.create(name="Broker di casa", host="mqtt.example.org", client_id="uno", topics=["#"])
    received_us = int((datetime.now(UTC) - timedelta(hours=2)).timestamp()) * 1_000_000
    message = RawMessage(f"shelly/{made.pods[1]}/quadro/status/em1data:0", PAYLOAD, received_us)
    store_batches([encode_batch("first", broker.pk, [message])])
    return made


def test_a_device_is_bound_with_one_press_and_the_page_lives(village: Village, page: Page):
    log_in(page, "root@example.org")
    page.get_by_role("link", name="Dispositivi").first.click()
    expect(page.get_by_role("heading", name="Visti ma non associati")).to_be_visible()
    DeviceState.objects.update(presence="online", power_w=1234)
    expect(page.get_by_text("1.234 W")).to_be_visible()  # nobody reloaded

    page.get_by_role("link", name="Scegli che cosa misura quadro").click()
    expect(page.get_by_label("POD", exact=True)).to_have_value(village.pods[1])
    page.go_back()
    page.get_by_role("button", name=f"Associa quadro a {village.pods[1]}").click()
    expect(page.get_by_text(re.compile(f"misura {village.pods[1]}"))).to_be_visible()
    assert DeviceAssignment.objects.get().pod_key == village.pods[1]


def test_a_worker_reads_a_message_again_while_a_person_waits(village: Village, page: Page, worker: "subprocess.Popen[bytes]"):
    topic = f"shelly/{village.pods[1]}/quadro/status/em1data:0"
    payload = PAYLOAD.replace(b"1000.00", b"1250.00")
    received_at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    letter = DeadLetter.objects.create(
        broker_id=Broker.objects.get().pk,
        device=Device.objects.get(),
        topic=topic,
        payload=payload,
        sha256=message_sha256(RawMessage(topic, payload, 0)),
        reason="wrong_type",
        detail="The field total_act_energy is text.",
        first_received_at=received_at,
        last_received_at=received_at,
    )
    log_in(page, "root@example.org")
    page.goto(f"/ceradmin/metering/deadletter/{letter.pk}/")
    page.get_by_role("button", name="Riprova").click()
    expect(page.get_by_text("Chiuso: riletto con successo")).to_be_visible()
    assert not Reading.objects.filter(
        register_milliwh=1_250_000
    ).exists()  # it may have been retained: nobody knows when it was true
    assert list_requests(page, 2.5) == []
