"""Invoices to print, and how a file is held against the official schema."""

import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

import xmlschema

from apps.engine.invoice_totals import TaxedLine, invoice_totals
from reports.documents.invoice import (
    InvoiceCustomer,
    InvoiceDocument,
    InvoiceIssuer,
    InvoiceKind,
    InvoiceRow,
    PaymentTerms,
    PostalAddress,
    VatDue,
    VatSummary,
)

SCHEMA = Path(__file__).parent / "schemas" / "fattura_pa_1.2.2.xsd"
SIGNATURES = Path(xmlschema.__file__).parent / "schemas" / "DSIG" / "xmldsig-core-schema.xsd"

ALBA = PostalAddress("Piazza Risorgimento 1", "12051", "Alba", "CN")
ISSUER = InvoiceIssuer("Comunità Energetica Alba", "00743110157", "90012340049", ALBA)
LUCIA = InvoiceCustomer(
    PostalAddress("Via Cavour 12", "12051", "Alba", "CN"), "", "Lucia", "Ferrero", tax_code="RSSMRA80A01H501U"
)
TOWN = InvoiceCustomer(ALBA, "Comune di Alba", tax_code="00184260040", recipient_code="UF1234", is_public_body=True)
COMPANY = InvoiceCustomer(ALBA, "Forno S.r.l.", vat_number="00743110157", recipient_code="ABC1234")


@cache
def schema():
    return xmlschema.XMLSchema(str(SCHEMA), locations={"http://www.w3.org/2000/09/xmldsig#": str(SIGNATURES)}, allow="local")


def checked(xml: bytes) -> ET.Element:
    schema().validate(xml.decode())
    return ET.fromstring(xml)


def invoice(*rows, customer=LUCIA, charge_stamp=False, **changes):
    """A document whose totals are those of the engine."""
    totals = invoice_totals([TaxedLine(row.net_cents, row.vat_percent, row.nature) for row in rows], charge_stamp=charge_stamp)
    if totals.stamp_charged_cents:
        rows = (*rows, InvoiceRow("Imposta di bollo", 2_00, Decimal(2), nature="N1"))
    payable = totals.net_cents if changes.get("vat_due") is VatDue.SPLIT else totals.total_cents
    document = InvoiceDocument(
        kind=InvoiceKind.INVOICE,
        number="2024/A/17",
        issued_on=date(2024, 5, 2),
        file_number=41,
        issuer=ISSUER,
        customer=customer,
        rows=rows,
        summaries=tuple(VatSummary(one.net_cents, one.vat_cents, one.vat_percent, one.nature) for one in totals.groups),
        total_cents=totals.total_cents,
        stamp_duty_cents=totals.stamp_duty_cents,
        payment=PaymentTerms("IT60X0542811101000000123456", date(2024, 6, 30), payable),
    )
    return replace(document, **changes)


FEE = InvoiceRow("Quota di gestione 2024", 50_00, Decimal("12.50"), Decimal(4), "mesi", Decimal(22))
SHARE = InvoiceRow(
    "Quota associativa", 100_00, Decimal(100), nature="N2.2", first_day=date(2024, 1, 1), last_day=date(2024, 12, 31)
)
ENERGY = InvoiceRow("Energia ceduta", 12_35, Decimal("0.1"), Decimal("123.456"), "kWh", nature="N6.8")
