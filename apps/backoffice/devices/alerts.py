"""What people should look at: open alerts by kind, who took care of them, and how many wait."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.backoffice.access import Person, only, person
from apps.backoffice.devices.access import current, list_visible_alerts, list_visible_assignments, may_look
from apps.backoffice.devices.binding import devices_crumb
from apps.backoffice.devices.labels import ALERT_TONES, say_age
from apps.backoffice.pages import show_page
from apps.metering.alert_operations import acknowledge_alert
from apps.metering.models import Alert

PER_PAGE = 50
SHOWN = {"": lazy("da guardare"), "taken": lazy("presi in carico"), "closed": lazy("chiusi")}


@dataclass(frozen=True, slots=True)
class Row:
    """An alert as the list shows it."""

    alert: Alert
    tone: str
    age: str
    pods: list[str]


@only("GET", "HEAD")
def show_alerts(request: HttpRequest) -> HttpResponse:
    """Alerts of one sort, by kind and age."""
    if not may_look(request.user):
        raise PermissionDenied(_("Non amministri nessuna comunità."))
    as_of = timezone.now()
    sort = request.GET.get("show", "")
    sort = sort if sort in SHOWN else ""
    kind = request.GET.get("kind", "")
    alerts = _of_sort(list_visible_alerts(request.user, as_of=as_of), sort)
    counts = {row["kind"]: row["count"] for row in alerts.order_by().values("kind").annotate(count=Count("pk"))}
    if kind in Alert.Kind.values:
        alerts = alerts.filter(kind=kind)
    shown = Prefetch(
        "device__assignments", current(list_visible_assignments(request.user, as_of=as_of), as_of), to_attr="shown_assignments"
    )
    found = alerts.select_related("device__broker", "acknowledged_by").prefetch_related(shown)
    page = Paginator(found.order_by("kind", "opened_at", "pk"), PER_PAGE).get_page(request.GET.get("page"))
    rows = [
        Row(
            alert,
            ALERT_TONES[alert.kind],
            say_age(alert.opened_at, as_of=as_of),
            sorted({one.pod_key for one in vars(alert.device)["shown_assignments"]}),
        )
        for alert in page.object_list
    ]
    query = request.GET.copy()
    query.pop("page", None)
    context: dict[str, Any] = {
        "rows": rows,
        "page": page,
        "query": f"{query.urlencode()}&" if query else "",
        "sort": sort,
        "sorts": SHOWN.items(),
        "kind": kind,
        "kinds": [(value, label, counts[value]) for value, label in Alert.Kind.choices if value in counts],
        "total": sum(counts.values()),
        "here": request.get_full_path(),
    }
    return show_page(request, "backoffice/devices/alerts.html", title=_("Avvisi"), crumbs=[devices_crumb()], **context)


@only("POST")
def acknowledge(request: HttpRequest, alert_id: int) -> HttpResponse:
    """Take care of an alert: it stays open until what it says is over, but nobody else needs to look."""
    if not list_visible_alerts(request.user, as_of=timezone.now()).filter(pk=alert_id).exists():
        raise Http404
    acknowledge_alert(alert_id=alert_id, user=person(request), as_of=timezone.now())
    after = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(after, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return redirect(after if safe else reverse("admin:metering_alert_changelist"))


def count_waiting_alerts(user: Person) -> int:
    """How many open alerts nobody has taken care of."""
    if not may_look(user):
        return 0
    return _of_sort(list_visible_alerts(user, as_of=timezone.now()), "").count()


def _of_sort(alerts: QuerySet[Alert], sort: str) -> QuerySet[Alert]:
    if sort == "closed":
        return alerts.filter(closed_at__isnull=False)
    return alerts.filter(closed_at__isnull=True, acknowledged_at__isnull=sort == "")
