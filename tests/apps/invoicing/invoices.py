"""Invoices for tests: an issuer with a VAT number, a member and a company as customers, drafts and issued ones."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from apps.communities.models import Community, Member
from apps.invoicing.invoices import drafts, issuing
from apps.invoicing.invoices.content import digest
from apps.invoicing.invoices.drafts import LineFacts
from apps.invoicing.invoices.models import Customer, Invoice
from tasks.invoices import check_content

AS_OF = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
FEE = LineFacts(text="Quota di gestione 2026", unit_price_eur=Decimal("12.50"), quantity=Decimal(4), unit="mesi",
                vat_percent=Decimal(22))  # fmt: skip
SHARE = LineFacts(text="Quota associativa 2026", unit_price_eur=Decimal(100), nature="N2.2")
ENERGY = LineFacts(text="Energia ceduta", unit_price_eur=Decimal("0.1"), quantity=Decimal("123.456"), unit="kWh", nature="N6.8")


def make_issuer(code: str = "CER-F", **changes: Any) -> Community:
    facts = {
        "name": "Comunità Energetica Alba", "tax_code": "90012340049", "vat_number": "00743110157",
        "street": "Piazza Risorgimento 1", "postcode": "12051", "town": "Alba", "province": "CN",
        "iban": "IT60X0542811101000000123456", "contact_email": "fatture@example.org", "legal_form": "associazione",
    }  # fmt: skip
    return Community.objects.create(code=code, **facts | changes)


def make_customer(issuer: Community, *, member: str = "", **changes: Any) -> Customer:
    """A company, or a member of the community with this code."""
    facts: dict[str, Any] = {"street": "Via Cavour 12", "postcode": "12051", "town": "Alba", "province": "CN"}
    if member:
        row = Member.objects.create(community=issuer, code=member, name="Lucia Ferrero", kind="household")
        facts |= {"member": row, "first_name": "Lucia", "last_name": "Ferrero", "tax_code": "RSSMRA80A01H501U"}
    else:
        facts |= {"name": "Forno S.r.l.", "vat_number": "00743110157", "recipient_code": "ABC1234"}
    return Customer.objects.create(community=issuer, **facts | changes)


def make_draft(customer: Customer, *lines: LineFacts, **changes: Any) -> Invoice:
    named: dict[str, Any] = {"issuer_id": customer.community_id, "as_of": AS_OF} | changes
    return drafts.save_draft(customer_id=customer.pk, lines=lines or (FEE,), saved_by=None, **named)


def issue(invoice: Invoice, as_of: datetime = AS_OF) -> Invoice:
    """Look at the preview, let the press judge it, issue it."""
    content = issuing.get_preview(invoice_id=invoice.pk, as_of=as_of)
    check_content(content)
    return issuing.issue_invoice(invoice_id=invoice.pk, issued_by=None, seen_sha256=digest(content), as_of=as_of)
