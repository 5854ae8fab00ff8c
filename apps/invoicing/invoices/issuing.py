"""Issuing: freeze what was on the screen, take the number last, commit. Printing follows from what is frozen."""

from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.invoicing.errors import InvoiceNotDraft, InvoiceWentOn
from apps.invoicing.invoices.content import content_of, digest, placeholder, to_text
from apps.invoicing.invoices.models import Invoice, InvoiceFile, reference_of
from apps.invoicing.numbering import take_number
from apps.invoicing.run_facts import keep_logo
from project.failpoints import hit

_WITH = ("issuer", "customer", "voids", "replaces")


def get_preview(*, invoice_id: int, as_of: datetime) -> dict[str, Any]:
    """What a draft would say if it were issued now, all but its number. Errors: `DraftIncomplete`, `InvoiceNotDraft`."""
    invoice = Invoice.objects.select_related(*_WITH).get(pk=invoice_id)
    _check_draft(invoice)
    return _preview(invoice, as_of)


@transaction.atomic
def issue_invoice(*, invoice_id: int, issued_by: User | None, seen_sha256: str, as_of: datetime) -> Invoice:
    """Issue a draft: `seen_sha256` is the digest of the preview that was looked at and found right by the press.

    Errors: `DraftIncomplete`, `InvoiceNotDraft`, `InvoiceWentOn`.
    """
    invoice = Invoice.objects.select_for_update(of=("self",)).select_related(*_WITH).get(pk=invoice_id)
    _check_draft(invoice)
    content = _preview(invoice, as_of)
    if digest(content) != seen_sha256:
        raise InvoiceWentOn(_("The invoice changed after you opened the page. Look at it again, then decide."))
    keep_logo(bytes(invoice.issuer.logo))
    kinds = [InvoiceFile.Kind.PDF, *([InvoiceFile.Kind.XML] if content["goes_to_exchange"] else [])]
    InvoiceFile.objects.bulk_create(InvoiceFile(invoice=invoice, kind=kind, created_at=as_of) for kind in kinds)
    invoice.issued_on = _local_day(as_of)
    invoice.year = invoice.issued_on.year
    hit("invoice.before_number")
    invoice.number = take_number(issuer_id=invoice.issuer_id, year=invoice.year, series=invoice.series)
    hit("invoice.after_number")
    _check_order(invoice)
    content["document"]["number"] = reference_of(invoice.year, invoice.series, invoice.number)
    invoice.state, invoice.issued_by, invoice.issued_at = Invoice.State.ISSUED, issued_by, as_of
    invoice.frozen, invoice.frozen_sha256 = to_text(content), digest(content)
    invoice.customer_name = str(invoice.customer)
    invoice.save()
    hit("invoice.before_commit")
    return invoice


def _check_draft(invoice: Invoice) -> None:
    if invoice.state != Invoice.State.DRAFT:
        raise InvoiceNotDraft(_("%(invoice)s is issued already.") % {"invoice": invoice})


def _preview(invoice: Invoice, as_of: datetime) -> dict[str, Any]:
    day = _local_day(as_of)
    return content_of(invoice, issued_on=day, number=placeholder(day.year))


def _check_order(invoice: Invoice) -> None:
    """Numbers rise with the days: whoever waited past midnight, or has a wrong clock, tries again."""
    last = Invoice.objects.filter(issuer=invoice.issuer_id, year=invoice.year, series=invoice.series, number__isnull=False)
    newest = last.order_by("-number").defer("frozen").first()
    if newest is not None and newest.issued_on and invoice.issued_on and newest.issued_on > invoice.issued_on:
        raise InvoiceWentOn(
            _("%(invoice)s is of a later day, and numbers rise with the days. Try again; if it stays, look at the clock.")
            % {"invoice": newest}
        )


def _local_day(as_of: datetime) -> date:
    return as_of.astimezone(timezone.get_default_timezone()).date()
