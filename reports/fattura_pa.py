"""An invoice as the Italian tax office wants it: FatturaPA 1.2.2, TD01 or TD04, for enterprises, persons and public bodies.

Nothing is computed: the amounts are those of the document, and a document that does not foot is refused (`invoice_check`). The
file is not signed; SdI asks for a signature on invoices to public bodies, which is added by whoever sends it.
"""

import re
import string
from datetime import date
from decimal import Decimal

from reports.documents.invoice import InvoiceCustomer, InvoiceDocument, InvoiceIssuer, InvoiceRow, PostalAddress, VatSummary
from reports.errors import InvoiceRefused, InvoiceTextRefused
from reports.invoice_check import check
from reports.latin import one_line
from reports.xml_writer import Element, element, euro, to_bytes

NAMESPACE = "http://ivaservizi.agenziaentrate.gov.it/docs/xsd/fatture/v1.2"
LARGEST_FILE = 5 * 1024 * 1024
_PUBLIC, _PRIVATE = "FPA12", "FPR12"
_FULL_PAYMENT, _TRANSFER = "TP02", "MP05"
_LATIN_1 = re.compile("[\x20-\x7e\xa1-\xac\xae-\xff]")
_NOTE = 200
_DIGITS = string.digits + string.ascii_uppercase
_LONGEST_FILE_NUMBER = 5

# What the law wants to read where there is no VAT (DPR 633/1972 art. 21 c. 6 and 6-bis): the reason, in its words.
REFERENCES = {
    "N1": "Escluso ex art. 15 DPR 633/72",
    "N2.1": "Non soggetto artt. da 7 a 7-septies DPR 633/72",
    "N2.2": "Fuori campo IVA",
    "N4": "Esente art. 10 DPR 633/72",
    "N6.1": "Inversione contabile art. 74 c. 7 e 8 DPR 633/72",
    "N6.2": "Inversione contabile art. 17 c. 5 DPR 633/72",
    "N6.3": "Inversione contabile art. 17 c. 6 lett. a DPR 633/72",
    "N6.4": "Inversione contabile art. 17 c. 6 lett. a-bis DPR 633/72",
    "N6.5": "Inversione contabile art. 17 c. 6 lett. b DPR 633/72",
    "N6.6": "Inversione contabile art. 17 c. 6 lett. c DPR 633/72",
    "N6.7": "Inversione contabile art. 17 c. 6 lett. a-ter DPR 633/72",
    "N6.8": "Inversione contabile art. 17 c. 6 lett. d-bis, d-ter, d-quater DPR 633/72",
    "N6.9": "Inversione contabile",
}


def file_name(document: InvoiceDocument) -> str:
    """The name that SdI asks for: country, tax code of the sender, running number. Errors: `InvoiceRefused`."""
    return f"IT{_sender(document)}_{file_number(document.file_number)}.xml"


def file_number(number: int) -> str:
    """A running number from 1 as five digits and capital letters, in base 36: 1 is 00001, 36 is 00010.

    Errors: `InvoiceRefused` below 1 or beyond ZZZZZ (60 466 175).
    """
    left, text = number, ""
    while left > 0:
        left, digit = divmod(left, len(_DIGITS))
        text = _DIGITS[digit] + text
    if not 1 <= len(text) <= _LONGEST_FILE_NUMBER:
        raise InvoiceRefused(f"{number} is no running number of a file: it goes from 1 to 60466175.")
    return text.zfill(_LONGEST_FILE_NUMBER)


def render(document: InvoiceDocument) -> bytes:
    """The document as FatturaPA. Errors: those of `invoice_check.check`; `InvoiceTextRefused` for texts beyond Latin-1 or too
    long."""
    check(document)
    form = _PUBLIC if document.customer.is_public_body else _PRIVATE
    header = element(
        "FatturaElettronicaHeader",
        element(
            "DatiTrasmissione",
            element("IdTrasmittente", element("IdPaese", "IT"), element("IdCodice", _sender(document))),
            element("ProgressivoInvio", file_number(document.file_number)),
            element("FormatoTrasmissione", form),
            element("CodiceDestinatario", document.customer.recipient_code),
            element("PECDestinatario", document.customer.pec) if document.customer.pec else None,
        ),
        _issuer(document.issuer),
        _customer(document.customer),
    )
    goods = element("DatiBeniServizi", *(_row(number, row) for number, row in enumerate(document.rows, start=1)))
    goods.extend([_summary(summary, document.vat_due.value) for summary in document.summaries])
    body = element("FatturaElettronicaBody", _general(document), goods, _payment(document))
    attributes = {"xmlns:p": NAMESPACE, "versione": form}
    xml = to_bytes(element("p:FatturaElettronica", header, body, **attributes))
    if len(xml) > LARGEST_FILE:
        raise InvoiceRefused(
            f"The file of the invoice has {len(xml)} bytes, and at most {LARGEST_FILE} may be sent (00003). Divide it."
        )
    return xml


def _sender(document: InvoiceDocument) -> str:
    return document.sender_tax_code or document.issuer.tax_code


def _issuer(issuer: InvoiceIssuer) -> Element:
    return element(
        "CedentePrestatore",
        element(
            "DatiAnagrafici",
            element("IdFiscaleIVA", element("IdPaese", "IT"), element("IdCodice", issuer.vat_number)),
            element("CodiceFiscale", issuer.tax_code),
            element("Anagrafica", element("Denominazione", _text(issuer.name, "The issuer's name", 80, cut=True))),
            element("RegimeFiscale", issuer.regime),
        ),
        _address(issuer.address, "issuer"),
    )


