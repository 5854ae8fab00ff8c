"""The task asks the listener how its brokers are, and believes silence only as far as messages are stored."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from redis import Redis

from apps.metering import broker_status
from apps.metering.broker_status import BROKER_KEY, PROCESS_KEY
from apps.metering.models import Broker, Device, DeviceFlip, DeviceState
from apps.metering.raw import STREAM
from project.env import read_environment
from tasks import devices, ingest
from tasks.schedule import TIMETABLE

pytestmark = pytest.mark.django_db


@pytest.fixture
def redis() -> Iterator[Any]:
    client = Redis.from_url(settings.CELERY_BROKER_URL)
    client.delete(STREAM, PROCESS_KEY, *client.keys(BROKER_KEY.format("*")))
    broker_status._redis.cache_clear()
    yield client
    client.delete(STREAM, PROCESS_KEY, *client.keys(BROKER_KEY.format("*")))


@pytest.fixture
def device() -> Device:
    broker = Broker.objects.create(name="uno", host="localhost", client_id="uno", heartbeat_seconds=10)
    device = Device.objects.create(broker=broker, vendor="v", key="d", first_seen_at=timezone.now())
    heard_at = timezone.now() - timedelta(seconds=60)
    DeviceState.objects.create(device=device, presence="online", presence_since=heard_at, last_received_at=heard_at)
    return device


def microseconds(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000)


def tell(redis: Any, device: Device, state: str, *, ago: float = 3600, stage: str = "stream", spool_bytes: int = 0) -> None:
    """What the listener says of itself and of the broker."""
    since = microseconds(timezone.now() - timedelta(seconds=ago))
    redis.hset(BROKER_KEY.format(device.broker_id), mapping={"state": state, "since": since})
    told: dict[str, Any] = {"pid": 1, "stage": stage, "spool_bytes": spool_bytes, "brokers": str(device.broker_id)}
    redis.hset(PROCESS_KEY, mapping=told)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("connected", "offline"),
        ("disconnected", "broker_down"),
        ("connecting", "broker_down"),
        ("refused", "broker_down"),
        ("breaker_open", "broker_down"),
        ("disabled", "broker_down"),
        ("unknown", "broker_down"),
    ],
)
def test_silence_means_what_the_listener_says_of_the_broker(redis: Any, device: Device, state: str, expected: str) -> None:
    tell(redis, device, state)
    devices.detect_offline()
    devices.detect_offline()
    assert DeviceState.objects.get().presence == expected
    assert DeviceFlip.objects.count() == 1


def test_without_a_listener_no_silence_is_held_against_a_device(redis: Any, device: Device) -> None:
    devices.detect_offline()
    assert DeviceState.objects.get().presence == "broker_down"


def test_a_device_whose_messages_still_wait_in_the_stream_is_not_silent(redis: Any, device: Device) -> None:
    tell(redis, device, "connected")
    minutes_ago = int((time.time() - 45) * 1000)
    redis.xadd(STREAM, {"b": b"x"}, id=f"{minutes_ago}-0")
    devices.detect_offline()
    assert DeviceState.objects.get().presence == "online"
    redis.delete(STREAM)
    devices.detect_offline()
    assert DeviceState.objects.get().presence == "offline"


@pytest.mark.parametrize("waits", [{"stage": "spool"}, {"stage": "paused"}, {"spool_bytes": 1}])
def test_while_messages_wait_on_disk_nothing_is_judged(redis: Any, device: Device, waits: dict[str, Any]) -> None:
    tell(redis, device, "connected", **waits)
    devices.detect_offline()
    assert DeviceState.objects.get().presence == "online"


def test_when_the_queue_does_not_answer_nothing_is_judged(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "get_stream_status", broker_status.StreamStatus)
    devices.detect_offline()
    assert DeviceState.objects.get().presence == "online"


def test_the_timetable_looks_every_half_minute() -> None:
    [job] = [job for job in TIMETABLE if job.task == "devices.detect_offline"]
    assert job.every_seconds == 30
    assert "tasks.devices" in settings.CELERY_IMPORTS
    assert settings.CELERY_TASK_ROUTES["devices.*"] == {"queue": "ingest"}


def test_changes_of_presence_are_forgotten_after_as_many_days_as_are_set(device: Device, settings: Any) -> None:
    settings.PRESENCE_DAYS = 30
    now = timezone.now()
    kept, past = now - timedelta(days=29, hours=23), now - timedelta(days=30, minutes=1)
    DeviceFlip.objects.create(device=device, was="unknown", now="online", at=past)
    DeviceFlip.objects.create(device=device, was="online", now="offline", at=kept)
    for _ in range(2):
        ingest.keep_partitions_ahead()
        assert list(DeviceFlip.objects.values_list("at", flat=True)) == [kept]
    assert DeviceState.objects.get().presence == "online"  # how it is now does not depend on it


@pytest.mark.parametrize(("text", "days"), [("", 400), ("30", 30), ("0", None), ("-1", None), ("1.5", None), ("ever", None)])
def test_the_days_are_a_whole_number_or_nothing_starts(monkeypatch: pytest.MonkeyPatch, text: str, days: int | None) -> None:
    monkeypatch.setenv("PRESENCE_DAYS", text)
    if days is None:
        with pytest.raises(ImproperlyConfigured, match="PRESENCE_DAYS is"):
            read_environment()
    else:
        assert read_environment().presence_days == days
