"""The page of an invoice says everything that the law wants, on one page, and opens nothing whatever its texts say."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from reports import invoice_pdf
from reports.documents.invoice import InvoiceKind, InvoiceRow, PostalAddress, PrintedInvoice, RelatedInvoice, VatDue
from reports.errors import InvoicePartyRefused, InvoiceRefused
from tests.reports.invoices import COMPANY, ENERGY, FEE, SHARE, TOWN, invoice
from tests.reports.reading import pages as pages_of

WORDING = "Inversione contabile: l'IVA è assolta dal committente."


def printed(document, **changes):
    payable = document.payment.cents if document.payment else document.total_cents
    return PrintedInvoice(document, payable, **changes)


def text_of(document, **changes):
    return pages_of(invoice_pdf.render(printed(document, **changes)))


def test_everything_that_the_law_wants_is_there_on_one_page():
    document = invoice(FEE, SHARE, ENERGY, customer=COMPANY, charge_stamp=True, notes=(WORDING,))
    pages = text_of(document, legal_form="association", contacts=("soci@example.org",))
    assert len(pages) == 1
    page = " ".join(pages[0].split())
    for wanted in (
        "Fattura", "2024/A/17", "02/05/2024", "TD01",
        "Comunità Energetica Alba", "associazione", "Piazza Risorgimento 1, 12051 Alba (CN)", "Partita IVA IT00743110157",
        "Codice fiscale 90012340049", "RF01", "Forno S.r.l.", "Codice destinatario ABC1234",
        "Quota di gestione 2024", "4 mesi", "12,50 €", "22 %", "50,00 €", "dal 01/01/2024 al 31/12/2024", "123,456 kWh", "N6.8",
        "Imposta di bollo", "IVA 22 %", "11,00 €", "Fuori campo IVA", "175,35 €", "IT60 X054 2811 1010 0000 0123 456",
        "30/06/2024", WORDING, "Copia di cortesia",
    ):  # fmt: skip
        assert wanted in page, wanted


def test_a_credit_note_names_what_it_voids_and_split_vat_is_not_paid():
    document = invoice(
        FEE,
        customer=TOWN,
        vat_due=VatDue.SPLIT,
        kind=InvoiceKind.CREDIT_NOTE,
        related=RelatedInvoice("2024/A/16", date(2024, 4, 1)),
    )
    page = " ".join(text_of(document)[0].split())
    for wanted in ("Nota di credito", "TD04", "Storna", "2024/A/16 del 01/04/2024", "scissione dei pagamenti", "−11,00 €",
                   "Totale a credito 50,00 €"):  # fmt: skip
        assert wanted in page, wanted


def test_without_the_exchange_it_is_a_receipt_and_asks_for_no_vat():
    document = invoice(SHARE)
    document = replace(document, issuer=replace(document.issuer, vat_number=""))
    page = text_of(document, goes_to_exchange=False)[0]
    assert "Ricevuta" in page
    assert "Copia di cortesia" not in page
    assert "Partita IVA" not in page
    with pytest.raises(InvoicePartyRefused):
        invoice_pdf.render(printed(document))
    taxed = invoice(FEE)
    with pytest.raises(InvoiceRefused, match="asks for no VAT"):
        invoice_pdf.render(printed(taxed, goes_to_exchange=False))


def test_the_same_document_makes_the_same_bytes():
    document = printed(invoice(FEE, SHARE))
    assert invoice_pdf.render(document) == invoice_pdf.render(document)


def test_hostile_and_endless_texts_are_texts():
    """Nothing is opened (the printer refuses every address that is not packaged), and the amounts stay on the page."""
    evil = '<script>alert(1)</script> <img src="file:///etc/passwd"/> \u202e & '
    rows = [InvoiceRow((evil + "Parola" * 200)[:1000], 1_00, Decimal(1), nature="N2.2")] * 3
    customer = replace(COMPANY, name=evil + "x" * 300, address=PostalAddress("V" * 60, "12051", "T" * 60, "CN"))
    document = invoice(*rows, customer=customer, notes=(evil,))
    document = replace(document, issuer=replace(document.issuer, name=evil + "N" * 300))
    logo = b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'
    pages = text_of(document, contacts=("a" * 300,), logo=logo)
    page = "".join(pages)
    assert "root:" not in page
    assert "\u202e" not in page
    assert "<script>alert(1)</script>" in page
    assert page.count("1,00 €") >= 6


def test_many_lines_go_on_on_more_pages():
    pages = text_of(invoice(*[FEE] * 60))
    assert len(pages) > 1
    assert all("Copia di cortesia" in page and f"di {len(pages)}" in page for page in pages)
    assert "".join(pages).count("Quota di gestione") == 60
