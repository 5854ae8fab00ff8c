"""The page of one device: what it is, what it measures and measured, how it is, what its sensors say, and a day of it."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.backoffice.access import Person, list_visible_configurations
from apps.backoffice.devices.access import (
    list_visible_alerts,
    list_visible_assignments,
    may_run_devices,
    of_visible_device,
)
from apps.backoffice.devices.binding import EndForm, devices_crumb
from apps.backoffice.devices.day import see_day
from apps.backoffice.devices.labels import ALERT_TONES, PRESENCE_TONES, say_age, say_span
from apps.backoffice.devices.listing import CLOSING_TAKES, state_of
from apps.backoffice.devices.sensors import see_sensors
from apps.backoffice.devices.trace import note_change
from apps.backoffice.pages import show_page
from apps.communities.models import MeteringPoint
from apps.metering.device_operations import label_device, label_sensor, set_device_heartbeat
from apps.metering.device_queries import get_month_device_quality
from apps.metering.models import DeadLetter, Device, DeviceAssignment, DeviceState

LONGEST_HEARTBEAT = 7 * 86_400
MOST_FLIPS = 20
MOST_ALERTS = 10


class LabelForm(forms.Form):
    """What people call a thing; empty takes the name back that it gave itself."""

    label = forms.CharField(label=lazy("Etichetta"), required=False, max_length=200)


class HeartbeatForm(forms.Form):
    """How often a device speaks at least; empty takes what its broker says."""

    seconds = forms.IntegerField(required=False, min_value=1, max_value=LONGEST_HEARTBEAT)


@of_visible_device("GET", "HEAD")
def show_device(request: HttpRequest, device: Device) -> HttpResponse:
    """Everything about one device that this person may see."""
    as_of = timezone.now()
    runs = may_run_devices(request.user)
    assignments = list_visible_assignments(request.user, as_of=as_of).filter(device=device)
    return show_page(
        request,
        "backoffice/devices/device.html",
        title=str(device),
        crumbs=[devices_crumb()],
        runs=runs,
        assignments=assignments.order_by("-starts_at", "component"),
        end_form=EndForm(initial={"ends_at": timezone.localtime(as_of).replace(second=0, microsecond=0)}, label_suffix=""),
        series=device.series.order_by("component", "channel"),
        sensors=see_sensors(device, as_of=as_of),
        flips=[] if not runs else device.flips.all()[:MOST_FLIPS],
        alerts=[
            (alert, ALERT_TONES[alert.kind])
            for alert in list_visible_alerts(request.user, as_of=as_of).filter(device=device)[:MOST_ALERTS]
        ],
        letters=DeadLetter.objects.filter(device=device, resolved_at__isnull=True).count() if runs else 0,
        months=_months(request.user, assignments, as_of),
        **_now(device, as_of),
        **see_day(request, device, as_of=as_of),
    )


@of_visible_device("GET", "HEAD")
def show_now(request: HttpRequest, device: Device) -> HttpResponse:
    """How the device is, asked for every five seconds."""
    return render(request, "backoffice/devices/now.html", _now(device, timezone.now()))


@of_visible_device("POST")
def label(request: HttpRequest, device: Device) -> HttpResponse:
    """Call the device otherwise."""
    form = LabelForm(request.POST)
    if form.is_valid():
        label_device(device_id=device.pk, label=form.cleaned_data["label"])
        note_change(request, device, "Labelled.")
    else:
        messages.error(request, _("Un’etichetta ha al massimo 200 caratteri."))
    return redirect("admin:metering_device_change", device.pk)


@of_visible_device("POST")
def set_heartbeat(request: HttpRequest, device: Device) -> HttpResponse:
    """Expect the device to speak more or less often than its broker's others."""
    form = HeartbeatForm(request.POST)
    if form.is_valid():
        seconds = form.cleaned_data["seconds"]
        set_device_heartbeat(device_id=device.pk, seconds=seconds)
        note_change(request, device, f"Heartbeat set to {seconds or 'that of the broker'}.")
    else:
        messages.error(request, _("L’intervallo è un numero intero di secondi, al massimo una settimana, o niente."))
    return redirect("admin:metering_device_change", device.pk)


@of_visible_device("POST")
def label_one_sensor(request: HttpRequest, device: Device, sensor_id: int) -> HttpResponse:
    """Call a sensor otherwise."""
    form = LabelForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Un’etichetta ha al massimo 200 caratteri."))
    elif not label_sensor(device_id=device.pk, sensor_id=sensor_id, label=form.cleaned_data["label"]):
        messages.error(request, _("Questo dispositivo non ha un sensore con questo numero."))
    return redirect(reverse("admin:metering_device_change", args=[device.pk]) + "#sensors")


def _now(device: Device, as_of: datetime) -> dict[str, Any]:
    state = state_of(device)
    return {
        "device": device,
        "state": state,
        "word": DeviceState.Presence(state.presence).label,
        "tone": PRESENCE_TONES[state.presence],
        "since": say_span(as_of - state.presence_since) if state.presence_since and state.presence_since <= as_of else "",
        "seen": say_age(state.last_received_at, as_of=as_of),
        "measured": say_age(state.last_measured_at, as_of=as_of),
        "power_age": say_age(state.power_at, as_of=as_of) if state.power_at else "",
    }


def _lasts(assignment: DeviceAssignment, as_of: datetime) -> bool:
    return assignment.ends_at is None or assignment.ends_at > as_of


def _months(user: Person, assignments: QuerySet[DeviceAssignment], as_of: datetime) -> list[dict[str, Any]]:
    """How well this month is known of each POD that the device measures, and where to see all of its community."""
    today = timezone.localdate(as_of)
    lasting = [one for one in assignments.filter(role=DeviceAssignment.Role.EXCHANGE) if _lasts(one, as_of)]
    configurations = list_visible_configurations(user)
    found = []
    for pod in sorted({one.pod_key for one in lasting}):
        point = MeteringPoint.objects.filter(pod_key=pod, configuration__in=configurations).order_by("-valid_from").first()
        query = {"configuration": point.configuration_id, "month": today.month, "year": today.year} if point else {}
        found.append(
            {
                "pod": pod,
                "month": today.replace(day=1),
                "quality": get_month_device_quality(pod, today.year, today.month, until=as_of - CLOSING_TAKES),
                "address": f"{reverse('admin:metering_measureimport_completeness')}?{urlencode(query)}" if point else "",
            }
        )
    return found
