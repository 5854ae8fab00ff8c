"""Write: what devices measure, and how people call them.

A device, or one component of it, measures one thing at a time, and a POD in a role is measured by one device at a time. Whoever
is in the way of a new assignment ends at that instant: replacing and moving devices writes history and never rewrites it.
`within` are the communities of whoever asks, whose points alone may be touched; without it everybody's may.
"""

from datetime import UTC, datetime

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext as _

from apps.communities.models import MeteringPoint, Plant
from apps.engine.errors import InvalidIdentifier
from apps.engine.identifiers import normalise_pod, pod_key
from apps.metering.binding_scope import Communities, check_device_is_free, check_pod_is_own
from apps.metering.device_errors import AlreadyBound, AssignmentOverlaps, BindingRefused, ComponentUnknown, PodUnknown
from apps.metering.models import Broker, Device, DeviceAssignment, Sensor
from apps.metering.reopening import reopen_assignments

HOUSEHOLD_POWER_W = 3300
LARGEST_POWER_W = 10**8
FIRST_YEAR = 2020  # no sane device tells of an earlier time


@transaction.atomic
def bind_device(
    *,
    device_id: int,
    component: str,
    pod: str,
    role: str,
    starts_at: datetime,
    connection_power_w: int | None = None,
    within: Communities | None = None,
) -> DeviceAssignment:
    """Let a device measure a POD in a role from an instant on; whatever measured there, or was measured by it, ends then.

    `component` empty means all meters of the device together. Without a power the one that is known of the POD counts.
    The same call again returns the assignment that stands.
    Errors: `PodUnknown`, `OutsideCommunities`, `ComponentUnknown`, `AlreadyBound`, `AssignmentOverlaps`, `BindingRefused`;
    nothing is written.
    """
    device = Device.objects.select_for_update().get(pk=device_id)
    key = _read_pod(pod)
    if within is None:
        _check_pod_is_known(key)
    else:
        check_pod_is_own(within, key, from_at=starts_at)
        check_device_is_free(within, device, from_at=starts_at)
    _check(device, component, role, starts_at)
    power_w = connection_power_w if connection_power_w is not None else known_connection_power_w(key)
    if not 0 < power_w <= LARGEST_POWER_W:
        raise BindingRefused(
            _("A connection has between 1 W and 100 MW, not %(power)s W. Correct the power.") % {"power": power_w}
        )
    wanted = {"device": device, "component": component, "pod_key": key, "role": role, "connection_power_w": power_w}
    standing = DeviceAssignment.objects.filter(**wanted, ends_at__isnull=True).first()
    if standing is not None and standing.starts_at == starts_at:
        return standing
    if standing is not None and standing.starts_at < starts_at:
        raise AlreadyBound(
            _("%(device)s measures %(pod)s in this role already, from %(at)s on. There is nothing to change.")
            % {"device": device, "pod": key, "at": _told(standing.starts_at)}
        )
    ended = _make_room(device, component, key, role, starts_at)
    try:
        with transaction.atomic():
            made = DeviceAssignment.objects.create(**wanted, starts_at=starts_at)
    except IntegrityError as error:  # somebody else bound the POD while we looked
        raise AssignmentOverlaps(
            _("Somebody else has just bound this POD or this device. Look at the device again, then decide.")
        ) from error
    reopen_assignments([*ended, made.pk], from_at=starts_at)
    return made


@transaction.atomic
def end_assignment(*, assignment_id: int, ends_at: datetime, within: Communities | None = None) -> DeviceAssignment:
    """Let a device measure nothing any more from an instant on.

    Errors: `AssignmentOverlaps` before the assignment's start, `PodUnknown` for a POD that is not theirs from then on.
    """
    assignment = DeviceAssignment.objects.select_for_update().get(pk=assignment_id)
    if assignment.ends_at == ends_at:
        return assignment
    if within is not None:
        check_pod_is_own(within, assignment.pod_key, from_at=ends_at)
    if assignment.ends_at is not None or ends_at <= assignment.starts_at:
        raise AssignmentOverlaps(
            _("The assignment began at %(at)s and can only end later, once. Choose a later instant.")
            % {"at": _told(assignment.starts_at)}
        )
    assignment.ends_at = ends_at
    assignment.save(update_fields=["ends_at"])
    reopen_assignments([assignment.pk], from_at=ends_at)
    return assignment


