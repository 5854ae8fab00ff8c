"""What a person does with a batch: fetch its file, say what the bank did, discard it, note what came back. One POST each."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.backoffice.access import person
from apps.backoffice.pages import show_page
from apps.backoffice.payouts.access import of_visible_batch
from apps.backoffice.payouts.labels import batches_crumb
from apps.invoicing.errors import InvoicingError
from apps.invoicing.models import PayoutBatch
from apps.invoicing.payouts import operations
from apps.invoicing.payouts.errors import ExecutionRefused

CONFLICT = 409


class ConfirmForm(forms.Form):
    executed_on = forms.DateField(label=lazy("data del pagamento"))
    reference = forms.CharField(label=lazy("riferimento della banca"), max_length=140)
    confirm = forms.BooleanField(label=lazy("conferma"))


class DiscardForm(forms.Form):
    reason = forms.CharField(label=lazy("motivo"), max_length=1000)
    confirm = forms.BooleanField(label=lazy("conferma"))


class ReturnForm(forms.Form):
    returned_on = forms.DateField(label=lazy("data della restituzione"))
    code = forms.CharField(label=lazy("codice del motivo"), max_length=4)


@of_visible_batch("POST", decides=True)
def fetch_file(request: HttpRequest, batch: PayoutBatch) -> HttpResponse:
    """The file, byte by byte as it was made. Fetching it is written down, so it is a POST."""
    try:
        content = operations.hand_out_file(batch_id=batch.pk, downloaded_by=person(request), as_of=timezone.now())
    except InvoicingError as error:
        return refuse(request, error, batch)
    response = HttpResponse(content, content_type="application/octet-stream")
    code = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in batch.community.code)
    response.headers["Content-Disposition"] = f'attachment; filename="distinta-{code}-{batch.number}.xml"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@of_visible_batch("POST", decides=True)
def confirm_execution(request: HttpRequest, batch: PayoutBatch) -> HttpResponse:
    """The bank paid: debits, and runs that are wholly paid now."""
    form = ConfirmForm(request.POST)
    if not form.is_valid():
        return _say_what_lacks(request, batch, form)
    try:
        paid = operations.confirm_execution(
            batch_id=batch.pk,
            executed_by=person(request),
            executed_on=form.cleaned_data["executed_on"],
            reference=form.cleaned_data["reference"],
            as_of=timezone.now(),
        )
    except ExecutionRefused as error:
        messages.error(request, str(error.args[0]))
        return _back(batch)
    except InvoicingError as error:
        return refuse(request, error, batch)
    messages.success(request, _("Esecuzione annotata. Regolazioni pagate per intero: %(count)s.") % {"count": len(paid)})
    return _back(batch)


@of_visible_batch("POST", decides=True)
def discard_batch(request: HttpRequest, batch: PayoutBatch) -> HttpResponse:
    """The bank never paid: every balance is free again."""
    form = DiscardForm(request.POST)
    if not form.is_valid():
        return _say_what_lacks(request, batch, form)
    try:
        operations.discard_batch(
            batch_id=batch.pk, discarded_by=person(request), reason=form.cleaned_data["reason"], as_of=timezone.now()
        )
    except InvoicingError as error:
        return refuse(request, error, batch)
    messages.success(request, _("Distinta annullata. Gli importi restano accreditati ai soci."))
    return _back(batch)


@of_visible_batch("POST", decides=True)
def note_return(request: HttpRequest, batch: PayoutBatch, transfer_id: int) -> HttpResponse:
    """One transfer came back: the member is owed the money again."""
    if not batch.transfers.filter(pk=transfer_id).exists():
        raise Http404
    form = ReturnForm(request.POST)
    if not form.is_valid():
        return _say_what_lacks(request, batch, form)
    try:
        operations.note_return(transfer_id=transfer_id, returned_by=person(request), as_of=timezone.now(), **form.cleaned_data)
    except ExecutionRefused as error:
        messages.error(request, str(error.args[0]))
        return _back(batch)
    except InvoicingError as error:
        return refuse(request, error, batch)
    messages.success(request, _("Restituzione annotata: l’importo è di nuovo a credito del socio."))
    return _back(batch)


def refuse(request: HttpRequest, error: InvoicingError, batch: PayoutBatch | None = None) -> HttpResponse:
    """409: nothing was done, and why."""
    return show_page(
        request,
        "backoffice/payouts/refused.html",
        title=_("Non è possibile"),
        crumbs=[batches_crumb()],
        status=CONFLICT,
        batch=batch,
        reason=error.args[0],
    )


def _say_what_lacks(request: HttpRequest, batch: PayoutBatch, form: forms.Form) -> HttpResponse:
    for name, errors in form.errors.items():
        messages.error(request, f"{form.fields[name].label}: {' '.join(str(error) for error in errors)}")
    return _back(batch)


def _back(batch: PayoutBatch) -> HttpResponse:
    return redirect("admin:invoicing_payoutbatch_change", batch.pk)
