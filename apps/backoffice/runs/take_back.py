"""What a person decides about a month that is not right: release what a bound parked, or take an issued month back."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.backoffice.access import may_decide, of_visible_run, person
from apps.backoffice.runs.decide import LONGEST_REASON, lead_to_open_run, refuse
from apps.settlement.bounds import release_run as release
from apps.settlement.errors import ReasonMissing, RunAlreadyOpen, RunChanged, RunNotOpen
from apps.settlement.history import get_base
from apps.settlement.models import SettlementRun
from apps.settlement.reversals import open_reversal, refuse_to_reverse
from tasks.settlement import settle_month


@of_visible_run("POST", decides=True)
def release_run(request: HttpRequest, run: SettlementRun) -> HttpResponse:
    """Somebody looked at what is beyond the bounds: the run waits for its approval, by another person."""
    try:
        release(
            run_id=run.pk,
            released_by=person(request),
            reason=request.POST.get("reason", "")[:LONGEST_REASON],
            seen_sha256=request.POST.get("seen_sha256", ""),
            as_of=timezone.now(),
        )
    except ReasonMissing as error:
        messages.error(request, str(error.args[0]))
    except (RunChanged, RunNotOpen) as error:
        return refuse(request, run, error)
    else:
        messages.success(request, _("Regolazione sbloccata: ora aspetta l’approvazione di un’altra persona."))
    return redirect("admin:settlement_settlementrun_change", run.pk)


@of_visible_run("POST", decides=True)
def start_reversal(request: HttpRequest, run: SettlementRun) -> HttpResponse:
    """Open the reversal of this month and wake a worker; it takes effect when another person approves it."""
    reason = request.POST.get("reason", "")[:LONGEST_REASON]
    try:
        with transaction.atomic():
            opened = open_reversal(run_id=run.pk, opened_by=person(request), reason=reason, as_of=timezone.now())
            transaction.on_commit(lambda: settle_month.delay(opened.pk), robust=True)
    except ReasonMissing as error:
        messages.error(request, str(error.args[0]))
        return redirect("admin:settlement_settlementrun_change", run.pk)
    except RunAlreadyOpen as error:
        return lead_to_open_run(request, error)
    except RunNotOpen as error:
        return refuse(request, run, error)
    return redirect("admin:settlement_settlementrun_change", opened.pk)


def get_reversal(request: HttpRequest, run: SettlementRun) -> dict[str, Any]:
    """May this person take the month back now? Asked of its base alone."""
    if run.corrects_id or get_base(configuration_id=run.configuration_id, month=run.month) != run:
        return {"possible": False}
    try:
        refuse_to_reverse(run)
    except RunNotOpen:
        return {"possible": False}
    return {"possible": may_decide(request.user, run)}
