"""Devices as the ingest leaves them, in minutes before noon."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from apps.communities.models import Community, Plant
from apps.engine.presence import BrokerFact
from apps.metering.models import Broker, Device, DeviceAssignment, DeviceState
from apps.metering.presence import Flip, detect_offline

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NIGHT = datetime(2026, 3, 2, 23, tzinfo=UTC)
Presence = DeviceState.Presence
INSTANTS = ("since", "heard", "measured", "will", "clock_wrong")


def make_broker(name: str = "uno") -> Broker:
    return Broker.objects.create(name=name, host="localhost", client_id=name)


def make_device(broker: Broker, key: str = "d1", *, at: datetime = NOON, heartbeat: int | None = None, **state: Any) -> Device:
    """A device with a state; `since`, `heard`, `measured`, `will` and `clock_wrong` are minutes before `at`."""
    device = Device.objects.create(broker=broker, vendor="v", key=key, heartbeat_seconds=heartbeat, first_seen_at=at)
    then = {name: None if state.get(name) is None else at - timedelta(minutes=state[name]) for name in INSTANTS}
    DeviceState.objects.create(
        device=device,
        presence=state.get("was", Presence.UNKNOWN),
        presence_since=then["since"],
        last_received_at=then["heard"],
        last_measured_at=then["measured"],
        will_at=then["will"],
        last_will_online=state.get("online"),
        clock_wrong_at=then["clock_wrong"],
    )
    return device


def bind(device: Device, pod: str = "IT001E00000001", role: str = "exchange", **rest: Any) -> DeviceAssignment:
    starts_at = rest.pop("starts_at", NOON - timedelta(days=30))
    return DeviceAssignment.objects.create(device=device, pod_key=pod, role=role, starts_at=starts_at, **rest)


def hear(device: Device, at: datetime, **also: Any) -> None:
    """A message of a device was stored."""
    DeviceState.objects.filter(device=device).update(last_received_at=at, **also)


def look(at: datetime = NOON, up: bool | None = True, **fact: Any) -> list[Flip]:
    """One look, with all brokers in the same condition."""
    return detect_offline(as_of=at, brokers={pk: BrokerFact(up, **fact) for pk in Broker.objects.values_list("pk", flat=True)})


def presence(device: Device) -> str:
    return DeviceState.objects.get(device=device).presence


def make_plant(pod: str, source: str) -> Plant:
    community = Community.objects.create(code="ALBA", name="Alba", tax_code="12345678903")
    return Plant.objects.create(
        community=community,
        code="P1",
        pod_key=pod,
        source=source,
        power_kw=Decimal(20),
        region="Piemonte",
        market_zone="NORD",
        entered_operation_on=date(2025, 1, 1),
    )