def _customer(customer: InvoiceCustomer) -> Element:
    if customer.name:
        who = element("Anagrafica", element("Denominazione", _text(customer.name, "The customer's name", 80, cut=True)))
    else:
        who = element(
            "Anagrafica",
            element("Nome", _text(customer.first_name, "The customer's first name", 60, cut=True)),
            element("Cognome", _text(customer.last_name, "The customer's last name", 60, cut=True)),
        )
    vat = element("IdFiscaleIVA", element("IdPaese", "IT"), element("IdCodice", customer.vat_number))
    return element(
        "CessionarioCommittente",
        element(
            "DatiAnagrafici",
            vat if customer.vat_number else None,
            element("CodiceFiscale", customer.tax_code) if customer.tax_code else None,
            who,
        ),
        _address(customer.address, "customer"),
    )


def _address(address: PostalAddress, whose: str) -> Element:
    return element(
        "Sede",
        element("Indirizzo", _text(address.street, f"The {whose}'s street", 60)),
        element("CAP", address.postcode),
        element("Comune", _text(address.town, f"The {whose}'s town", 60)),
        element("Provincia", address.province) if address.province else None,
        element("Nazione", "IT"),
    )


def _general(document: InvoiceDocument) -> Element:
    stamp = element("DatiBollo", element("BolloVirtuale", "SI"), element("ImportoBollo", euro(document.stamp_duty_cents)))
    facts = element(
        "DatiGeneraliDocumento",
        element("TipoDocumento", document.kind.value),
        element("Divisa", "EUR"),
        element("Data", document.issued_on.isoformat()),
        element("Numero", document.number),
        stamp if document.stamp_duty_cents else None,
        element("ImportoTotaleDocumento", euro(document.total_cents)),
        *(element("Causale", part) for note in document.notes for part in _parts(note)),
    )
    related = document.related
    return element(
        "DatiGenerali",
        facts,
        element("DatiFattureCollegate", element("IdDocumento", related.number), _day("Data", related.issued_on))
        if related
        else None,
    )


def _parts(note: str) -> list[str]:
    """A note in pieces of at most 200 characters, cut at blanks where there are any: the file may repeat the element."""
    text, parts = _text(note, "A note", 10 * _NOTE), []
    while len(text) > _NOTE:
        at = text.rfind(" ", 0, _NOTE + 1)
        at = at if at > 0 else _NOTE
        parts.append(text[:at])
        text = text[at:].lstrip()
    return [*parts, text]


def _row(number: int, row: InvoiceRow) -> Element:
    return element(
        "DettaglioLinee",
        element("NumeroLinea", str(number)),
        element("Descrizione", _text(row.text, f"The text of line {number}", 1000)),
        element("Quantita", _decimal(row.quantity)),
        element("UnitaMisura", _unit(row.unit, number)) if row.unit else None,
        _day("DataInizioPeriodo", row.first_day),
        _day("DataFinePeriodo", row.last_day),
        element("PrezzoUnitario", _decimal(row.unit_price_eur)),
        element("PrezzoTotale", euro(row.net_cents)),
        element("AliquotaIVA", f"{row.vat_percent:.2f}"),
        element("Natura", row.nature) if row.nature else None,
    )


def _unit(unit: str, number: int) -> str:
    text = _text(unit, f"The unit of line {number}", 10)
    if not text.isascii():
        raise InvoiceTextRefused(f"The unit of line {number} has accents. Write it with plain letters, such as kWh.")
    return text


def _summary(summary: VatSummary, due: str) -> Element:
    reference = summary.reference or REFERENCES.get(summary.nature, "")
    return element(
        "DatiRiepilogo",
        element("AliquotaIVA", f"{summary.vat_percent:.2f}"),
        element("Natura", summary.nature) if summary.nature else None,
        element("ImponibileImporto", euro(summary.net_cents)),
        element("Imposta", euro(summary.vat_cents)),
        # reverse charge and split payment exclude each other (00420), and where there is no VAT nothing falls due
        element("EsigibilitaIVA", due) if not summary.nature else None,
        element("RiferimentoNormativo", _text(reference, "A reference to the law", 100)) if reference else None,
    )


def _payment(document: InvoiceDocument) -> Element | None:
    terms = document.payment
    if terms is None:
        return None
    return element(
        "DatiPagamento",
        element("CondizioniPagamento", _FULL_PAYMENT),
        element(
            "DettaglioPagamento",
            element("ModalitaPagamento", _TRANSFER),
            _day("DataScadenzaPagamento", terms.due_on),
            element("ImportoPagamento", euro(terms.cents)),
            element("IBAN", terms.iban.replace(" ", "").upper()),
        ),
    )


def _day(name: str, day: date | None) -> Element | None:
    return element(name, day.isoformat()) if day else None


def _decimal(value: Decimal) -> str:
    """At least two decimals, at most eight, none of them empty: 0.125, 1.00."""
    whole, _, part = f"{value:.8f}".partition(".")
    return f"{whole}.{part.rstrip('0').ljust(2, '0')}"


def _text(text: str, what: str, longest: int, *, cut: bool = False) -> str:
    return one_line(text, what, longest, _LATIN_1, InvoiceTextRefused, cut=cut)
