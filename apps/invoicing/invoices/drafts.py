"""The writers of drafts: what is not issued may still change, or be thrown away."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.engine.money import round_half_up
from apps.invoicing.errors import DraftIncomplete, InvoiceNotDraft, InvoiceNotVoidable
from apps.invoicing.invoices.content import totals_of
from apps.invoicing.invoices.models import Customer, Invoice, InvoiceLine

CENTS = 100
_COPIED = ("text", "quantity", "unit", "unit_price_eur", "vat_percent", "nature", "first_day", "last_day", "net_cents")


@dataclass(frozen=True, slots=True)
class LineFacts:
    """One line as a person enters it. Days are inclusive on both sides."""

    text: str
    unit_price_eur: Decimal
    quantity: Decimal = Decimal(1)
    unit: str = ""
    vat_percent: Decimal = Decimal(0)
    nature: str = ""
    first_day: date | None = None
    last_day: date | None = None


@transaction.atomic
def save_draft(
    *,
    issuer_id: int,
    customer_id: int,
    lines: Sequence[LineFacts],
    saved_by: User | None,
    as_of: datetime,
    invoice_id: int | None = None,
    series: str = "",
    due_on: date | None = None,
    vat_due: str = Invoice.VatDue.AT_ONCE,
    charge_stamp: bool = False,
    note: str = "",
) -> Invoice:
    """Write a new draft, or all of a draft again. Errors: `DraftIncomplete`, `InvoiceNotDraft`."""
    customer = Customer.objects.get(pk=customer_id)
    if customer.community_id != issuer_id:
        raise DraftIncomplete(_("The customer belongs to another community. Choose one of this community."))
    if invoice_id is None:
        invoice = Invoice(created_by=saved_by, created_at=as_of)
    else:
        invoice = get_draft(invoice_id)
        if invoice.voids_id or (invoice.replaces_id and invoice.issuer_id != issuer_id):
            raise InvoiceNotDraft(_("A credit note repeats what it voids and cannot be edited."))
    rows = [_line(position, facts) for position, facts in enumerate(lines, start=1)]
    totals = totals_of(rows, charge_stamp=charge_stamp)
    invoice.issuer_id, invoice.customer_id = issuer_id, customer_id
    invoice.series, invoice.due_on, invoice.vat_due = series, due_on, vat_due
    invoice.charge_stamp, invoice.note, invoice.customer_name = charge_stamp, note, str(customer)
    invoice.net_cents, invoice.vat_cents, invoice.total_cents = totals.net_cents, totals.vat_cents, totals.total_cents
    invoice.save()
    invoice.lines.all().delete()
    for row in rows:
        row.invoice = invoice
    InvoiceLine.objects.bulk_create(rows)
    return invoice


@transaction.atomic
def discard_draft(*, invoice_id: int) -> None:
    """Throw a draft away. Errors: `InvoiceNotDraft`."""
    get_draft(invoice_id).delete()


@transaction.atomic
def draft_credit_note(*, invoice_id: int, reason: str, drafted_by: User | None, as_of: datetime) -> Invoice:
    """A draft that takes back an issued invoice as a whole. Errors: `InvoiceNotVoidable`."""
    original = Invoice.objects.select_for_update(of=("self",)).get(pk=invoice_id)
    if original.state != Invoice.State.ISSUED or original.kind != Invoice.Kind.INVOICE:
        raise InvoiceNotVoidable(_("Only an issued invoice can be voided. Throw a draft away instead."))
    if Invoice.objects.filter(voids=original).exists():
        raise InvoiceNotVoidable(
            _("%(invoice)s is voided already, or a credit note for it is being prepared.") % {"invoice": original}
        )
    if not reason.strip():
        raise InvoiceNotVoidable(_("The reason is missing. Write why the invoice is voided: the credit note says it."))
    credit = _copy(original, kind=Invoice.Kind.CREDIT_NOTE, drafted_by=drafted_by, as_of=as_of)
    credit.voids, credit.reason, credit.due_on, credit.note = original, reason.strip(), None, ""
    return _write_copy(credit, original)


@transaction.atomic
def draft_replacement(*, invoice_id: int, drafted_by: User | None, as_of: datetime) -> Invoice:
    """A draft with the lines of a voided invoice, to be corrected and issued. Errors: `InvoiceNotVoidable`."""
    original = Invoice.objects.select_for_update(of=("self",)).get(pk=invoice_id)
    if not Invoice.objects.filter(voids=original).exists() or Invoice.objects.filter(replaces=original).exists():
        raise InvoiceNotVoidable(_("Only a voided invoice can be replaced, and only once. Void it first."))
    draft = _copy(original, kind=Invoice.Kind.INVOICE, drafted_by=drafted_by, as_of=as_of)
    draft.replaces = original
    return _write_copy(draft, original)


def get_draft(invoice_id: int) -> Invoice:
    """The draft, locked until the commit. Errors: `InvoiceNotDraft`."""
    invoice = Invoice.objects.select_for_update(of=("self",)).get(pk=invoice_id)
    if invoice.state != Invoice.State.DRAFT:
        raise InvoiceNotDraft(_("%(invoice)s is issued and does not change any more. Void it instead.") % {"invoice": invoice})
    return invoice


def _line(position: int, facts: LineFacts) -> InvoiceLine:
    net = round_half_up(Fraction(facts.quantity) * Fraction(facts.unit_price_eur) * CENTS)
    return InvoiceLine(
        position=position,
        text=facts.text,
        quantity=facts.quantity,
        unit=facts.unit,
        unit_price_eur=facts.unit_price_eur,
        vat_percent=facts.vat_percent,
        nature=facts.nature,
        first_day=facts.first_day,
        last_day=facts.last_day,
        net_cents=net,
    )


def _copy(original: Invoice, *, kind: str, drafted_by: User | None, as_of: datetime) -> Invoice:
    same = ("issuer_id", "customer_id", "series", "vat_due", "charge_stamp", "note", "customer_name")
    amounts = ("net_cents", "vat_cents", "total_cents")
    values = {name: getattr(original, name) for name in (*same, *amounts)}
    return Invoice(kind=kind, created_by=drafted_by, created_at=as_of, **values)


def _write_copy(draft: Invoice, original: Invoice) -> Invoice:
    draft.save()
    InvoiceLine.objects.bulk_create(
        InvoiceLine(invoice=draft, position=line.position, **{name: getattr(line, name) for name in _COPIED})
        for line in original.lines.order_by("position")
    )
    return draft
