"""Who may see devices, brokers and messages.

Brokers, messages and devices that measure nothing belong to no community: superusers alone. A device belongs, for now, to the
communities of the PODs that it measures now: their administrators see it, the stretch of time in which it measures their POD, and
its alerts. What a device measures decides whose energy counts for whom, so only superusers bind.
"""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.backoffice.access import Person, RunView, list_managed_communities
from apps.communities.models import MeteringPoint
from apps.metering.models import Alert, Device, DeviceAssignment

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
    today = timezone.localdate(as_of)
    points = MeteringPoint.objects.filter(
        Q(valid_to__isnull=True) | Q(valid_to__gt=today),
        valid_from__lte=today,
        configuration__community__in=list_managed_communities(user),
    )
    lasting = DeviceAssignment.objects.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=as_of), starts_at__lte=as_of)
    return lasting.filter(pod_key__in=points.values("pod_key"))


def list_visible_devices(user: Person, *, as_of: datetime) -> QuerySet[Device]:
    if may_run_devices(user):
        return Device.objects.all()
    visible = list_visible_assignments(user, as_of=as_of).filter(device=OuterRef("pk"))
    return Device.objects.filter(Exists(visible))


def list_visible_alerts(user: Person, *, as_of: datetime) -> QuerySet[Alert]:
    if may_run_devices(user):
        return Alert.objects.all()
    return Alert.objects.filter(device__in=list_visible_devices(user, as_of=as_of))


def of_visible_device(*methods: str, runs: bool = False) -> Callable[[RunView], RunView]:
    """A view of one device: 404 first whatever the method, then 405, then 403 for who may look but not bind."""

    def decorate(view: RunView) -> RunView:
        @wraps(view)
        def guarded(request: HttpRequest, device_id: int, **named: Any) -> HttpResponseBase:
            devices = list_visible_devices(request.user, as_of=timezone.now()).select_related("broker", "state")
            device = devices.filter(pk=device_id).first()
            if device is None:
                raise Http404
            if request.method not in methods:
                return HttpResponseNotAllowed(methods)
            if runs and not may_run_devices(request.user):
                raise PermissionDenied(_("Solo chi gestisce l’installazione può farlo."))
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
