"""Who may see devices, brokers and messages, and who may bind.

Superusers see and do everything. An administrator sees a device that measures a POD of theirs now: that stretch of time and its
alerts. Of the devices that measure nothing, those are theirs that speak at a broker of their community, and, at a broker that
belongs to nobody, those whose identity names a POD of theirs. What they see they may bind, to their own PODs
(`apps.metering.binding_scope`). Messages, and the way from brokers to rows, belong to no community: superusers alone.
"""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.backoffice.access import Person, RunView, list_managed_communities
from apps.communities.models import MeteringPoint
from apps.metering.binding_scope import Communities
from apps.metering.models import Alert, Broker, Device, DeviceAssignment

STOP_POLLING = 286


def may_run_devices(user: Person) -> bool:
    """May this person see and change everything about brokers and devices?"""
    return isinstance(user, User) and user.is_active and user.is_staff and user.is_superuser


def may_look(user: Person) -> bool:
    return may_run_devices(user) or list_managed_communities(user).exists()


def list_visible_assignments(user: Person, *, as_of: datetime) -> QuerySet[DeviceAssignment]:
    """All assignments; for administrators those that last, on PODs that are points of their communities today."""
    if may_run_devices(user):
        return DeviceAssignment.objects.all()
    lasting = current(DeviceAssignment.objects.filter(starts_at__lte=as_of), as_of)
    return lasting.filter(pod_key__in=_own_points(user, as_of).values("pod_key"))


def current(assignments: QuerySet[DeviceAssignment], as_of: datetime) -> QuerySet[DeviceAssignment]:
    """Those that last at an instant, or will begin."""
    return assignments.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=as_of))


def list_visible_devices(user: Person, *, as_of: datetime) -> QuerySet[Device]:
    """All devices; for administrators those that measure a POD of theirs, and those without work that are theirs to bind."""
    if may_run_devices(user):
        return Device.objects.all()
    measures_theirs = Q(pk__in=list_visible_assignments(user, as_of=as_of).values("device"))
    has_no_work = ~Q(pk__in=current(DeviceAssignment.objects.all(), as_of).values("device"))
    at_their_broker = Q(broker__in=list_visible_brokers(user).values("pk"))
    names_theirs = Q(broker__community__isnull=True, named_pod__in=_own_points(user, as_of).values("pod_key"))
    return Device.objects.filter(measures_theirs | has_no_work & (at_their_broker | names_theirs))


def list_visible_brokers(user: Person) -> QuerySet[Broker]:
    if may_run_devices(user):
        return Broker.objects.all()
    return Broker.objects.filter(community__in=list_managed_communities(user))


def list_bindable_points(user: Person) -> QuerySet[MeteringPoint]:
    """The points that a person may bind devices to: all of them, or those of their communities."""
    points = MeteringPoint.objects.all()
    within = bound_within(user)
    return points if within is None else points.filter(configuration__community__in=within)


def bound_within(user: Person) -> Communities | None:
    """The communities whose points alone this person may touch by binding; None for who may touch all."""
    return None if may_run_devices(user) else list_managed_communities(user)


def _own_points(user: Person, as_of: datetime) -> QuerySet[MeteringPoint]:
    """The points of their communities today."""
    today = timezone.localdate(as_of)
    lasting = Q(valid_to__isnull=True) | Q(valid_to__gt=today)
    return MeteringPoint.objects.filter(
        lasting, valid_from__lte=today, configuration__community__in=list_managed_communities(user)
    )


def list_visible_alerts(user: Person, *, as_of: datetime) -> QuerySet[Alert]:
    if may_run_devices(user):
        return Alert.objects.all()
    return Alert.objects.filter(device__in=list_visible_devices(user, as_of=as_of))


def of_visible_device(*methods: str) -> Callable[[RunView], RunView]:
    """A view of one device: 404 first whatever the method, then 405."""

    def decorate(view: RunView) -> RunView:
        @wraps(view)
        def guarded(request: HttpRequest, device_id: int, **named: Any) -> HttpResponseBase:
            devices = list_visible_devices(request.user, as_of=timezone.now()).select_related("broker", "state")
            device = devices.filter(pk=device_id).first()
            if device is None:
                raise Http404
            if request.method not in methods:
                return HttpResponseNotAllowed(methods)
            return view(request, device, **named)

        return guarded

    return decorate


def of_superuser(*methods: str) -> Callable[[RunView], RunView]:
    """A view that only superusers have: 403 for everybody else, then 405."""

    def decorate(view: RunView) -> RunView:
        @wraps(view)
        def guarded(request: HttpRequest, **named: Any) -> HttpResponseBase:
            if not may_run_devices(request.user):
                raise PermissionDenied(_("Solo chi gestisce l’installazione può farlo."))
            return view(request, **named) if request.method in methods else HttpResponseNotAllowed(methods)

        return guarded

    return decorate


def live(view: RunView) -> RunView:
    """A part of a page that is asked for again and again: who is not logged in any more ends up on the log-in page."""
    inside = admin.site.admin_view(view)

    @wraps(view)
    def guarded(request: HttpRequest, **named: Any) -> HttpResponseBase:
        if admin.site.has_permission(request):
            return inside(request, **named)
        if "HX-Request" not in request.headers:
            return inside(request, **named)
        response = HttpResponse(status=STOP_POLLING)
        response["HX-Refresh"] = "true"
        return response

    return guarded
