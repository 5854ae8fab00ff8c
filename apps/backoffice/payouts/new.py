"""A new batch: choose community and runs, look at who gets what and who does not, then make exactly that."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from apps.backoffice.access import list_managed_communities, only, person
from apps.backoffice.pages import show_page
from apps.backoffice.payouts.labels import batches_crumb, reason_text
from apps.backoffice.payouts.steps import refuse
from apps.communities.models import Community
from apps.invoicing.errors import InvoicingError
from apps.invoicing.payouts import operations
from apps.invoicing.payouts.errors import ExecutionRefused, NothingToPay, PayerIncomplete
from apps.invoicing.payouts.plan import Plan, list_payable_runs, plan_batch
from tasks.payouts import make_payout_file

PER_PAGE = 100


class BatchForm(forms.Form):
    """What a new batch needs to know; the plan's hash is what was on the screen."""

    execute_on = forms.DateField()
    seen_sha256 = forms.CharField(required=False, max_length=64)


@only("GET", "HEAD", "POST")
def new_batch(request: HttpRequest) -> HttpResponse:
    """The preview by GET, which writes nothing; by POST the batch that was on the screen, or 409."""
    communities = list(list_managed_communities(request.user).order_by("name"))
    if not communities:
        raise PermissionDenied(_("Solo un amministratore della comunità può farlo."))
    sent = request.POST if request.method == "POST" else request.GET
    community = _chosen(communities, sent.get("community", ""))
    if community is None:
        crumbs = [batches_crumb()]
        return show_page(
            request, "backoffice/payouts/choose.html", title=_("Nuova distinta"), crumbs=crumbs, communities=communities
        )
    payable = list(list_payable_runs(community.pk))
    asked = {int(text) for text in sent.getlist("run") if text.isdecimal() and len(text) < 19}
    chosen = asked if "shown" in sent else {run.pk for run in payable}
    plan = plan_batch(community_id=community.pk, run_ids=chosen, today=timezone.localdate())
    if request.method == "POST":
        return _make(request, community, plan)
    return _show(request, community, plan, payable, several=len(communities) > 1)


def _make(request: HttpRequest, community: Community, plan: Plan) -> HttpResponse:
    form = BatchForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Scrivi la data in cui la banca deve pagare."))
        return _again(request, community, plan)
    try:
        with transaction.atomic():
            batch = operations.make_batch(
                community_id=community.pk,
                run_ids=plan.run_ids,
                execute_on=form.cleaned_data["execute_on"],
                created_by=person(request),
                seen_sha256=form.cleaned_data["seen_sha256"],
                as_of=timezone.now(),
            )
            transaction.on_commit(lambda: make_payout_file.delay(batch.pk), robust=True)
    except (ExecutionRefused, NothingToPay, PayerIncomplete) as error:
        messages.error(request, str(error.args[0]))
        return _again(request, community, plan)
    except InvoicingError as error:
        return refuse(request, error)
    return redirect("admin:invoicing_payoutbatch_change", batch.pk)


def _again(request: HttpRequest, community: Community, plan: Plan) -> HttpResponse:
    query = urlencode([("community", community.pk), ("shown", "1"), *(("run", run_id) for run_id in plan.run_ids)])
    response = redirect("admin:invoicing_payoutbatch_new")
    response["Location"] += f"?{query}"
    return response


def _show(request: HttpRequest, community: Community, plan: Plan, payable: list[Any], *, several: bool) -> HttpResponse:
    query = urlencode([("community", community.pk), ("shown", "1"), *(("run", run_id) for run_id in plan.run_ids)])
    carried = Paginator(plan.carried, PER_PAGE).get_page(request.GET.get("carried", ""))
    return show_page(
        request,
        "backoffice/payouts/new.html",
        title=_("Nuova distinta"),
        crumbs=[batches_crumb()],
        community=community,
        several=several,
        runs=[{"run": run, "chosen": run.pk in plan.run_ids} for run in payable],
        plan=plan,
        page=Paginator(plan.paid, PER_PAGE).get_page(request.GET.get("page", "")),
        carried=[{"line": line, "reason": reason_text(line.reason)} for line in carried],
        carried_page=carried,
        query=f"{query}&",
        today=timezone.localdate(),
        tomorrow=_next_weekday(timezone.localdate()),
    )


def _next_weekday(day: date) -> date:
    """The next day on which banks usually work; a holiday they move by themselves."""
    later = day + timedelta(days=1)
    return later + timedelta(days=max(0, 7 - later.weekday())) if later.weekday() >= 5 else later


def _chosen(communities: list[Community], asked: str) -> Community | None:
    """The community that was asked for; the only one there is; otherwise nobody knows yet."""
    if not asked and len(communities) == 1:
        return communities[0]
    return next((community for community in communities if str(community.pk) == asked), None)
