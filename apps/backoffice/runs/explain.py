"""Where an amount of any member comes from, down to the quarter of an hour, for who runs or checks the community."""

import logging
from collections.abc import Callable, Mapping
from datetime import date
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.backoffice.access import of_visible_run, person
from apps.backoffice.devices.access import list_visible_devices
from apps.backoffice.pages import Crumb, runs_crumb, show_page
from apps.backoffice.runs.labels import CONTRIBUTIONS
from apps.backoffice.runs.titles import title_of
from apps.backoffice.templatetags.quantities import euro
from apps.engine.calendar import hours_in_day, month_days
from apps.engine.inputs import Contribution
from apps.explaining.amounts import explain_amount
from apps.explaining.hours import explain_day, explain_days
from apps.explaining.quarters import explain_hour
from apps.explaining.rules import RULES
from apps.explaining.snapshots import SnapshotUnreadable
from apps.explaining.subject import Subject
from apps.explaining.templatetags.explaining import day_name
from apps.settlement.models import MemberResult, SettlementRun

log = logging.getLogger(__name__)
HOUR_RULES = ("shared", "consumers", "cascade", "premium", "missing")

Explain = Callable[..., HttpResponse]


def of_member_of_run(view: Explain) -> Callable[..., HttpResponseBase]:
    """A page about one member in one visible run; every other run or member is not found."""

    @of_visible_run("GET", "HEAD")
    @wraps(view)
    def guarded(request: HttpRequest, run: SettlementRun, member_id: int, **named: Any) -> HttpResponse:
        result = MemberResult.objects.select_related("member").filter(run=run, member=member_id).first()
        if result is None or not run.snapshot_path:
            raise Http404
        result.run = run
        base = reverse("admin:settlement_settlementrun_member", args=[run.pk, member_id])
        subject = Subject(run=run, result=result, base=base, sees_all=True)
        try:
            return view(request, subject, **named)
        except SnapshotUnreadable as error:
            log.error("Run %s cannot be explained: %s", run.pk, error)
            return _page(request, subject, "gone", _("La spiegazione non è disponibile"), [], status=503)

    return guarded


@of_member_of_run
def show_member(request: HttpRequest, subject: Subject) -> HttpResponse:
    """The member's amounts and days in this run."""
    amounts = [(CONTRIBUTIONS[name], cents, subject.amount_url(name)) for name, cents in subject.cents.items()]
    return _page(request, subject, "member", "", [], amounts=amounts, month=explain_days(subject))


@of_member_of_run
def show_amount(request: HttpRequest, subject: Subject, contribution: str) -> HttpResponse:
    """From the configuration's amount to the member's cents."""
    try:
        found = explain_amount(subject, Contribution(contribution))
    except ValueError:
        raise Http404 from None
    return _page(request, subject, "amount", f"{found.name}: {euro(found.cents)}", [_member_crumb(subject)], amount=found)


@of_member_of_run
def show_days(request: HttpRequest, subject: Subject) -> HttpResponse:
    """The member's month by days."""
    return _page(request, subject, "days", _("Giorno per giorno"), [_member_crumb(subject)], month=explain_days(subject))


@of_member_of_run
def show_day(request: HttpRequest, subject: Subject, day: int) -> HttpResponse:
    """One day by hours."""
    chosen = _day_of(subject, day)
    crumbs = [_member_crumb(subject), (_("Giorno per giorno"), subject.days_url())]
    rules = [RULES[name] for name in HOUR_RULES]
    title = day_name(chosen).capitalize()
    return _page(request, subject, "day", title, crumbs, day=explain_day(subject, chosen), rules=rules)


@of_member_of_run
def show_hour(request: HttpRequest, subject: Subject, day: int, hour: int) -> HttpResponse:
    """One hour by quarters, with every point of the configuration."""
    chosen = _day_of(subject, day)
    if hour >= hours_in_day(chosen):
        raise Http404
    as_of = timezone.now()

    def link_devices(devices: set[int], on: date) -> Mapping[int, str]:
        visible = list_visible_devices(person(request), as_of=as_of).filter(pk__in=devices).values_list("pk", flat=True)
        return {pk: f"{reverse('admin:metering_device_change', args=[pk])}?day={on.isoformat()}#day" for pk in visible}

    found = explain_hour(subject, chosen, hour, as_of=as_of, link_devices=link_devices)
    crumbs = [
        _member_crumb(subject),
        (_("Giorno per giorno"), subject.days_url()),
        (day_name(chosen, "j F Y"), subject.day_url(chosen)),
    ]
    return _page(request, subject, "hour", found.hour.name, crumbs, hour=found, rules=[RULES[name] for name in HOUR_RULES])


def _day_of(subject: Subject, day: int) -> date:
    days = month_days(subject.month.year, subject.month.month)
    if not 1 <= day <= len(days):
        raise Http404
    return days[day - 1]


def _member_title(subject: Subject) -> str:
    return f"{subject.member.code} {subject.member.name}"


def _member_crumb(subject: Subject) -> Crumb:
    return _member_title(subject), subject.base


def _page(
    request: HttpRequest, subject: Subject, name: str, title: str, crumbs: list[Crumb], *, status: int = 200, **context: Any
) -> HttpResponse:
    trail = [
        runs_crumb(),
        (title_of(subject.run), reverse("admin:settlement_settlementrun_change", args=[subject.run.pk])),
        *crumbs,
    ]
    template = f"backoffice/runs/explain_{name}.html"
    shown = {"subject": subject, "card": "card", **context}
    return show_page(request, template, title=title or _member_title(subject), crumbs=trail, status=status, **shown)
