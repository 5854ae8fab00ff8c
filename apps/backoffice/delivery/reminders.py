"""Reminders and the calendar of GSE's dates."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.backoffice.access import (
    Person,
    list_managed_communities,
    list_visible_communities,
    list_visible_configurations,
    only,
    person,
    sees_any_community,
)
from apps.backoffice.delivery.access import list_visible, of_visible
from apps.backoffice.delivery.labels import address_of_reminder
from apps.backoffice.pages import Crumb, show_page
from apps.engine.gse_calendar import GseDate, list_gse_dates
from apps.invoicing.models import MailMessage, Reminder
from apps.invoicing.reminders.operations import finish_reminder
from apps.invoicing.reminders.texts import say_event, say_reminder

PER_PAGE = 50
MOST_ON_HOME = 6
SHOWN = {"": lazy("da fare"), "done": lazy("fatti")}


@dataclass(frozen=True, slots=True)
class Row:
    """A reminder as a person reads it."""

    reminder: Reminder
    text: str
    address: str
    is_late: bool
    may_act: bool


def reminders_crumb() -> Crumb:
    return _("Scadenze"), reverse("admin:invoicing_reminder_changelist")


@only("GET", "HEAD")
def list_reminders(request: HttpRequest) -> HttpResponse:
    """What waits, the most urgent first; or what was done, the newest first."""
    if not sees_any_community(request):
        raise PermissionDenied(_("Non hai un ruolo in nessuna comunità."))
    sort = request.GET.get("show", "")
    sort = sort if sort in SHOWN else ""
    found = _open(request.user) if sort == "" else list_visible(Reminder, request.user).filter(done_at__isnull=False)
    found = found.order_by("due_on", "key") if sort == "" else found.order_by("-done_at", "key")
    page = Paginator(found.select_related("configuration", "community", "done_by"), PER_PAGE).get_page(request.GET.get("page"))
    return show_page(
        request,
        "backoffice/reminders/list.html",
        title=_("Scadenze"),
        rows=_rows(request.user, page.object_list),
        page=page,
        query=f"show={sort}&" if sort else "",
        sort=sort,
        sorts=SHOWN.items(),
        communities=list_visible_communities(request.user),
    )


@of_visible(Reminder, "POST")
def finish(request: HttpRequest, reminder: Reminder) -> HttpResponse:
    """Say that the thing is done, or needs no doing."""
    finish_reminder(reminder_id=reminder.pk, done_by=person(request), as_of=timezone.now())
    messages.success(request, _("Promemoria chiuso."))
    return redirect("admin:invoicing_reminder_changelist")


@only("GET", "HEAD")
def show_calendar(request: HttpRequest) -> HttpResponse:
    """The dates of the next twelve months per configuration, by month."""
    if not sees_any_community(request):
        raise PermissionDenied(_("Non hai un ruolo in nessuna comunità."))
    today = timezone.localdate()
    before = date(today.year + 1, today.month, 1)
    tables = []
    for configuration in list_visible_configurations(request.user):
        dates = list_gse_dates(starts_on=configuration.starts_on, ends_on=configuration.ends_on, from_day=today, before=before)
        tables.append((configuration, [_line(one) for one in dates]))
    return show_page(
        request,
        "backoffice/reminders/calendar.html",
        title=_("Calendario del GSE"),
        crumbs=[reminders_crumb()],
        tables=tables,
        before=before,
    )


def get_home_reminders(user: Person) -> dict[str, Any]:
    """For the first page: the most urgent reminders, how many there are, and letters of which nobody knows.

    Without batches for the bank, which the page lists as they are at this moment.
    """
    waiting = _open(user).exclude(kind=Reminder.Kind.PAYOUT_WAITS)
    unknown = list_visible(MailMessage, user).filter(state=MailMessage.State.UNKNOWN).count()
    rows = waiting.select_related("configuration", "community").order_by("due_on", "key")[:MOST_ON_HOME]
    return {"rows": _rows(user, rows), "count": waiting.count(), "unknown": unknown}


def _open(user: Person) -> QuerySet[Reminder]:
    return list_visible(Reminder, user).filter(done_at__isnull=True)


def _rows(user: Person, reminders: Any) -> list[Row]:
    managed = set(list_managed_communities(user).values_list("pk", flat=True))
    today = timezone.localdate()
    return [
        Row(
            one,
            say_reminder(one),
            address_of_reminder(one, may_act=one.community_id in managed),
            one.due_on < today and one.done_at is None,
            one.done_at is None and one.community_id in managed,
        )
        for one in reminders
    ]


def _line(one: GseDate) -> dict[str, Any]:
    about = date(one.year, one.month, 1) if one.month else None
    return {"on": one.on, "what": say_event(one.event), "about": about, "year": one.year, "is_paid": one.event.endswith("_paid")}
