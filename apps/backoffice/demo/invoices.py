"""A few invoices of the demo community: fees, energy sold under reverse charge, and one that was voided."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from apps.accounts.models import User
from apps.communities.models import Community, Member
from apps.invoicing.invoices import drafts, issuing
from apps.invoicing.invoices.content import digest
from apps.invoicing.invoices.drafts import LineFacts
from apps.invoicing.invoices.files import list_waiting_files
from apps.invoicing.invoices.models import Customer, Invoice
from fixtures.identifiers import make_organisation_tax_code
from tasks.invoices import check_content, render_invoice_files

YEAR = 2023
DUE_IN = timedelta(days=30)
_ALBA = {"postcode": "12051", "town": "Alba", "province": "CN"}
_FEE = LineFacts(text=f"Quota associativa {YEAR}", unit_price_eur=Decimal(100), nature="N2.2")
_SERVICE = LineFacts(
    text="Servizio di lettura e controllo delle misure",
    unit_price_eur=Decimal("2.50"),
    quantity=Decimal(12),
    unit="mesi",
    vat_percent=Decimal(22),
)
_ENERGY = LineFacts(
    text="Cessione di energia elettrica a un rivenditore",
    unit_price_eur=Decimal("0.0985"),
    quantity=Decimal("4210.5"),
    unit="kWh",
    nature="N6.8",
)


def issue_demo_invoices(community: Community, *, issuer: User, say: Callable[[str], None]) -> list[Invoice]:
    """Four documents, once; a second call finds them."""
    if Invoice.objects.filter(issuer=community).exists():
        return []
    Community.objects.filter(pk=community.pk).update(
        vat_number=make_organisation_tax_code(283600004), street="Piazza Risorgimento 1", pec="ceralba@pec.example", **_ALBA
    )
    shop = _customer_of(_first_member(community, Member.Kind.SME))
    trader = Customer.objects.create(
        community=community,
        name="Langa Energia S.r.l.",
        vat_number=make_organisation_tax_code(291700004),
        street="Corso Europa 8",
        recipient_code="LNG1234",
        **_ALBA,
    )
    issued = [
        _issue(shop, [_FEE, _SERVICE], issuer, charge_stamp=True),
        _issue(trader, [_ENERGY], issuer, note=f"Energia del primo trimestre {YEAR}"),
    ]
    wrong = _issue(trader, [_SERVICE], issuer)
    credit = drafts.draft_credit_note(
        invoice_id=wrong.pk, reason="Servizio non richiesto", drafted_by=issuer, as_of=timezone.now()
    )
    issued += [wrong, _finish(credit, issuer)]
    render_invoice_files.delay(list_waiting_files())
    for invoice in issued:
        say(f"{invoice} · {invoice.customer_name}")
    return issued


def _first_member(community: Community, kind: str) -> Member:
    return Member.objects.filter(community=community, kind=kind, metering_points__valid_to__isnull=True).order_by("code")[0]


def _customer_of(member: Member) -> Customer:
    return Customer.objects.create(
        community=member.community,
        member=member,
        name=member.name,
        vat_number=member.tax_code,
        tax_code=member.tax_code,
        street="Via Cavour 12",
        **_ALBA,
    )


def _issue(customer: Customer, lines: list[LineFacts], issuer: User, **said: Any) -> Invoice:
    now = timezone.now()
    draft = drafts.save_draft(
        issuer_id=customer.community_id,
        customer_id=customer.pk,
        lines=lines,
        saved_by=issuer,
        as_of=now,
        due_on=timezone.localdate() + DUE_IN,
        **said,
    )
    return _finish(draft, issuer)


def _finish(draft: Invoice, issuer: User) -> Invoice:
    now = timezone.now()
    content = issuing.get_preview(invoice_id=draft.pk, as_of=now)
    check_content(content)
    return issuing.issue_invoice(invoice_id=draft.pk, issued_by=issuer, seen_sha256=digest(content), as_of=now)
