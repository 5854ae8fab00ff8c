"""What follows the approval: a person issues a run whose documents are ready, and notes that the bank has paid."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.backoffice.access import may_decide, of_visible_run, person
from apps.backoffice.runs.decide import LONGEST_REASON, refuse
from apps.invoicing import issue_operations as documents
from apps.invoicing.errors import DocumentsNotReady
from apps.invoicing.payouts.booking import is_in_batch, mark_paid_outside
from apps.invoicing.payouts.errors import RunInBatch
from apps.settlement.errors import PaymentRefused, RunNotOpen, RunWentOn
from apps.settlement.models import SettlementRun

NO_SUCH_STEP = -1  # what a screen that names no step has seen: matches nothing
State = SettlementRun.State


class StepForm(forms.Form):
    """What every step needs: what was on the screen, and a hand on the heart."""

    seen_sha256 = forms.CharField(required=False)
    seen_sequence = forms.IntegerField(required=False, min_value=0)
    confirm = forms.BooleanField(label=lazy("conferma"))
    reason = forms.CharField(label=lazy("nota"), required=False, max_length=LONGEST_REASON)

    def seen(self) -> dict[str, Any]:
        found = self.cleaned_data["seen_sequence"]
        sequence = NO_SUCH_STEP if found is None else found
        return {"seen_sha256": self.cleaned_data["seen_sha256"], "seen_sequence": sequence, "reason": self.cleaned_data["reason"]}


class PaymentForm(StepForm):
    """The bank's day and reference."""

    paid_on = forms.DateField(label=lazy("data del pagamento"))
    reference = forms.CharField(label=lazy("riferimento"), max_length=140)


@of_visible_run("POST", decides=True)
def issue_run(request: HttpRequest, run: SettlementRun) -> HttpResponse:
    """Issue what was on the screen; 409 when it went on since, or when a document is missing."""
    form = StepForm(request.POST)
    if not form.is_valid():
        return _say_what_lacks(request, run, form)
    try:
        documents.issue_run(run_id=run.pk, issued_by=person(request), as_of=timezone.now(), **form.seen())
    except (RunWentOn, RunNotOpen, DocumentsNotReady) as error:
        return refuse(request, run, error)
    messages.success(request, _("Regolazione emessa."))
    return _back(run)


@of_visible_run("POST", decides=True)
def mark_paid(request: HttpRequest, run: SettlementRun) -> HttpResponse:
    """Note the payment of what was on the screen; 409 when it went on since."""
    form = PaymentForm(request.POST)
    if not form.is_valid():
        return _say_what_lacks(request, run, form)
    paid_on, reference = form.cleaned_data["paid_on"], form.cleaned_data["reference"]
    try:
        mark_paid_outside(
            run_id=run.pk, paid_by=person(request), paid_on=paid_on, reference=reference, as_of=timezone.now(), **form.seen()
        )
    except (RunWentOn, RunNotOpen, RunInBatch) as error:
        return refuse(request, run, error)
    except PaymentRefused as error:
        messages.error(request, str(error.args[0]))
        return _back(run)
    messages.success(request, _("Pagamento annotato."))
    return _back(run)


def get_next_step(request: HttpRequest, run: SettlementRun) -> dict[str, Any]:
    """What this person may do next with an approved run."""
    decides = may_decide(request.user, run)
    ready = run.state == State.APPROVED and documents.documents_are_ready(run)
    return {
        "may_issue": decides and ready,
        "waits_for_documents": run.state == State.APPROVED and not ready,
        "may_pay": decides and run.state == State.ISSUED and not is_in_batch(run),
        "earliest": run.month,
        "latest": timezone.localdate(),
    }


def _say_what_lacks(request: HttpRequest, run: SettlementRun, form: forms.Form) -> HttpResponse:
    for name, errors in form.errors.items():
        label = form.fields[name].label or name
        messages.error(request, f"{label}: {' '.join(str(error) for error in errors)}")
    return _back(run)


def _back(run: SettlementRun) -> HttpResponse:
    return redirect("admin:settlement_settlementrun_change", run.pk)
