"""Everything that an invoice says, as plain values: the same function for the preview and for what is frozen.

The wordings are those of the law and of the tax office's forms, so they are Italian whatever language the issuer reads.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from apps.communities.models import Community
from apps.engine.errors import InvalidAmount
from apps.engine.invoice_totals import InvoiceTotals, TaxedLine, invoice_totals
from apps.invoicing.errors import DraftIncomplete
from apps.invoicing.invoices.models import Customer, Invoice, InvoiceLine

REVERSE_CHARGE = "N6"
STAMP_TEXT = "Imposta di bollo"
_STAMP_NATURE = "N1"
_VIRTUAL_STAMP = "Imposta di bollo assolta in modo virtuale ai sensi del D.M. 17 giugno 2014."
_PAPER_STAMP = "Imposta di bollo di 2,00 euro sull'originale (art. 13 della tariffa allegata al DPR 642/1972)."
_REVERSE = "Inversione contabile: operazione senza addebito d'imposta, l'IVA è assolta dal committente."
_SPLIT = "Scissione dei pagamenti: l'IVA è versata dal committente ai sensi dell'art. 17-ter del DPR 633/1972."


def placeholder(year: int) -> str:
    """What stands in place of the number until there is one."""
    return f"PROFORMA/{year}"


def digest(content: dict[str, Any]) -> str:
    """The hash of what an invoice says."""
    return hashlib.sha256(to_text(content).encode()).hexdigest()


def to_text(content: dict[str, Any]) -> str:
    return json.dumps(content, sort_keys=True)


def totals_of(lines: Sequence[InvoiceLine], *, charge_stamp: bool) -> InvoiceTotals:
    """Errors: `DraftIncomplete`."""
    try:
        return invoice_totals(
            [TaxedLine(line.net_cents, line.vat_percent, line.nature) for line in lines], charge_stamp=charge_stamp
        )
    except InvalidAmount as error:
        raise DraftIncomplete(str(error)) from error


def content_of(invoice: Invoice, *, issued_on: date, number: str) -> dict[str, Any]:
    """The values of `reports.documents.invoice.PrintedInvoice`, the logo by its hash. Errors: `DraftIncomplete`."""
    issuer, customer = invoice.issuer, invoice.customer
    lines = list(invoice.lines.order_by("position"))
    totals = totals_of(lines, charge_stamp=invoice.charge_stamp)
    electronic = bool(issuer.vat_number)
    _check_issuer(issuer, lines, electronic, invoice.vat_due)
    if invoice.due_on and invoice.due_on < issued_on:
        raise DraftIncomplete(_("The invoice is due before it is issued. Correct the day of payment."))
    rows = [_row(line) for line in lines]
    if totals.stamp_charged_cents:
        stamp = str(Decimal(totals.stamp_charged_cents).scaleb(-2))
        rows.append(
            {"text": STAMP_TEXT, "net_cents": totals.stamp_charged_cents, "unit_price_eur": stamp, "nature": _STAMP_NATURE}
        )
    split = invoice.vat_due == Invoice.VatDue.SPLIT
    payable = totals.net_cents if split else totals.total_cents
    related = invoice.voids or invoice.replaces
    return {
        "document": {
            "kind": invoice.kind,
            "number": number,
            "issued_on": issued_on.isoformat(),
            "file_number": invoice.pk,
            "issuer": {
                "name": issuer.name,
                "vat_number": issuer.vat_number,
                "tax_code": issuer.tax_code,
                "regime": issuer.tax_regime,
                "address": _address(issuer),
            },
            "customer": {
                "name": customer.name,
                "first_name": customer.first_name,
                "last_name": customer.last_name,
                "vat_number": customer.vat_number,
                "tax_code": customer.tax_code,
                "recipient_code": customer.recipient_code,
                "pec": customer.pec,
                "is_public_body": customer.is_public_body,
                "address": _address(customer),
            },
            "rows": rows,
            "summaries": [
                {
                    "net_cents": group.net_cents,
                    "vat_cents": group.vat_cents,
                    "vat_percent": str(group.vat_percent),
                    "nature": group.nature,
                }
                for group in totals.groups
            ],
            "total_cents": totals.total_cents,
            "stamp_duty_cents": totals.stamp_duty_cents,
            "notes": _notes(invoice, lines, totals, electronic),
            "payment": _payment(invoice, payable),
            "vat_due": invoice.vat_due,
            "related": {"number": related.reference, "issued_on": _day(related.issued_on)} if related else None,
        },
        "payable_cents": payable,
        "goes_to_exchange": electronic,
        "legal_form": issuer.legal_form,
        "contacts": [text for text in (issuer.contact_email, issuer.pec, issuer.phone) if text],
        "issuer": {"logo_sha256": hashlib.sha256(bytes(issuer.logo)).hexdigest() if issuer.logo else ""},
    }


def _check_issuer(issuer: Community, lines: Sequence[InvoiceLine], electronic: bool, vat_due: str) -> None:
    if not (issuer.street and issuer.postcode and issuer.town):
        raise DraftIncomplete(
            _("%(community)s has no complete address for invoices. Enter street, postcode and town of the community.")
            % {"community": issuer}
        )
    taxed = any(line.vat_percent or line.nature.startswith(REVERSE_CHARGE) for line in lines)
    if not electronic and (taxed or vat_due == Invoice.VatDue.SPLIT):
        raise DraftIncomplete(
            _("%(community)s has no VAT number, so it issues receipts without VAT only. Enter the VAT number, or a nature.")
            % {"community": issuer}
        )


def _notes(invoice: Invoice, lines: Sequence[InvoiceLine], totals: InvoiceTotals, electronic: bool) -> list[str]:
    notes = [invoice.note]
    if voided := invoice.voids:
        notes = [f"Storno totale del documento {voided.reference} del {_italian(voided.issued_on)}.", f"Motivo: {invoice.reason}"]
    elif replaced := invoice.replaces:
        credit = Invoice.objects.filter(voids=replaced, state=Invoice.State.ISSUED).first()
        if credit is None:
            raise DraftIncomplete(_("What this invoice replaces is not voided. Issue the credit note first."))
        notes.append(
            f"Sostituisce il documento {replaced.reference} del {_italian(replaced.issued_on)}, stornato con il documento "
            f"{credit.reference} del {_italian(credit.issued_on)}."
        )
    if any(line.nature.startswith(REVERSE_CHARGE) for line in lines):
        notes.append(_REVERSE)
    if invoice.vat_due == Invoice.VatDue.SPLIT:
        notes.append(_SPLIT)
    if totals.stamp_duty_cents:
        notes.append(_VIRTUAL_STAMP if electronic else _PAPER_STAMP)
    return [note for note in notes if note]


def _payment(invoice: Invoice, payable_cents: int) -> dict[str, Any] | None:
    if invoice.kind == Invoice.Kind.CREDIT_NOTE or not invoice.due_on or not invoice.issuer.iban or not payable_cents:
        return None
    return {"iban": invoice.issuer.iban, "due_on": invoice.due_on.isoformat(), "cents": payable_cents}


def _row(line: InvoiceLine) -> dict[str, Any]:
    return {
        "text": line.text,
        "net_cents": line.net_cents,
        "unit_price_eur": _plain(line.unit_price_eur),
        "quantity": _plain(line.quantity),
        "unit": line.unit,
        "vat_percent": _plain(line.vat_percent),
        "nature": line.nature,
        "first_day": _day(line.first_day),
        "last_day": _day(line.last_day),
    }


def _address(party: Community | Customer) -> dict[str, str]:
    return {"street": party.street, "postcode": party.postcode, "town": party.town, "province": party.province}


def _plain(number: Decimal) -> str:
    """Without exponent and without the zeros that a column adds: the same text before and after it was stored."""
    return format(number.normalize(), "f") if number else "0"


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _italian(day: date | None) -> str:
    return f"{day:%d/%m/%Y}" if day else ""