def known_connection_power_w(key: str) -> int:
    """Return the power of a POD's connection (W): as it was bound last, or of the plant behind it, or of a household."""
    last = (
        DeviceAssignment.objects.filter(pod_key=key).order_by("-starts_at").values_list("connection_power_w", flat=True).first()
    )
    if last is not None:
        return last
    plant_kw = Plant.objects.filter(pod_key=key).values_list("power_kw", flat=True).first()
    return HOUSEHOLD_POWER_W if plant_kw is None else max(HOUSEHOLD_POWER_W, -int(-plant_kw * 1000 // 1))


def label_device(*, device_id: int, label: str) -> None:
    """Call a device as people do."""
    Device.objects.filter(pk=device_id).update(label=label)


def set_device_heartbeat(*, device_id: int, seconds: int | None) -> None:
    """Say how often a device speaks at least; None takes what its broker says. Three times that in silence, and it is offline."""
    Device.objects.filter(pk=device_id).update(heartbeat_seconds=seconds)


def label_sensor(*, device_id: int, sensor_id: int, label: str) -> bool:
    """Call a sensor of a device as people do. False when the device has no such sensor."""
    return bool(Sensor.objects.filter(pk=sensor_id, device_id=device_id).update(label=label))


def set_brokers_enabled(*, brokers: QuerySet[Broker], enabled: bool) -> int:
    """Have the listener connect to brokers, or let go of them. Returns how many changed."""
    return brokers.filter(enabled=not enabled).update(enabled=enabled)


def _read_pod(pod: str) -> str:
    try:
        return pod_key(normalise_pod(pod))
    except InvalidIdentifier as error:
        raise PodUnknown(str(error)) from error


def _check_pod_is_known(key: str) -> None:
    if not MeteringPoint.objects.filter(pod_key=key).exists():
        raise PodUnknown(
            _("%(pod)s is not a metering point of any configuration. Add the metering point first, then bind the device.")
            % {"pod": key}
        )


def _check(device: Device, component: str, role: str, starts_at: datetime) -> None:
    if role not in DeviceAssignment.Role.values:
        raise BindingRefused(_("%(role)s is not a role. Choose exchange, production or consumption.") % {"role": role})
    if component and not device.series.filter(component=component).exists():
        raise ComponentUnknown(
            _("%(device)s has never told of a component %(component)s. Choose one that it has.")
            % {"device": device, "component": component}
        )
    if starts_at.astimezone(UTC).year < FIRST_YEAR:
        raise BindingRefused(_("Nothing is measured before 2020. Choose a later instant."))


def _make_room(device: Device, component: str, key: str, role: str, starts_at: datetime) -> list[int]:
    """End, at `starts_at`, every assignment in the way; returns which. Errors: `AssignmentOverlaps` where one cannot."""
    same_meter = Q(device=device) & (Q() if not component else Q(component__in=("", component)))
    in_the_way = DeviceAssignment.objects.select_for_update(of=("self",)).filter(
        same_meter | Q(pod_key=key, role=role), Q(ends_at__isnull=True) | Q(ends_at__gt=starts_at)
    )
    ended = list(in_the_way.select_related("device").order_by("pk"))
    for assignment in ended:
        if assignment.ends_at is not None or assignment.starts_at >= starts_at:
            until = _("until %(at)s") % {"at": _told(assignment.ends_at)} if assignment.ends_at else _("without end")
            raise AssignmentOverlaps(
                _("%(device)s measures %(pod)s from %(from)s, %(until)s. Choose a later instant.")
                % {
                    "device": assignment.device,
                    "pod": assignment.pod_key,
                    "from": _told(assignment.starts_at),
                    "until": until,
                }
            )
        assignment.ends_at = starts_at
        assignment.save(update_fields=["ends_at"])
    return [assignment.pk for assignment in ended]


def _told(at: datetime) -> str:
    return f"{at.astimezone(get_current_timezone()):%d/%m/%Y %H:%M}"
