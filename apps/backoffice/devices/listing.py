"""The rows of the devices' page: who is there, how it is, what it measures. A constant number of queries for any page."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast

from django import forms
from django.core.paginator import Page, Paginator
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from apps.backoffice.access import Person
from apps.backoffice.devices.access import current, list_visible_assignments, list_visible_devices, may_run_devices
from apps.backoffice.devices.labels import PRESENCE_TONES, say_age
from apps.backoffice.devices.offers import Offer, list_offers
from apps.backoffice.devices.pictures import say_quality, strip_of_quality
from apps.metering.device_queries import list_recent_quality
from apps.metering.models import Broker, Device, DeviceAssignment, DeviceState

PER_PAGE = 25
RECENT_QUARTERS = 24
CLOSING_TAKES = timedelta(minutes=15)  # the quarter that has just ended is not closed yet
MOST_UNBOUND = 10


class DeviceFilter(forms.Form):
    """What is asked of the list, from the address; whatever makes no sense is as if it was not there."""

    q = forms.CharField(label=_("Cerca"), required=False, max_length=200)
    presence = forms.ChoiceField(label=_("Presenza"), required=False, choices=[("", _("tutte")), *DeviceState.Presence.choices])
    bound = forms.ChoiceField(
        label=_("Associazione"), required=False, choices=[("", _("tutti")), ("yes", _("associati")), ("no", _("non associati"))]
    )
    broker: "forms.ModelChoiceField[Broker]" = forms.ModelChoiceField(
        Broker.objects.none(), label=_("Broker"), required=False, empty_label=_("tutti")
    )

    def __init__(self, *args: Any, user: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        self.fields["q"].widget.attrs["placeholder"] = str(_("nome, identità, POD"))
        if may_run_devices(user):
            cast("forms.ModelChoiceField[Broker]", self.fields["broker"]).queryset = Broker.objects.all()
        else:
            del self.fields["broker"]

    def narrow(self, devices: QuerySet[Device], bound: QuerySet[DeviceAssignment]) -> QuerySet[Device]:
        self.is_valid()
        asked = self.cleaned_data
        if text := asked.get("q", "").replace("\0", ""):
            named = Q(label__icontains=text) | Q(key__icontains=text) | Q(serial__icontains=text)
            devices = devices.filter(named | Exists(bound.filter(device=OuterRef("pk"), pod_key__icontains=text)))
        if presence := asked.get("presence"):
            unseen = Q(state__isnull=True) if presence == DeviceState.Presence.UNKNOWN else Q()
            devices = devices.filter(Q(state__presence=presence) | unseen if unseen else Q(state__presence=presence))
        if asked.get("bound"):
            is_bound = Exists(bound.filter(device=OuterRef("pk")))
            devices = devices.filter(is_bound if asked["bound"] == "yes" else ~is_bound)
        if broker := asked.get("broker"):
            devices = devices.filter(broker=broker)
        return devices


@dataclass(frozen=True, slots=True)
class Row:
    """A device as the list shows it."""

    device: Device
    assignments: list[DeviceAssignment]
    word: str
    tone: str
    seen: str
    power_w: int | None
    quality: str
    strip: SafeString
    guess: str = ""
    offer: Offer | None = None


def list_page(user: Person, asked: DeviceFilter, *, number: str, as_of: datetime) -> tuple[list[Row], Page[Device]]:
    """The devices of one page that a person may see and asked for."""
    assignments = current(list_visible_assignments(user, as_of=as_of), as_of)
    devices = asked.narrow(list_visible_devices(user, as_of=as_of), assignments)
    page = Paginator(_with_all(devices, assignments), PER_PAGE).get_page(number)
    return _rows(list(page.object_list), as_of), page


def list_unbound(user: Person, *, as_of: datetime) -> tuple[list[Row], int]:
    """The newest devices that nobody has ever bound, of those that a person may see, and how many there are."""
    unbound = list_visible_devices(user, as_of=as_of).filter(~Exists(DeviceAssignment.objects.filter(device=OuterRef("pk"))))
    devices = list(_with_all(unbound, DeviceAssignment.objects.none()).order_by("-first_seen_at", "pk")[:MOST_UNBOUND])
    offers = list_offers(user, devices)
    return [replace(row, offer=offers.get(row.device.pk)) for row in _rows(devices, as_of)], unbound.count()


def _with_all(devices: QuerySet[Device], assignments: QuerySet[DeviceAssignment]) -> QuerySet[Device]:
    shown = Prefetch("assignments", assignments.order_by("component", "starts_at"), to_attr="shown_assignments")
    return devices.select_related("broker", "state").prefetch_related(shown).order_by("label", "key", "pk")


def _rows(devices: list[Device], as_of: datetime) -> list[Row]:
    shown: dict[int, list[DeviceAssignment]] = {device.pk: vars(device)["shown_assignments"] for device in devices}
    pods = sorted({one.pod_key for several in shown.values() for one in several if one.role == DeviceAssignment.Role.EXCHANGE})
    recent = list_recent_quality(pods, until=as_of - CLOSING_TAKES, quarters=RECENT_QUARTERS) if pods else {}
    return [_row(device, shown[device.pk], recent, as_of) for device in devices]


def _row(device: Device, assignments: list[DeviceAssignment], recent: dict[str, list[int]], as_of: datetime) -> Row:
    state = state_of(device)
    measured = next((recent[one.pod_key] for one in assignments if one.pod_key in recent), [])
    return Row(
        device=device,
        assignments=assignments,
        word=str(DeviceState.Presence(state.presence).label),
        tone=PRESENCE_TONES[state.presence],
        seen=say_age(state.last_received_at, as_of=as_of),
        power_w=state.power_w,
        quality=say_quality(measured),
        strip=strip_of_quality(measured),
        guess="" if assignments else device.named_pod,
    )


def state_of(device: Device) -> DeviceState:
    """How a device is; one that never sent anything usable is unknown."""
    try:
        return device.state
    except DeviceState.DoesNotExist:
        return DeviceState(device=device)
