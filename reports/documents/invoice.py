"""An invoice or a credit note, complete: all amounts computed (`engine.invoice_totals`), all numbers given."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum


class InvoiceKind(StrEnum):
    """The types of document that a community issues, by their code in FatturaPA."""

    INVOICE = "TD01"
    CREDIT_NOTE = "TD04"


class VatDue(StrEnum):
    """When, and to whom, the customer pays the VAT: at once, when they pay, or to the State themselves (art. 17-ter)."""

    AT_ONCE = "I"
    DEFERRED = "D"
    SPLIT = "S"


@dataclass(frozen=True, slots=True)
class PostalAddress:
    """An address in Italy. `street` with the number; `postcode` five digits, `province` two letters or ""."""

    street: str
    postcode: str
    town: str
    province: str = ""


@dataclass(frozen=True, slots=True)
class InvoiceIssuer:
    """Who issues the invoice. `vat_number` is eleven digits; `regime` the tax regime, RF01 being the ordinary one."""

    name: str
    vat_number: str
    tax_code: str
    address: PostalAddress
    regime: str = "RF01"


@dataclass(frozen=True, slots=True)
class InvoiceCustomer:
    """Who gets the invoice, in Italy: an organisation by `name`, or a person by `first_name` and `last_name`.

    At least one of `vat_number` and `tax_code`. `recipient_code` is the office code of a public body (six characters), the
    channel of an enterprise (seven), or 0000000 for who has none; only then `pec` may say where to deliver.
    """

    address: PostalAddress
    name: str = ""
    first_name: str = ""
    last_name: str = ""
    vat_number: str = ""
    tax_code: str = ""
    recipient_code: str = "0000000"
    pec: str = ""
    is_public_body: bool = False


@dataclass(frozen=True, slots=True)
class InvoiceRow:
    """One line. `quantity` times `unit_price_eur`, rounded half-up, is `net_cents`; both have at most eight decimals.

    A `vat_percent` above zero, or the `nature` of what bears no VAT. The period is inclusive on both sides, as printed.
    """

    text: str
    net_cents: int
    unit_price_eur: Decimal
    quantity: Decimal = Decimal(1)
    unit: str = ""
    vat_percent: Decimal = Decimal(0)
    nature: str = ""
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True, slots=True)
class VatSummary:
    """The lines of one rate or nature together. `reference` is the article that says why there is no VAT."""

    net_cents: int
    vat_cents: int
    vat_percent: Decimal = Decimal(0)
    nature: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class PaymentTerms:
    """By transfer to `iban` until `due_on`. `cents` is what is to be paid: without the VAT where that is split."""

    iban: str
    due_on: date
    cents: int


@dataclass(frozen=True, slots=True)
class RelatedInvoice:
    """The invoice that a credit note takes back."""

    number: str
    issued_on: date


@dataclass(frozen=True, slots=True)
class InvoiceDocument:
    """One invoice or credit note. The amounts of a credit note are positive.

    `number` is the fiscal number with its series, at most 20 characters with a digit; `file_number` the running number of the
    files that the sender hands to the tax office, from 1. `sender_tax_code` is the sender's where it is not the issuer. `notes`
    are the wordings that the law or the issuer wants on it. `stamp_duty_cents` is what the issuer owes, charged to the customer
    or not.
    """

    kind: InvoiceKind
    number: str
    issued_on: date
    file_number: int
    issuer: InvoiceIssuer
    customer: InvoiceCustomer
    rows: tuple[InvoiceRow, ...]
    summaries: tuple[VatSummary, ...]
    total_cents: int
    stamp_duty_cents: int = 0
    notes: tuple[str, ...] = ()
    payment: PaymentTerms | None = None
    vat_due: VatDue = VatDue.AT_ONCE
    related: RelatedInvoice | None = None
    sender_tax_code: str = ""


@dataclass(frozen=True, slots=True)
class PrintedInvoice:
    """The page that goes with an invoice, for people.

    With `goes_to_exchange` the tax office's file is the original and the page a copy; without, the issuer has no VAT number and
    the page is a receipt. `payable_cents` is what the customer pays. `logo` as in `parties.Issuer`.
    """

    document: InvoiceDocument
    payable_cents: int
    goes_to_exchange: bool = True
    legal_form: str = ""
    contacts: tuple[str, ...] = ()
    logo: bytes | None = None
