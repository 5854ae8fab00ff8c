"""What stands on the page of an invoice, as texts: each of them harmless, in the manner of Italians, without a computation."""

from dataclasses import dataclass
from decimal import Decimal

from reports import words
from reports.documents.invoice import InvoiceCustomer, InvoiceKind, InvoiceRow, PostalAddress, PrintedInvoice, VatDue, VatSummary
from reports.fattura_pa import REFERENCES
from reports.formats import day, euro, number, percent_of_hundred, plain, short_number

_COPY = (
    "Copia di cortesia, non valida ai fini fiscali: l’originale è il file XML trasmesso al Sistema di Interscambio, che si può "
    "consultare nell’area riservata del sito dell’Agenzia delle Entrate."
)
_REGIMES = {
    "RF01": "ordinario",
    "RF16": "IVA per cassa P.A.",
    "RF17": "IVA per cassa",
    "RF18": "altro",
    "RF19": "forfettario",
}
_DUE = {
    VatDue.AT_ONCE: "",
    VatDue.DEFERRED: "IVA a esigibilità differita",
    VatDue.SPLIT: "scissione dei pagamenti",
}
_LONG_TEXT, _NAME, _LINE = 1000, 160, 120


@dataclass(frozen=True, slots=True)
class InvoiceView:
    """The texts of the page, in the order in which they stand there."""

    title: str
    author: str
    issued_on_iso: str
    foot: str
    issuer_name: str
    issuer_lines: tuple[str, ...]
    heading: str
    number: str
    facts: tuple[tuple[str, str], ...]
    customer_name: str
    customer_lines: tuple[str, ...]
    rows: tuple[tuple[str, str, str, str, str, str], ...]
    summaries: tuple[tuple[str, str, str, str], ...]
    totals: tuple[tuple[str, str, str], ...]
    payment: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


def view_of(printed: PrintedInvoice) -> InvoiceView:
    document, issuer = printed.document, printed.document.issuer
    name = plain(issuer.name, _NAME)
    heading = _heading(printed)
    title = f"{heading} {plain(document.number)} del {day(document.issued_on)}"
    return InvoiceView(
        title=f"{title} · {name}",
        author=name,
        issued_on_iso=document.issued_on.isoformat(),
        foot=_COPY if printed.goes_to_exchange else f"{title}. {name}, codice fiscale {plain(issuer.tax_code)}.",
        issuer_name=name,
        issuer_lines=_issuer_lines(printed),
        heading=heading,
        number=f"n. {plain(document.number)}",
        facts=_facts(printed),
        customer_name=plain(_name_of(document.customer), _NAME),
        customer_lines=_customer_lines(document.customer),
        rows=tuple(_row(row) for row in document.rows),
        summaries=tuple(_summary(one, document.vat_due) for one in document.summaries),
        totals=_totals(printed),
        payment=_payment(printed),
        notes=tuple(plain(note, _LONG_TEXT) for note in document.notes),
    )


def _heading(printed: PrintedInvoice) -> str:
    credit = printed.document.kind is InvoiceKind.CREDIT_NOTE
    if printed.goes_to_exchange:
        return "Nota di credito" if credit else "Fattura"
    return "Storno di ricevuta" if credit else "Ricevuta"


def _issuer_lines(printed: PrintedInvoice) -> tuple[str, ...]:
    issuer = printed.document.issuer
    numbers = [f"Partita IVA IT{issuer.vat_number}"] if issuer.vat_number else []
    numbers.append(f"Codice fiscale {issuer.tax_code}")
    if issuer.vat_number:
        numbers.append(f"Regime fiscale {issuer.regime} {_REGIMES.get(issuer.regime, '')}".rstrip())
    form = words.LEGAL_FORMS.get(printed.legal_form, printed.legal_form)
    lines = (form, _address(issuer.address), " · ".join(numbers), " · ".join(printed.contacts))
    return tuple(plain(line, 2 * _LINE) for line in lines if line)


