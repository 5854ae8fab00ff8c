"""Whose metering points a binding may touch, when it is not everybody's.

A binding counts from an instant on, and so does the question: a POD is a community's own from that day on when it has a point
there then or later, and no other community has one. What others measured before stays theirs.
"""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext as _

from apps.communities.models import Community, MeteringPoint
from apps.metering.device_errors import OutsideCommunities, PodUnknown
from apps.metering.models import Device, DeviceAssignment

Communities = QuerySet[Community]


def list_own_pods(communities: Communities, pod_keys: Collection[str], *, from_at: datetime) -> set[str]:
    """Return which PODs are points of these communities, and of no other, from an instant on."""
    day = from_at.astimezone(get_current_timezone()).date()
    lasting = MeteringPoint.objects.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=day), pod_key__in=pod_keys)
    own = lasting.filter(configuration__community__in=communities)
    others = lasting.exclude(configuration__community__in=communities)
    return set(own.values_list("pod_key", flat=True)) - set(others.values_list("pod_key", flat=True))


def check_pod_is_own(communities: Communities, pod_key: str, *, from_at: datetime) -> None:
    """Errors: `PodUnknown`, with the same sentence whether nobody has the POD or somebody else."""
    if pod_key not in list_own_pods(communities, [pod_key], from_at=from_at):
        raise PodUnknown(
            _("%(pod)s is not a metering point of your communities from then on. Choose another one, or a later instant.")
            % {"pod": pod_key}
        )


def check_device_is_free(communities: Communities, device: Device, *, from_at: datetime) -> None:
    """Errors: `OutsideCommunities` when any part of the device measures somebody else's POD at or after an instant.

    Meters inside one device are told apart by what it says alone, so one that measures for others is bound by nobody but who runs
    the installation. The sentence does not say for whom it measures.
    """
    lasting = DeviceAssignment.objects.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=from_at), device=device)
    pods = set(lasting.values_list("pod_key", flat=True))
    if pods - list_own_pods(communities, pods, from_at=from_at):
        raise OutsideCommunities(
            _(
                "At or after that instant %(device)s measures what does not belong to your communities. "
                "Choose a later instant, or ask who runs the installation."
            )
            % {"device": device}
        )
