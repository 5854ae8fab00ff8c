"""Binding a device to a POD, and letting it go: to any POD, or for administrators to those of their communities."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.backoffice.access import Person
from apps.backoffice.devices.access import (
    bound_within,
    current,
    list_bindable_points,
    list_visible_assignments,
    list_visible_devices,
    of_visible_device,
)
from apps.backoffice.devices.offers import minute_of, role_from
from apps.backoffice.devices.trace import note_change
from apps.backoffice.pages import Crumb, show_page
from apps.metering.device_errors import BindingRefused
from apps.metering.device_operations import bind_device, end_assignment, known_connection_power_w
from apps.metering.models import Device, DeviceAssignment

MOST_CHOICES = 500  # of PODs to offer while somebody types
LARGEST_KW = 100_000


class InstantField(forms.DateTimeField):
    """A local day and time, typed with the browser's own calendar."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    input_formats = ("%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S")


class BindForm(forms.Form):
    """What a device measures from when on."""

    pod = forms.CharField(label=lazy("POD"), max_length=20, widget=forms.TextInput(attrs={"list": "pods", "autocomplete": "off"}))
    role = forms.ChoiceField(label=lazy("Ruolo"), choices=DeviceAssignment.Role.choices)
    component = forms.ChoiceField(label=lazy("Componente"), required=False)
    starts_at = InstantField(label=lazy("Da quando"))
    power_kw = forms.DecimalField(
        label=lazy("Potenza della connessione (kW)"),
        required=False,
        max_digits=9,
        decimal_places=3,
        max_value=LARGEST_KW,
        localize=True,
        help_text=lazy("Vuoto: quella già nota del POD o del suo impianto, altrimenti 3,3 kW. Ciò che la supera è sospetto."),
    )

    def __init__(self, *args: Any, device: Device, latest: datetime | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        self.latest = latest
        components = sorted(set(device.series.values_list("component", flat=True)) - {""})
        if len(components) > 1:
            choices = [("", _("tutti insieme")), *((one, one) for one in components)]
            self.fields["component"].choices = choices  # type: ignore[attr-defined]
        else:
            del self.fields["component"]

    def clean_starts_at(self) -> datetime:
        """Whoever sees only what measures their PODs now would not see what is to come."""
        starts_at: datetime = self.cleaned_data["starts_at"]
        if self.latest is not None and starts_at > self.latest:
            raise forms.ValidationError(_("Non si associa nel futuro: scegli un istante già passato."))
        return starts_at

    def clean_power_kw(self) -> int | None:
        """In whole W."""
        power_kw = self.cleaned_data["power_kw"]
        if power_kw is None:
            return None
        if power_kw <= 0:
            raise forms.ValidationError(_("La potenza deve essere maggiore di zero."))
        return int(power_kw * 1000)


class EndForm(forms.Form):
    """Until when."""

    ends_at = InstantField(label=lazy("Fino a"))


@of_visible_device("GET", "HEAD", "POST")
def bind(request: HttpRequest, device: Device) -> HttpResponse:
    """Ask what the device measures, and let it."""
    as_of = timezone.now()
    latest = None if bound_within(request.user) is None else as_of
    if request.method == "POST":
        form = BindForm(request.POST, device=device, latest=latest)
        if form.is_valid() and _bind(request, device, form):
            return redirect("admin:metering_device_change", device.pk)
    else:
        form = BindForm(device=device, latest=latest, initial=_proposed(request.user, device, as_of))
    points = list_bindable_points(request.user).order_by("pod_key")
    pods = list(points.values_list("pod_key", flat=True).distinct()[: MOST_CHOICES + 1])
    visible = list_visible_assignments(request.user, as_of=as_of).filter(device=device)
    return show_page(
        request,
        "backoffice/devices/bind.html",
        title=_("Associa %(device)s") % {"device": device},
        crumbs=[devices_crumb(), device_crumb(device)],
        device=device,
        form=form,
        standing=current(visible, as_of).order_by("component", "starts_at"),
        pods=pods if len(pods) <= MOST_CHOICES else [],
    )


@of_visible_device("POST")
def end(request: HttpRequest, device: Device, assignment_id: int) -> HttpResponse:
    """Let the device measure nothing any more from an instant on."""
    visible = list_visible_assignments(request.user, as_of=timezone.now()).filter(device=device)
    assignment = get_object_or_404(visible, pk=assignment_id)
    form = EndForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Scrivi fino a quando, con giorno e ora."))
    else:
        try:
            end_assignment(assignment_id=assignment.pk, ends_at=form.cleaned_data["ends_at"], within=bound_within(request.user))
        except BindingRefused as error:
            messages.error(request, str(error))
        else:
            note_change(request, device, f"Ended {assignment.pod_key} at {form.cleaned_data['ends_at']}.")
            messages.success(request, _("L’associazione a %(pod)s è chiusa.") % {"pod": assignment.pod_key})
    if not list_visible_devices(request.user, as_of=timezone.now()).filter(pk=device.pk).exists():
        return redirect("admin:metering_device_changelist")  # without work it is not theirs any more
    return redirect("admin:metering_device_change", device.pk)


def devices_crumb() -> Crumb:
    return _("Dispositivi"), reverse("admin:metering_device_changelist")


def device_crumb(device: Device) -> Crumb:
    return str(device), reverse("admin:metering_device_change", args=[device.pk])


def _bind(request: HttpRequest, device: Device, form: BindForm) -> bool:
    asked = form.cleaned_data
    try:
        made = bind_device(
            device_id=device.pk,
            component=asked.get("component", ""),
            pod=asked["pod"],
            role=asked["role"],
            starts_at=asked["starts_at"],
            connection_power_w=asked["power_kw"],
            within=bound_within(request.user),
        )
    except BindingRefused as error:
        form.add_error(None, str(error))
        return False
    note_change(
        request, device, f"Bound {made.component or 'everything'} to {made.pod_key} as {made.role} from {made.starts_at}."
    )
    text = _("%(device)s misura %(pod)s (%(role)s) dal %(at)s. I quarti d’ora si calcolano fra poco.")
    at = f"{timezone.localtime(made.starts_at):%d/%m/%Y %H:%M}"
    messages.success(request, text % {"device": device, "pod": made.pod_key, "role": made.get_role_display(), "at": at})
    return True


def _proposed(user: Person, device: Device, as_of: datetime) -> dict[str, Any]:
    """The POD that the topic names, if they may bind to it; from the first message on, or from now on when it measured before."""
    pod = device.named_pod
    known = bool(pod) and list_bindable_points(user).filter(pod_key=pod).exists()
    channels = set(device.series.values_list("channel", flat=True))
    proposed: dict[str, Any] = {"role": role_from(channels) or DeviceAssignment.Role.EXCHANGE}
    proposed |= {"starts_at": minute_of(as_of if device.assignments.exists() else device.first_seen_at)}
    if known:
        proposed["pod"] = pod
        power_w = known_connection_power_w(pod)
        proposed["power_kw"] = f"{power_w / 1000:.3f}".rstrip("0").rstrip(".").replace(".", ",")
    return proposed
