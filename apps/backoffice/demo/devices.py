"""A few invented devices at points of the demo community: bound, so that what they publish becomes the curves of those points."""

from datetime import datetime, timedelta

from django.conf import settings

from apps.communities.models import Community, MeteringPoint, Plant
from apps.metering.brokers import ensure_broker_from_url
from apps.metering.device_operations import bind_device
from apps.metering.models import Device, DeviceAssignment
from fixtures.simulator import Fleet

SEED = 2023
CONSUMERS = ("shelly_em", "shelly_rpc", "tasmota", "shelly_em")
PRODUCERS = ("native",)
MODELS = CONSUMERS + PRODUCERS
_ROLE = DeviceAssignment.Role


def bind_demo_devices(community: Community, *, as_of: datetime) -> list[str]:
    """Make the row of the broker that MQTT_URL names, the devices and their assignments; returns the PODs, one per device.

    A second call changes nothing. `as_of` is when they begin to measure, cut to the hour.
    """
    pods = _choose_pods(community)
    broker = ensure_broker_from_url(settings.MQTT_URL)
    starts_at = as_of.replace(minute=0, second=0, microsecond=0)
    invented = Fleet.of(len(MODELS), SEED, starts_us=0, interval_us=1, pods=pods, models=MODELS).devices
    for number, (device, pod) in enumerate(zip(invented, pods, strict=True)):
        row, _ = Device.objects.get_or_create(
            broker=broker,
            vendor=device.model.vendor,
            key=device.key,
            defaults={"label": device.name, "first_seen_at": starts_at - timedelta(hours=1)},
        )
        if not row.assignments.filter(ends_at__isnull=True).exists():
            role = _ROLE.EXCHANGE if number < len(CONSUMERS) else _ROLE.PRODUCTION
            power_w = device.connection_power_w
            bind_device(device_id=row.pk, component="", pod=pod, role=role, starts_at=starts_at, connection_power_w=power_w)
    return pods


def _choose_pods(community: Community) -> list[str]:
    """Points without a plant for those who draw, one with a plant for who produces; always the same ones."""
    points = MeteringPoint.objects.filter(configuration__community=community).order_by("pod_key")
    pods = list(dict.fromkeys(points.values_list("pod_key", flat=True)))
    plants = list(Plant.objects.filter(pod_key__in=pods).order_by("pod_key").values_list("pod_key", flat=True))
    plain = [pod for pod in pods if pod not in plants]
    return plain[: len(CONSUMERS)] + plants[: len(PRODUCERS)]


def simulator(pods: list[str]) -> list[str]:
    """The process in which they speak, each every ten seconds."""
    plants = pods[len(CONSUMERS) :]  # injection at a point without a plant would stop a settlement
    chosen = ["--pods", ",".join(pods), "--plants", ",".join(plants), "--models", ",".join(MODELS), "--devices", str(len(MODELS))]
    calm = ["--resets", "0", "--gaps", "0"]  # what goes wrong would look like a fault of the demo
    return ["manage", "simulate_devices", "--live", "--seed", str(SEED), *chosen, *calm]


def listener() -> list[str]:
    """The process that hears them."""
    return ["manage", "listen_mqtt"]
