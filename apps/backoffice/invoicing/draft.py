"""Writing a draft: new, or again."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.backoffice.access import manages_any_community, only, person
from apps.backoffice.invoicing.access import of_visible_invoice
from apps.backoffice.invoicing.forms import DraftForm, LineFormSet, initial_lines, initial_of
from apps.backoffice.pages import Crumb, show_page
from apps.invoicing.errors import InvoicingError
from apps.invoicing.invoices.drafts import save_draft
from apps.invoicing.invoices.models import Customer, Invoice

CONFLICT = 409


def invoices_crumb() -> Crumb:
    return _("Fatture"), reverse("admin:invoicing_invoice_changelist")


@only("GET", "HEAD", "POST")
def new_invoice(request: HttpRequest) -> HttpResponse:
    """An empty draft, for administrators."""
    if not manages_any_community(request):
        raise PermissionDenied(_("Solo un amministratore della comunità può farlo."))
    return _edit(request, None)


@of_visible_invoice("GET", "HEAD", "POST", acts=True)
def edit_invoice(request: HttpRequest, invoice: Invoice) -> HttpResponse:
    """A draft again; what is issued, and a credit note, are only shown."""
    if invoice.state != Invoice.State.DRAFT or invoice.voids_id:
        return redirect("admin:invoicing_invoice_change", invoice.pk)
    return _edit(request, invoice)


def _edit(request: HttpRequest, invoice: Invoice | None) -> HttpResponse:
    posted = request.POST if request.method == "POST" else None
    given: dict[str, Any] = {"initial": initial_of(invoice)} if invoice else {}
    form = DraftForm(posted, user=request.user, **given)
    lines = LineFormSet(posted, initial=initial_lines(invoice) if invoice else None, prefix="lines")
    if posted is not None and "more" not in posted and form.is_valid() and lines.is_valid():
        said = form.cleaned_data
        customer: Customer = said.pop("customer")
        try:
            saved = save_draft(
                issuer_id=customer.community_id,
                customer_id=customer.pk,
                lines=lines.list_facts(),  # type: ignore[attr-defined]
                saved_by=person(request),
                as_of=timezone.now(),
                invoice_id=invoice.pk if invoice else None,
                **said,
            )
        except InvoicingError as error:
            form.add_error(None, str(error))
        else:
            return redirect("admin:invoicing_invoice_change", saved.pk)
    if posted is not None and "more" in posted:
        wider = posted.copy()
        wider["lines-TOTAL_FORMS"] = str(min(lines.total_form_count() + lines.extra, lines.max_num))
        form, lines = DraftForm(wider, user=request.user, **given), LineFormSet(wider, initial=None, prefix="lines")
    return show_page(
        request,
        "backoffice/invoicing/form.html",
        title=_("Modifica la bozza") if invoice else _("Nuova fattura"),
        crumbs=[invoices_crumb()],
        form=form,
        lines=lines,
        quiet="more" in request.POST,
        status=200 if posted is None or "more" in posted else 422,
    )
