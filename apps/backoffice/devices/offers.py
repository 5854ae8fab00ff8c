"""What one press does for a device that nobody has ever bound: to the POD that it names, where nothing is left to decide."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Q
from django.utils import timezone

from apps.backoffice.access import Person
from apps.backoffice.devices.access import list_bindable_points
from apps.metering.models import Device, DeviceAssignment, RegisterSeries

_Role = DeviceAssignment.Role
_EXCHANGE = {RegisterSeries.Counts.IMPORT, RegisterSeries.Counts.EXPORT}


@dataclass(frozen=True, slots=True)
class Offer:
    """The answers that the form of the binding would be given; the power is the one that is known of the POD."""

    pod: str
    role: DeviceAssignment.Role
    starts_at: datetime


def list_offers(user: Person, devices: Sequence[Device]) -> dict[int, Offer]:
    """Return what can be offered for devices without any assignment, by device; three queries at most.

    Nothing is offered where a person has to choose: a POD that is not theirs, that another device measured since, or that several
    of them name; a device with several meters inside, one that counts both what crosses the exchange and what is produced, one
    without registers.
    """
    named = {device.named_pod for device in devices} - {""}
    if not named:
        return {}
    theirs = set(list_bindable_points(user).filter(pod_key__in=named).values_list("pod_key", flat=True))
    registers = defaultdict(set)
    series = RegisterSeries.objects.filter(device__in=[device for device in devices if device.named_pod in theirs])
    for device_id, component, channel in series.values_list("device", "component", "channel"):
        registers[device_id].add((component, channel))
    measured = _measured_until(theirs)
    offers = {}
    for device in devices:
        role = _role_of(registers[device.pk])
        if role is None or measured.get((device.named_pod, role), device.first_seen_at) > device.first_seen_at:
            continue
        offers[device.pk] = Offer(device.named_pod, role, minute_of(device.first_seen_at))
    wanted = Counter((one.pod, one.role) for one in offers.values())
    return {number: one for number, one in offers.items() if wanted[one.pod, one.role] == 1}


def minute_of(at: datetime) -> datetime:
    """An instant as the form shows it: local, cut to the minute."""
    return timezone.localtime(at).replace(second=0, microsecond=0)


def role_from(channels: set[str]) -> DeviceAssignment.Role | None:
    """What a meter with these registers is for, if they leave no choice."""
    if channels and channels <= _EXCHANGE:
        return _Role.EXCHANGE
    return _Role.PRODUCTION if channels == {RegisterSeries.Counts.PRODUCTION} else None


def _role_of(registers: set[tuple[str, str]]) -> DeviceAssignment.Role | None:
    several = len({component for component, _ in registers}) > 1
    return None if several else role_from({channel for _, channel in registers})


def _measured_until(pods: set[str]) -> Mapping[tuple[str, str], datetime]:
    """Until when a POD is measured in a role: for ever where an assignment has no end."""
    for_ever = datetime.max.replace(tzinfo=timezone.get_default_timezone())
    ended = DeviceAssignment.objects.filter(pod_key__in=pods).values_list("pod_key", "role")
    rows = ended.annotate(last=Max("ends_at"), lasting=Max("pk", filter=Q(ends_at__isnull=True))).order_by()
    return {(pod, role): for_ever if lasting else last for pod, role, last, lasting in rows}
