"""A new run: choose, see what is missing, start. Starting opens a row and wakes a worker; nothing is computed here."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.accounts.models import User
from apps.backoffice.access import list_managed_configurations, only, person
from apps.backoffice.measures.pictures import picture_of_completeness
from apps.backoffice.month_form import MonthForm, first_choice
from apps.backoffice.pages import runs_crumb, show_page
from apps.backoffice.runs.decide import lead_to_open_run
from apps.backoffice.runs.missing import list_gaps
from apps.backoffice.templatetags.quantities import month_name
from apps.communities.models import Configuration
from apps.settlement import operations
from apps.settlement.errors import RunAlreadyOpen, SettlementError
from apps.settlement.models import SettlementRun
from apps.settlement.readiness import get_known_hours, get_readiness
from tasks.settlement import settle_month

# Corrections and reversals are opened from the run that they are about.
OPENED_BY_HAND = [
    (kind.value, kind.label) for kind in (SettlementRun.Kind.PROVISIONAL, SettlementRun.Kind.FINAL, SettlementRun.Kind.ADVANCE)
]


class RunForm(MonthForm):
    """Which month of which configuration, and how certain."""

    kind = forms.ChoiceField(label=lazy("Tipo"), choices=OPENED_BY_HAND)


@only("GET", "HEAD", "POST")
def start_run(request: HttpRequest) -> HttpResponse:
    """GET shows the choice and, once made, what is missing. POST opens the run, or leads to the one that is open."""
    user = person(request)
    configurations = list_managed_configurations(user)
    if not configurations.exists():
        raise PermissionDenied(_("Solo un amministratore della comunità può avviare una regolazione."))
    if request.method == "POST":
        form = RunForm(request.POST, configurations=configurations)
        return _open(request, form, user) if form.is_valid() else _show(request, form)
    if "configuration" in request.GET:
        form = RunForm(request.GET, configurations=configurations)
    else:
        form = RunForm(configurations=configurations, initial=first_choice(configurations, timezone.localdate()))
    return _show(request, form, check=form.is_bound and form.is_valid())


def _open(request: HttpRequest, form: RunForm, user: User) -> HttpResponse:
    configuration, kind, month = form.cleaned_data["configuration"], form.cleaned_data["kind"], form.first_day()
    pods = _accepted(configuration, month, kind, request.POST.getlist("accept"))
    try:
        with transaction.atomic():
            run = operations.open_run(configuration=configuration, month=month, kind=kind, opened_by=user, as_of=timezone.now())
            if pods:
                operations.accept_missing(run_id=run.pk, pods=pods, accepted_by=user)
            transaction.on_commit(lambda: settle_month.delay(run.pk), robust=True)
    except RunAlreadyOpen as error:
        return lead_to_open_run(request, error)
    except SettlementError as error:
        form.add_error(None, str(error.args[0]))
        return _show(request, form, status=409)
    return redirect("admin:settlement_settlementrun_change", run.pk)


def _accepted(configuration: Configuration, month: date, kind: str, ticked: list[str]) -> list[str]:
    """Of what was ticked, the PODs that do miss hours of a final run."""
    if kind != SettlementRun.Kind.FINAL or not ticked:
        return []
    return sorted({row.pod for row in get_known_hours(configuration, month).incomplete} & set(ticked))


def _show(request: HttpRequest, form: RunForm, *, check: bool = False, status: int = 200) -> HttpResponse:
    found = _check(form) if check else {}
    return show_page(
        request,
        "backoffice/runs/start.html",
        title=_("Nuova regolazione"),
        crumbs=[runs_crumb()],
        status=status,
        form=form,
        **found,
    )


def _check(form: RunForm) -> dict[str, Any]:
    configuration, kind, month = form.cleaned_data["configuration"], form.cleaned_data["kind"], form.first_day()
    readiness = get_readiness(configuration, month, kind=kind)
    runs = SettlementRun.objects.filter(configuration=configuration, month=month).order_by("-opened_at")
    return {
        "checked": True,
        "configuration": configuration,
        "month_text": month_name(month),
        "month": month,
        "kind": kind,
        "kind_text": SettlementRun.Kind(kind).label,
        "final": kind == SettlementRun.Kind.FINAL,
        "gaps": list_gaps(configuration, readiness, kind=kind),
        "readiness": readiness,
        "picture": picture_of_completeness(readiness.measures, month=month),
        "earlier_runs": runs,
        "over": month < timezone.localdate().replace(day=1),
    }
