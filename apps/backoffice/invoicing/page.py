"""One invoice: what it says, its preview, and what can be done with it."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.backoffice.access import person
from apps.backoffice.invoicing.access import may_act, of_visible_invoice
from apps.backoffice.invoicing.draft import CONFLICT, invoices_crumb
from apps.backoffice.pages import show_page
from apps.invoicing.errors import InvoicingError
from apps.invoicing.invoices import drafts, issuing
from apps.invoicing.invoices.content import digest
from apps.invoicing.invoices.files import list_waiting_files, read_invoice_file, retry_files
from apps.invoicing.invoices.models import Invoice, InvoiceFile
from apps.settlement.archive import FileAltered
from reports.errors import PressError
from tasks.invoices import check_content, file_name_of, render_content, render_invoice_files

GONE = 410
TYPES = {InvoiceFile.Kind.PDF: "application/pdf", InvoiceFile.Kind.XML: "application/xml"}


@of_visible_invoice("GET", "HEAD")
def show_invoice(request: HttpRequest, invoice: Invoice) -> HttpResponse:
    """The amounts, the lines, the files; for a draft whether it can be issued, and if not why."""
    acts = may_act(request.user, invoice)
    draft = _preview(invoice) if invoice.state == Invoice.State.DRAFT else {}
    lines = list(invoice.lines.order_by("position"))
    credit = Invoice.objects.filter(voids=invoice).defer("frozen").first()
    return show_page(
        request,
        "backoffice/invoicing/invoice.html",
        title=title_of(invoice),
        stamp_cents=invoice.net_cents - sum(line.net_cents for line in lines),
        crumbs=[invoices_crumb()],
        invoice=invoice,
        lines=lines,
        files=invoice.files.order_by("kind"),
        credit=credit,
        replacement=Invoice.objects.filter(replaces=invoice).defer("frozen").first(),
        may_act=acts,
        may_void=acts and invoice.state == Invoice.State.ISSUED and invoice.kind == Invoice.Kind.INVOICE and credit is None,
        failed=invoice.files.filter(state=InvoiceFile.State.FAILED).exists(),
        **draft,
    )


def title_of(invoice: Invoice) -> str:
    if invoice.state == Invoice.State.DRAFT:
        return _("Bozza di nota di credito") if invoice.voids_id else _("Bozza di fattura")
    return str(invoice).capitalize()


def _preview(invoice: Invoice) -> dict[str, Any]:
    try:
        content = issuing.get_preview(invoice_id=invoice.pk, as_of=timezone.now())
    except InvoicingError as error:
        return {"obstacle": str(error)}
    seen = {"seen_sha256": digest(content), "has_xml": content["goes_to_exchange"], "payable_cents": content["payable_cents"]}
    try:
        check_content(content)
    except PressError as error:
        return {**seen, "press_obstacle": str(error)}
    return seen


@of_visible_invoice("GET", "HEAD")
def show_preview(request: HttpRequest, invoice: Invoice, kind: str) -> HttpResponse:
    """The pro-forma: the PDF or XML as it would be issued now, but for the number."""
    if invoice.state != Invoice.State.DRAFT or kind not in InvoiceFile.Kind.values:
        raise Http404
    try:
        content = issuing.get_preview(invoice_id=invoice.pk, as_of=timezone.now())
        made = render_content(content, bytes(invoice.issuer.logo) or None, InvoiceFile.Kind(kind))
    except (InvoicingError, PressError) as error:
        return _refuse(request, invoice, error)
    return _sent(made, InvoiceFile.Kind(kind), f"proforma-{invoice.pk}.{kind}", inline=True)


@of_visible_invoice("POST", acts=True)
def issue_invoice(request: HttpRequest, invoice: Invoice) -> HttpResponse:
    """Issue what was on the screen; 409 when it changed since, or when the press would refuse it."""
    try:
        with transaction.atomic():
            _issue(request, invoice.pk, request.POST.get("seen_sha256", ""))
    except (InvoicingError, PressError) as error:
        return _refuse(request, invoice, error)
    messages.success(request, _("Documento emesso. PDF e XML sono in preparazione."))
    return redirect("admin:invoicing_invoice_change", invoice.pk)


@of_visible_invoice("POST", acts=True)
def void_invoice(request: HttpRequest, invoice: Invoice) -> HttpResponse:
    """Issue a credit note for the whole, and lead to the draft of the replacement if one is wanted."""
    who, now = person(request), timezone.now()
    replacement = None
    try:
        with transaction.atomic():
            reason = request.POST.get("reason", "")[:300]
            credit = drafts.draft_credit_note(invoice_id=invoice.pk, reason=reason, drafted_by=who, as_of=now)
            _issue(request, credit.pk, None)
            if request.POST.get("replace"):
                replacement = drafts.draft_replacement(invoice_id=invoice.pk, drafted_by=who, as_of=now)
    except (InvoicingError, PressError) as error:
        return _refuse(request, invoice, error)
    messages.success(request, _("Fattura stornata: la nota di credito è emessa."))
    if replacement is not None:
        return redirect("admin:invoicing_invoice_edit", replacement.pk)
    return redirect("admin:invoicing_invoice_change", credit.pk)


@of_visible_invoice("POST", acts=True)
def replace_invoice(request: HttpRequest, invoice: Invoice) -> HttpResponse:
    """A draft with the lines of a voided invoice."""
    try:
        draft = drafts.draft_replacement(invoice_id=invoice.pk, drafted_by=person(request), as_of=timezone.now())
    except InvoicingError as error:
        return _refuse(request, invoice, error)
    return redirect("admin:invoicing_invoice_edit", draft.pk)


@of_visible_invoice("POST", acts=True)
def discard_draft(request: HttpRequest, invoice: Invoice) -> HttpResponse:
    try:
        drafts.discard_draft(invoice_id=invoice.pk)
    except InvoicingError as error:
        return _refuse(request, invoice, error)
    messages.success(request, _("Bozza eliminata."))
    return redirect("admin:invoicing_invoice_changelist")


@of_visible_invoice("POST", acts=True)
def retry(request: HttpRequest, invoice: Invoice) -> HttpResponse:
    """Send the files that failed to the press again."""
    waiting = retry_files(invoice_id=invoice.pk)
    transaction.on_commit(lambda: render_invoice_files.delay(waiting), robust=True)
    return redirect("admin:invoicing_invoice_change", invoice.pk)


@of_visible_invoice("GET", "HEAD")
def download_file(request: HttpRequest, invoice: Invoice, file_id: int) -> HttpResponse:
    """One stored file, checked against its hash, always as an attachment."""
    file = invoice.files.filter(pk=file_id, state=InvoiceFile.State.READY).first()
    if file is None:
        raise Http404
    try:
        content = read_invoice_file(file)
    except FileAltered as error:
        return _refuse(request, invoice, error, title=_("Il file non è più quello prodotto"), status=GONE)
    return _sent(content, InvoiceFile.Kind(file.kind), file_name_of(file))


def _issue(request: HttpRequest, invoice_id: int, seen_sha256: str | None) -> None:
    now = timezone.now()
    content = issuing.get_preview(invoice_id=invoice_id, as_of=now)
    check_content(content)
    seen = digest(content) if seen_sha256 is None else seen_sha256
    issuing.issue_invoice(invoice_id=invoice_id, issued_by=person(request), seen_sha256=seen, as_of=now)
    waiting = list_waiting_files(invoice_id=invoice_id)
    transaction.on_commit(lambda: render_invoice_files.delay(waiting), robust=True)


def _refuse(request: HttpRequest, invoice: Invoice, error: Exception, *, title: str = "", status: int = CONFLICT) -> HttpResponse:
    """Nothing was done, and why."""
    return show_page(
        request,
        "backoffice/invoicing/refused.html",
        title=title or _("Non è possibile"),
        crumbs=[invoices_crumb()],
        status=status,
        invoice=invoice,
        reason=str(error),
        of_press=isinstance(error, PressError),
    )


def _sent(content: bytes, kind: InvoiceFile.Kind, name: str, *, inline: bool = False) -> HttpResponse:
    response = HttpResponse(
        content, content_type=TYPES[kind] if inline and kind == InvoiceFile.Kind.PDF else "application/octet-stream"
    )
    response.headers["Content-Disposition"] = (
        f'{"inline" if inline and kind == InvoiceFile.Kind.PDF else "attachment"}; filename="{name}"'
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
