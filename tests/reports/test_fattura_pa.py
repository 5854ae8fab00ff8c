"""FatturaPA: valid against the official schema, footing to the cent, refused in a sentence rather than sent back."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.engine.invoice_totals import NATURES
from reports.documents.invoice import InvoiceKind, InvoiceRow, RelatedInvoice, VatDue, VatSummary
from reports.errors import InvoiceRefused
from reports.fattura_pa import REFERENCES, file_name, file_number, render
from tests.reports.invoices import COMPANY, ENERGY, FEE, SHARE, TOWN, checked, invoice


def said(root, path):
    return [found.text for found in root.findall(f".//{path}")]


def test_an_invoice_to_a_person():
    document = invoice(FEE, SHARE, charge_stamp=True, notes=("Contributo deliberato il 12/01/2024",))
    root = checked(render(document))
    assert root.attrib["versione"] == "FPR12"
    assert said(root, "IdTrasmittente/IdCodice") == ["90012340049"]
    assert said(root, "ProgressivoInvio") == ["00015"]
    assert said(root, "CodiceDestinatario") == ["0000000"]
    assert said(root, "RegimeFiscale") == ["RF01"]
    assert said(root, "CessionarioCommittente//Cognome") == ["Ferrero"]
    assert said(root, "CessionarioCommittente//CodiceFiscale") == ["RSSMRA80A01H501U"]
    assert said(root, "TipoDocumento") == ["TD01"]
    assert said(root, "DatiGeneraliDocumento/Numero") == ["2024/A/17"]
    assert said(root, "ImportoBollo") == ["2.00"]
    assert said(root, "ImportoTotaleDocumento") == ["163.00"]
    assert said(root, "Causale") == ["Contributo deliberato il 12/01/2024"]
    assert said(root, "Descrizione") == ["Quota di gestione 2024", "Quota associativa", "Imposta di bollo"]
    assert said(root, "Quantita") == ["4.00", "1.00", "1.00"]
    assert said(root, "PrezzoUnitario") == ["12.50", "100.00", "2.00"]
    assert said(root, "PrezzoTotale") == ["50.00", "100.00", "2.00"]
    assert said(root, "DettaglioLinee/AliquotaIVA") == ["22.00", "0.00", "0.00"]
    assert said(root, "DataInizioPeriodo") == ["2024-01-01"]
    assert said(root, "DatiRiepilogo/ImponibileImporto") == ["50.00", "2.00", "100.00"]
    assert said(root, "DatiRiepilogo/Imposta") == ["11.00", "0.00", "0.00"]
    assert said(root, "EsigibilitaIVA") == ["I"]
    assert said(root, "RiferimentoNormativo") == ["Escluso ex art. 15 DPR 633/72", "Fuori campo IVA"]
    assert said(root, "IBAN") == ["IT60X0542811101000000123456"]
    assert said(root, "ImportoPagamento") == ["163.00"]
    assert said(root, "DataScadenzaPagamento") == ["2024-06-30"]
    assert file_name(document) == "IT90012340049_00015.xml"


def test_an_invoice_to_a_public_body_splits_the_payment():
    root = checked(render(invoice(FEE, customer=TOWN, vat_due=VatDue.SPLIT)))
    assert root.attrib["versione"] == "FPA12"
    assert said(root, "FormatoTrasmissione") == ["FPA12"]
    assert said(root, "CodiceDestinatario") == ["UF1234"]
    assert said(root, "EsigibilitaIVA") == ["S"]
    assert (said(root, "ImportoTotaleDocumento"), said(root, "ImportoPagamento")) == (["61.00"], ["50.00"])


def test_reverse_charge_says_so_and_bears_no_stamp():
    root = checked(render(invoice(ENERGY, replace(ENERGY, net_cents=500_00, unit_price_eur=Decimal(5), quantity=Decimal(100)))))
    assert said(root, "DatiRiepilogo/Natura") == ["N6.8"]
    assert said(root, "RiferimentoNormativo") == ["Inversione contabile art. 17 c. 6 lett. d-bis, d-ter, d-quater DPR 633/72"]
    assert said(root, "DatiBollo") == []
    assert said(root, "EsigibilitaIVA") == []
    assert said(root, "Quantita")[0] == "123.456"


def test_every_reverse_charge_has_its_wording():
    assert {nature for nature in NATURES if nature.startswith("N6")} <= REFERENCES.keys()
    assert all("Inversione contabile" in words for nature, words in REFERENCES.items() if nature.startswith("N6"))
    own = replace(
        invoice(ENERGY), summaries=(VatSummary(12_35, 0, nature="N6.8", reference="Inversione contabile, art. 199-bis"),)
    )
    assert said(checked(render(own)), "RiferimentoNormativo") == ["Inversione contabile, art. 199-bis"]


def test_a_credit_note_points_at_its_invoice():
    note = invoice(FEE, kind=InvoiceKind.CREDIT_NOTE, related=RelatedInvoice("2024/A/9", date(2024, 2, 1)), payment=None)
    root = checked(render(note))
    assert said(root, "TipoDocumento") == ["TD04"]
    assert said(root, "DatiFattureCollegate/IdDocumento") == ["2024/A/9"]
    assert said(root, "DatiFattureCollegate/Data") == ["2024-02-01"]
    assert said(root, "DatiPagamento") == []


def test_a_company_is_reached_by_channel_or_by_pec():
    root = checked(render(invoice(FEE, customer=COMPANY)))
    assert (said(root, "CodiceDestinatario"), said(root, "PECDestinatario")) == (["ABC1234"], [])
    by_pec = replace(COMPANY, recipient_code="0000000", pec="forno@pec.example.it")
    assert said(checked(render(invoice(FEE, customer=by_pec))), "PECDestinatario") == ["forno@pec.example.it"]


def test_a_long_note_goes_on_in_the_next_element():
    words = " ".join(f"parola{number}" for number in range(60))
    root = checked(render(invoice(FEE, notes=(words, "x" * 450))))
    parts = said(root, "Causale")
    assert all(len(part) <= 200 for part in parts)
    assert " ".join(parts[:-3]) == words
    assert parts[-3:] == ["x" * 200, "x" * 200, "x" * 50]


def test_discounts_are_lines_below_zero():
    discount = InvoiceRow("Sconto", -5_00, Decimal(-5), vat_percent=Decimal(22))
    root = checked(render(invoice(FEE, discount)))
    assert said(root, "PrezzoTotale") == ["50.00", "-5.00"]
    assert said(root, "ImportoTotaleDocumento") == ["54.90"]


def test_the_same_document_makes_the_same_bytes():
    assert render(invoice(FEE, SHARE)) == render(invoice(FEE, SHARE))


@pytest.mark.parametrize(("number", "text"), [(1, "00001"), (35, "0000Z"), (36, "00010"), (60_466_175, "ZZZZZ")])
def test_files_are_numbered_in_five_characters(number, text):
    assert file_number(number) == text


@pytest.mark.parametrize("number", [0, -1, 60_466_176])
def test_no_file_number_beyond_five_characters(number):
    with pytest.raises(InvoiceRefused, match=str(number)):
        file_number(number)


def test_a_file_that_is_too_large_to_be_sent_is_refused():
    many = tuple(replace(FEE, text="x" * 1_000) for _ in range(5_000))
    with pytest.raises(InvoiceRefused, match="00003"):
        render(invoice(*many))


def test_another_sender_names_the_file():
    document = invoice(FEE, sender_tax_code="RSSMRA80A01H501U")
    assert file_name(document) == "ITRSSMRA80A01H501U_00015.xml"
    assert said(checked(render(document)), "IdTrasmittente/IdCodice") == ["RSSMRA80A01H501U"]


@pytest.mark.parametrize(
    ("given_name", "written"),
    [
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("Nicolò & Figli «Sole»", "Nicolò & Figli «Sole»"),
        ("\u202eOSSOR\u202c\x00 Mario", "OSSOR Mario"),
        ("Żółć – ‘Łódź’ 5 €", "Zólc - 'Lódz' 5 EUR"),
        ("e\u0301lite", "élite"),
        ("]]>&lt;", "]]>&lt;"),
        ("y" * 5_000, "y" * 80),
    ],
)
def test_hostile_names_are_texts(given_name, written):
    root = checked(render(invoice(FEE, customer=replace(COMPANY, name=f"A {given_name}"))))
    assert said(root, "CessionarioCommittente//Denominazione") == [f"A {written}"[:80]]


ROWS = st.lists(
    st.builds(
        lambda units, cents, kind, text: InvoiceRow(
            f"R {text}",
            units * cents,
            Decimal(cents).scaleb(-2),
            Decimal(units),
            vat_percent=kind if isinstance(kind, Decimal) else Decimal(0),
            nature=kind if isinstance(kind, str) else "",
        ),
        st.integers(1, 500),
        st.integers(0, 10**6),
        st.sampled_from([Decimal(4), Decimal("5.5"), Decimal(10), Decimal(22), *NATURES]),
        st.text(st.characters(codec="latin-1"), max_size=60),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=40, deadline=None)
@given(ROWS, st.booleans())
def test_whatever_the_lines_the_file_is_valid_and_foots(rows, charge):
    root = checked(render(invoice(*rows, charge_stamp=charge)))
    cents = lambda path: [int(Decimal(text) * 100) for text in said(root, path)]  # noqa: E731
    assert sum(cents("PrezzoTotale")) == sum(cents("DatiRiepilogo/ImponibileImporto"))
    assert (
        sum(cents("DatiRiepilogo/ImponibileImporto")) + sum(cents("DatiRiepilogo/Imposta")) == cents("ImportoTotaleDocumento")[0]
    )
    assert cents("ImportoPagamento") == cents("ImportoTotaleDocumento")
    assert len(cents("DettaglioLinee/PrezzoTotale")) == len(said(root, "DettaglioLinee/Natura")) + sum(
        rate != "0.00" for rate in said(root, "DettaglioLinee/AliquotaIVA")
    )


def test_the_schema_does_refuse():
    good = render(invoice(FEE))
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        checked(good.replace(b"<RegimeFiscale>RF01</RegimeFiscale>", b""))
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        checked(good.replace(b"<PrezzoTotale>50.00<", b"<PrezzoTotale>50<"))
