"""What a person decides about a run: try again, approve. Each is one POST, one operation, and a task after the commit."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.backoffice.access import of_visible_run, person
from apps.backoffice.pages import runs_crumb, show_page
from apps.backoffice.runs.explained import CAUSES
from apps.backoffice.runs.history import list_steps
from apps.backoffice.runs.missing import accepted_pods
from apps.backoffice.runs.titles import title_of
from apps.communities.errors import CommunityError
from apps.engine.errors import RuleViolation
from apps.invoicing.errors import DocumentsNotReady, InvoicingError
from apps.settlement import operations
from apps.settlement.corrections import open_correction
from apps.settlement.errors import (
    ApproverComputed,
    KindTooLate,
    RunAlreadyOpen,
    RunChanged,
    RunNotOpen,
    RunWentOn,
    SettlementError,
)
from apps.settlement.models import SettlementRun
from tasks.corrections import find_changed_facts
from tasks.invoicing import issue_documents
from tasks.settlement import settle_month

CONFLICT = 409
LONGEST_REASON = 1000
LONGEST_NUMBER = 19  # digits; more than the database counts to
HEADINGS: dict[type[Exception], str | Promise] = {
    RunChanged: lazy("Il risultato è cambiato mentre lo guardavi"),
    RunWentOn: lazy("La regolazione è andata avanti mentre la guardavi"),
    ApproverComputed: lazy("Chi ha avviato il calcolo non può approvarlo"),
    RunNotOpen: lazy("Questa regolazione non aspetta una decisione"),
    KindTooLate: lazy("Il mese è già regolato con più certezza"),
    DocumentsNotReady: lazy("I documenti non sono ancora tutti pronti"),
}


@of_visible_run("POST", decides=True)
def retry_run(request: HttpRequest, run: SettlementRun) -> HttpResponse:
    """Put a run that stopped back in the queue, with the missing measures that the person accepts by name."""
    pods = accepted_pods(run, request.POST.getlist("accept"))
    try:
        with transaction.atomic():
            operations.retry_run(run_id=run.pk, opened_by=person(request), as_of=timezone.now())
            if pods:
                operations.accept_missing(run_id=run.pk, pods=pods, accepted_by=person(request))
            transaction.on_commit(lambda: settle_month.delay(run.pk), robust=True)
    except RunAlreadyOpen as error:
        return lead_to_open_run(request, error)
    except (RunNotOpen, KindTooLate) as error:
        return refuse(request, run, error)
    return redirect("admin:settlement_settlementrun_change", run.pk)


@of_visible_run("POST", decides=True)
def approve_run(request: HttpRequest, run: SettlementRun) -> HttpResponse:
    """Approve exactly what was on the screen (`seen_sha256`). Documents follow by workers."""
    try:
        _refuse_changed_facts(run)
        with transaction.atomic():
            operations.approve_run(
                run_id=run.pk,
                approved_by=person(request),
                seen_sha256=request.POST.get("seen_sha256", ""),
                as_of=timezone.now(),
                reason=request.POST.get("reason", "")[:LONGEST_REASON],
            )
            transaction.on_commit(lambda: issue_documents.delay(run.pk), robust=True)
    except (RunChanged, ApproverComputed, RunNotOpen) as error:
        return refuse(request, run, error)
    messages.success(request, _("Regolazione approvata. I documenti sono in preparazione."))
    return redirect("admin:settlement_settlementrun_documents", run.pk)


def _refuse_changed_facts(run: SettlementRun) -> None:
    """What is approved must still be what today's facts settle to. Errors: `RunChanged`."""
    if run.state != SettlementRun.State.COMPUTED or not run.snapshot_path:
        return
    try:
        changed, _today = find_changed_facts(run)
    except (SettlementError, CommunityError, RuleViolation) as error:
        sentence = _("Con i dati di oggi il mese non si può più regolare: %(reason)s Rimedia, poi avvia una nuova regolazione.")
        raise RunChanged(sentence % {"reason": error.args[0]}) from error
    if changed:
        sentence = _("Dopo il calcolo sono cambiati: %(causes)s. Avvia una nuova regolazione del mese e approva quella.")
        raise RunChanged(sentence % {"causes": ", ".join(str(CAUSES[cause]) for cause in changed)})


@of_visible_run("POST", decides=True)
def start_correction(request: HttpRequest, run: SettlementRun) -> HttpResponse:
    """Open the correction of this month and wake a worker, or lead to the one that is open."""
    try:
        with transaction.atomic():
            opened = open_correction(run_id=run.pk, opened_by=person(request), as_of=timezone.now())
            transaction.on_commit(lambda: settle_month.delay(opened.pk), robust=True)
    except RunAlreadyOpen as error:
        return lead_to_open_run(request, error)
    except RunNotOpen as error:
        return refuse(request, run, error)
    return redirect("admin:settlement_settlementrun_change", opened.pk)


def lead_to_open_run(request: HttpRequest, error: RunAlreadyOpen) -> HttpResponse:
    """Somebody was faster: show their run instead of an error."""
    messages.info(request, _("Questa regolazione era già stata avviata: eccola."))
    open_id = operations.open_error_run_id(error)
    if open_id is None:
        return redirect("admin:settlement_settlementrun_changelist")
    return redirect("admin:settlement_settlementrun_change", open_id)


def refuse(request: HttpRequest, run: SettlementRun, error: SettlementError | InvoicingError, **context: Any) -> HttpResponse:
    """409: nothing was done, and why. The sentence of the operation stands under a heading of ours.

    When the form said which step it had seen last (`seen_sequence`), what happened since then is listed.
    """
    seen = request.POST.get("seen_sequence", "")
    changes = list_steps(run, after=int(seen)) if seen.isdecimal() and len(seen) < LONGEST_NUMBER else []
    return show_page(
        request,
        "backoffice/runs/refused.html",
        title=HEADINGS.get(type(error), _("Non è possibile")),
        crumbs=[runs_crumb(), (title_of(run), reverse("admin:settlement_settlementrun_change", args=[run.pk]))],
        status=CONFLICT,
        run=run,
        reason=error.args[0],
        changes=changes,
        **context,
    )
