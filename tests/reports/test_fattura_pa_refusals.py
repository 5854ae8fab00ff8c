"""What SdI would send back is refused here, in a sentence and before it has a number."""

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from reports.documents.invoice import InvoiceKind, PaymentTerms, RelatedInvoice, VatSummary
from reports.errors import InvoiceDoesNotFoot, InvoicePartyRefused, InvoiceRefused, InvoiceTextRefused
from reports.fattura_pa import render
from tests.reports.invoices import ALBA, FEE, ISSUER, LUCIA, invoice


def of_customer(**changes):
    return invoice(FEE, customer=replace(LUCIA, **changes))


def of_row(**changes):
    return replace(invoice(FEE), rows=(replace(FEE, **changes),))


def of_issuer(**changes):
    return invoice(FEE, issuer=replace(ISSUER, **changes))


REFUSED = [
    (invoice(FEE, number=""), InvoiceRefused, "00425"),
    (invoice(FEE, number="A"), InvoiceRefused, "00425"),
    (invoice(FEE, number="1" * 21), InvoiceRefused, "00425"),
    (invoice(FEE, number="à1"), InvoiceRefused, "00425"),
    (invoice(FEE, number="1\n"), InvoiceRefused, "00425"),
    (invoice(FEE, issued_on=date(1969, 12, 31)), InvoiceRefused, "1969-12-31"),
    (of_issuer(vat_number=""), InvoicePartyRefused, "statements, not invoices"),
    (of_issuer(vat_number="IT00743110157"), InvoicePartyRefused, "VAT number"),
    (of_issuer(tax_code="1"), InvoicePartyRefused, "tax code"),
    (of_issuer(regime="RF03"), InvoicePartyRefused, "RF03"),
    (of_issuer(address=replace(ALBA, postcode="1")), InvoicePartyRefused, "issuer's address"),
    (of_customer(tax_code=""), InvoicePartyRefused, "00417"),
    (of_customer(tax_code="RSSMRA80A01H501X"), InvoicePartyRefused, "tax code"),
    (of_customer(tax_code="rssmra80a01h501u"), InvoicePartyRefused, "tax code"),
    (of_customer(vat_number="12345678901"), InvoicePartyRefused, "VAT number"),
    (of_customer(name="Lucia Ferrero"), InvoicePartyRefused, "not both"),
    (of_customer(first_name=""), InvoicePartyRefused, "either a name"),
    (of_customer(recipient_code="UF1234"), InvoicePartyRefused, "00427"),
    (of_customer(is_public_body=True), InvoicePartyRefused, "00427"),
    (of_customer(recipient_code="ABC1234", pec="a@pec.it"), InvoicePartyRefused, "00426"),
    (of_customer(pec="a@"), InvoicePartyRefused, "no PEC"),
    (of_customer(address=replace(ALBA, province="cn")), InvoicePartyRefused, "customer's address"),
    (invoice(FEE, sender_tax_code="X"), InvoicePartyRefused, "sender"),
    (replace(invoice(FEE), rows=()), InvoiceRefused, "0 lines"),
    (replace(invoice(FEE), rows=(FEE,) * 10_000), InvoiceRefused, "Divide it"),
    (of_row(net_cents=50_01), InvoiceDoesNotFoot, "00423"),
    (of_row(quantity=Decimal(0)), InvoiceDoesNotFoot, "quantity"),
    (of_row(quantity=Decimal("0.123456789")), InvoiceDoesNotFoot, "eight decimals"),
    (of_row(quantity=Decimal("NaN")), InvoiceDoesNotFoot, "NaN"),
    (of_row(unit_price_eur=Decimal("1e11")), InvoiceDoesNotFoot, "eleven digits"),
    (of_row(net_cents=10**13, quantity=Decimal(10), unit_price_eur=Decimal(10**10)), InvoiceDoesNotFoot, "can carry"),
    (of_row(vat_percent=Decimal("22.123")), InvoiceDoesNotFoot, "two decimals"),
    (of_row(vat_percent=Decimal(0)), InvoiceDoesNotFoot, "00400"),
    (of_row(nature="N1"), InvoiceDoesNotFoot, "00401"),
    (of_row(vat_percent=Decimal(0), nature="N2"), InvoiceDoesNotFoot, "00445"),
    (of_row(vat_percent=Decimal(10)), InvoiceDoesNotFoot, "00419"),
    (of_row(first_day=date(2024, 2, 1)), InvoiceRefused, "period"),
    (of_row(first_day=date(2024, 2, 1), last_day=date(2024, 1, 1)), InvoiceRefused, "period"),
    (replace(invoice(FEE), summaries=(VatSummary(50_00, 11_01, Decimal(22)),)), InvoiceDoesNotFoot, "00421"),
    (replace(invoice(FEE), summaries=(VatSummary(50_00, 11_00, Decimal(22)),) * 2), InvoiceDoesNotFoot, "00422"),
    (replace(invoice(FEE), total_cents=61_01), InvoiceDoesNotFoot, "6101"),
    (replace(invoice(FEE), stamp_duty_cents=-1), InvoiceDoesNotFoot, "stamp duty"),
    (invoice(FEE, payment=PaymentTerms("IT60X0542811101000000123456", date(2024, 6, 30), 61_01)), InvoiceDoesNotFoot, "more"),
    (invoice(FEE, payment=PaymentTerms("IT00", date(2024, 6, 30), 61_00)), InvoiceRefused, "IBAN"),
    (invoice(FEE, kind=InvoiceKind.CREDIT_NOTE), InvoiceRefused, "takes back"),
    (invoice(FEE, related=RelatedInvoice("1", date(2024, 5, 3))), InvoiceRefused, "00418"),
    (invoice(FEE, related=RelatedInvoice("x", date(2024, 5, 1))), InvoiceRefused, "'x'"),
    (of_row(text="x" * 1_001), InvoiceTextRefused, "text of line 1"),
    (of_row(text="x" * 50_000), InvoiceTextRefused, "50000 characters"),
    (of_row(text="\x00\u202e"), InvoiceTextRefused, "no letter"),
    (of_row(text="Энергия"), InvoiceTextRefused, "Latin letters"),
    (of_row(unit="ùnit"), InvoiceTextRefused, "accents"),
    (of_row(unit="x" * 11), InvoiceTextRefused, "unit of line 1"),
    (of_customer(address=replace(ALBA, street="x" * 61)), InvoiceTextRefused, "customer's street"),
    (invoice(FEE, notes=("x" * 2_001,)), InvoiceTextRefused, "A note"),
]


@pytest.mark.parametrize(("document", "error", "words"), REFUSED)
def test_what_the_exchange_would_send_back_is_refused_in_a_sentence(document, error, words):
    with pytest.raises(error, match=re.escape(words)) as refused:
        render(document)
    assert str(refused.value).endswith(".")
    assert "RSSMRA80A01H501" not in str(refused.value), "tax codes are not for logs"