def _facts(printed: PrintedInvoice) -> tuple[tuple[str, str], ...]:
    document = printed.document
    facts = [("Data", day(document.issued_on))]
    if printed.goes_to_exchange:
        facts.append(("Tipo di documento", document.kind.value))
    if document.related:
        what = "Storna" if document.kind is InvoiceKind.CREDIT_NOTE else "Sostituisce"
        facts.append((what, f"{document.related.number} del {day(document.related.issued_on)}"))
    return tuple((name, plain(text)) for name, text in facts)


def _customer_lines(customer: InvoiceCustomer) -> tuple[str, ...]:
    lines = [_address(customer.address)]
    if customer.vat_number:
        lines.append(f"Partita IVA IT{customer.vat_number}")
    if customer.tax_code:
        lines.append(f"Codice fiscale {customer.tax_code}")
    if customer.recipient_code.strip("0"):
        lines.append(f"Codice destinatario {customer.recipient_code}")
    if customer.pec:
        lines.append(f"PEC {customer.pec}")
    return tuple(plain(line, 2 * _LINE) for line in lines)


def _name_of(customer: InvoiceCustomer) -> str:
    return customer.name or f"{customer.first_name} {customer.last_name}"


def _address(address: PostalAddress) -> str:
    province = f" ({address.province})" if address.province else ""
    return f"{address.street}, {address.postcode} {address.town}{province}"


def _row(row: InvoiceRow) -> tuple[str, str, str, str, str, str]:
    period = f"Periodo: dal {day(row.first_day)} al {day(row.last_day)}" if row.first_day and row.last_day else ""
    quantity = f"{short_number(row.quantity, 8)} {plain(row.unit)}".rstrip()
    rate = row.nature or percent_of_hundred(row.vat_percent)
    return plain(row.text, _LONG_TEXT), period, quantity, _price(row.unit_price_eur), rate, euro(row.net_cents)


def _price(value: Decimal) -> str:
    """At least two decimals, at most eight, none of them empty."""
    whole, _comma, part = number(value, 8).partition(",")
    return f"{whole},{part.rstrip('0').ljust(2, '0')}\u00a0€"


def _summary(one: VatSummary, due: VatDue) -> tuple[str, str, str, str]:
    if one.nature:
        rate = f"{one.nature} · {plain(one.reference or REFERENCES.get(one.nature, 'senza IVA'))}"
    else:
        rate = " · ".join(text for text in (f"IVA {percent_of_hundred(one.vat_percent)}", _DUE[due]) if text)
    return rate, euro(one.net_cents), euro(one.vat_cents), euro(one.net_cents + one.vat_cents)


def _totals(printed: PrintedInvoice) -> tuple[tuple[str, str, str], ...]:
    document = printed.document
    net = sum(one.net_cents for one in document.summaries)
    rows = [("Imponibile", euro(net), ""), ("IVA", euro(document.total_cents - net), "")]
    rows.append(("Totale documento", euro(document.total_cents), ""))
    last = "Totale a credito" if document.kind is InvoiceKind.CREDIT_NOTE else "Da pagare"
    if document.vat_due is VatDue.SPLIT:
        rows.append(("IVA versata dal committente", euro(printed.payable_cents - document.total_cents), ""))
    rows.append((last, euro(printed.payable_cents), "main"))
    return tuple(rows)


def _payment(printed: PrintedInvoice) -> tuple[tuple[str, str], ...]:
    document = printed.document
    terms = document.payment
    if terms is None:
        return ()
    iban = terms.iban.replace(" ", "").upper()
    return (
        ("Modalità", "bonifico bancario (MP05)"),
        ("IBAN", " ".join(iban[start : start + 4] for start in range(0, len(iban), 4))),
        ("Intestato a", plain(document.issuer.name, _NAME)),
        ("Entro il", day(terms.due_on)),
        ("Causale", plain(f"{_heading(printed)} {document.number} del {day(document.issued_on)}")),
    )
