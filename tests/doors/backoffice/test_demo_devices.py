"""The demo's devices are bound to its points under the names with which they will speak."""

import json
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest
from django.core.management import call_command

from apps.backoffice.demo.devices import CONSUMERS, MODELS, SEED, bind_demo_devices, listener, simulator
from apps.communities.models import Community, MeteringPoint, Plant
from apps.engine.telemetry import Message, Parsed, parse_batch
from apps.metering.models import Broker, Device, DeviceAssignment
from fixtures.demo import build
from fixtures.simulator import Fleet, messages_of

pytestmark = pytest.mark.django_db
AS_OF = datetime(2026, 11, 21, 13, 50, tzinfo=UTC)


@pytest.fixture
def community(tmp_path: Path) -> Community:
    path = tmp_path / "community.json"
    path.write_text(json.dumps(build(2023).community_json()), encoding="utf-8")
    call_command("import_community", str(path), json=True)
    return Community.objects.get()


def test_the_devices_of_the_demo_are_bound_once_and_speak_under_their_names(community: Community):
    pods = bind_demo_devices(community, as_of=AS_OF)
    assert bind_demo_devices(community, as_of=AS_OF.replace(hour=15)) == pods
    assert Broker.objects.count() == 1
    assert len(pods) == len(set(pods)) == len(MODELS) == Device.objects.count()
    assignments = list(DeviceAssignment.objects.order_by("pk"))
    assert [row.pod_key for row in assignments] == pods
    assert {row.starts_at for row in assignments} == {AS_OF.replace(minute=0)}
    plants = set(Plant.objects.values_list("pod_key", flat=True))
    assert [row.pod_key in plants for row in assignments] == [row.role == "production" for row in assignments]
    assert MeteringPoint.objects.filter(pod_key__in=pods).count() >= len(pods)

    made = Fleet.of(len(MODELS), SEED, starts_us=0, interval_us=10_000_000, pods=pods, models=MODELS)
    messages = list(islice(messages_of(made, SEED, starts_us=1_800_000_000_000_000, interval_us=10_000_000), 40))
    parsed = parse_batch(Message(told.topic, told.payload, told.sent_us) for told in messages)
    spoken = {(found.source.vendor, found.source.key) for found in parsed if isinstance(found, Parsed)}
    assert spoken == set(Device.objects.values_list("vendor", "key"))


def test_the_processes_of_the_demo_are_commands_that_exist(community: Community):
    command = simulator(bind_demo_devices(community, as_of=AS_OF))
    assert command[:3] == ["manage", "simulate_devices", "--live"]
    assert len(command[command.index("--pods") + 1].split(",")) == len(CONSUMERS) + 1
    assert listener() == ["manage", "listen_mqtt"]
