"""What the tax office's exchange (SdI) would send an invoice back for, found before it is written.

The numbers in brackets are SdI's codes of refusal. What only the exchange can know, such as whether a VAT number is still
active or a file was sent before, stays with the exchange.
"""

import re
from decimal import Decimal
from fractions import Fraction

from stdnum import iban as stdnum_iban

from apps.engine.invoice_totals import NATURES, vat_of
from apps.engine.money import round_half_up
from reports.documents.invoice import InvoiceCustomer, InvoiceDocument, InvoiceIssuer, InvoiceKind, InvoiceRow, PostalAddress
from reports.errors import InvoiceDoesNotFoot, InvoicePartyRefused, InvoiceRefused
from reports.tax_numbers import is_tax_code, is_vat_number

LARGEST_CENTS = 10**13 - 1
MOST_ROWS = 9_999
LONGEST_NUMBER = 20
_REGIMES = frozenset(f"RF{number:02d}" for number in range(1, 20)) - {"RF03"}
_NUMBER = re.compile(r"[\x21-\x7e]+( [\x21-\x7e]+)*")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_LONGEST_EMAIL = 256
_NO_CHANNEL = "0000000"
_PLACES = 8
_FIRST_YEAR = 1970


def check(document: InvoiceDocument, *, for_exchange: bool = True) -> None:
    """Refuse a document that SdI would refuse, with the first thing that is wrong.

    A receipt is not `for_exchange`: its issuer has no VAT number and may not ask for VAT.
    Errors: `InvoicePartyRefused` about issuer and customer; `InvoiceDoesNotFoot` about amounts; `InvoiceRefused` about the rest.
    """
    _check_number(document)
    _check_issuer(document.issuer, for_exchange)
    _check_customer(document.customer)
    if document.sender_tax_code and not is_tax_code(document.sender_tax_code):
        raise InvoicePartyRefused(f"The sender's tax code {document.sender_tax_code[:20]!r} is wrong. Copy it again.")
    if not 1 <= len(document.rows) <= MOST_ROWS:
        raise InvoiceRefused(f"The invoice has {len(document.rows)} lines, and from 1 to {MOST_ROWS} fit. Divide it.")
    for number, row in enumerate(document.rows, start=1):
        _check_row(number, row)
    if not for_exchange and any(row.vat_percent for row in document.rows):
        raise InvoiceRefused("Who has no VAT number asks for no VAT. Give every line a nature, or enter the VAT number.")
    _check_sums(document)
    if document.payment and not stdnum_iban.is_valid(document.payment.iban):
        raise InvoiceRefused("The IBAN for the payment is wrong: its length or its check digits. Copy it again.")
    related = document.related
    if document.kind is InvoiceKind.CREDIT_NOTE and related is None:
        raise InvoiceRefused("The credit note does not say which invoice it takes back. Give that invoice's number and day.")
    if related is not None and related.issued_on > document.issued_on:
        raise InvoiceRefused("The credit note is older than the invoice it takes back (00418). Correct its day.")


def _check_number(document: InvoiceDocument) -> None:
    if document.issued_on.year < _FIRST_YEAR:
        raise InvoiceRefused(f"The invoice is of {document.issued_on.isoformat()}, before there were any. Correct its day.")
    numbers = [document.number] + ([document.related.number] if document.related else [])
    for number in numbers:
        good = len(number) <= LONGEST_NUMBER and _NUMBER.fullmatch(number) and any(one.isdigit() for one in number)
        if not good:
            raise InvoiceRefused(
                f"{number[:30]!r} is no number of an invoice (00425): up to {LONGEST_NUMBER} letters without accents, signs and "
                "digits, with one digit at least. Correct the series."
            )


def _check_issuer(issuer: InvoiceIssuer, for_exchange: bool) -> None:
    if for_exchange and not is_vat_number(issuer.vat_number):
        raise InvoicePartyRefused(
            f"The issuer's VAT number {issuer.vat_number[:20]!r} is wrong or missing. "
            "Who has none issues statements, not invoices."
        )
    if not is_tax_code(issuer.tax_code):
        raise InvoicePartyRefused(f"The issuer's tax code {issuer.tax_code[:20]!r} is wrong. Copy it from its registration.")
    if issuer.regime not in _REGIMES:
        raise InvoicePartyRefused(f"{issuer.regime[:20]!r} is no tax regime. Use RF01 for the ordinary one.")
    _check_address(issuer.address, "issuer")


def _check_customer(customer: InvoiceCustomer) -> None:
    if not customer.vat_number and not customer.tax_code:
        raise InvoicePartyRefused("The customer has neither VAT number nor tax code (00417). Enter one of them.")
    if customer.vat_number and not is_vat_number(customer.vat_number):
        raise InvoicePartyRefused(f"The customer's VAT number {customer.vat_number[:20]!r} is wrong. Copy it again.")
    if customer.tax_code and not is_tax_code(customer.tax_code):
        raise InvoicePartyRefused(f"The customer's tax code {_masked(customer.tax_code)} is wrong. Copy it again.")
    person = bool(customer.first_name and customer.last_name)
    if person == bool(customer.name) or (customer.name and (customer.first_name or customer.last_name)):
        raise InvoicePartyRefused("The customer needs either a name, or a first and a last name, and not both.")
    length = 6 if customer.is_public_body else 7
    if not re.fullmatch(f"[A-Z0-9]{{{length}}}", customer.recipient_code):
        raise InvoicePartyRefused(
            f"The recipient code {customer.recipient_code[:20]!r} is wrong (00427): six characters for a public body, "
            "seven for all others, 0000000 for who has none."
        )
    if customer.pec and customer.recipient_code != _NO_CHANNEL:
        raise InvoicePartyRefused(
            "The customer has a channel and a PEC (00426). Keep one: the PEC counts with the code 0000000 only."
        )
    if customer.pec and not (len(customer.pec) <= _LONGEST_EMAIL and _EMAIL.fullmatch(customer.pec)):
        raise InvoicePartyRefused(f"{customer.pec[:40]!r} is no PEC address. Copy it again.")
    _check_address(customer.address, "customer")


def _check_address(address: PostalAddress, whose: str) -> None:
    if not re.fullmatch("[0-9]{5}", address.postcode) or not re.fullmatch("([A-Z]{2})?", address.province):
        raise InvoicePartyRefused(
            f"The {whose}'s address has the postcode {address.postcode[:10]!r} and the province {address.province[:10]!r}. "
            "Use five digits and two capital letters, such as 12051 and CN."
        )


def _check_row(number: int, row: InvoiceRow) -> None:
    _check_vat(f"Line {number}", row.vat_percent, row.nature)
    for value in (row.quantity, row.unit_price_eur):
        if not value.is_finite() or abs(value) >= 10**11 or value != round(value, _PLACES):
            raise InvoiceDoesNotFoot(
                f"Line {number} has the number {str(value)[:40]}. At most eight decimals and eleven digits fit."
            )
    if abs(row.net_cents) > LARGEST_CENTS:
        raise InvoiceDoesNotFoot(f"Line {number} is of {row.net_cents} cents, more than the file can carry.")
    if row.quantity <= 0:
        raise InvoiceDoesNotFoot(
            f"Line {number} has a quantity of {row.quantity}. A discount is a negative price, not a quantity."
        )
    if round_half_up(Fraction(row.quantity) * Fraction(row.unit_price_eur) * 100) != row.net_cents:
        raise InvoiceDoesNotFoot(
            f"Line {number} says {row.net_cents} cents, and {row.quantity} × {row.unit_price_eur} € is another amount (00423)."
        )
    if (row.first_day or row.last_day) and not (row.first_day and row.last_day and row.first_day <= row.last_day):
        raise InvoiceRefused(f"The period of line {number} has no beginning, no end, or ends before it begins. Correct it.")


def _check_vat(what: str, rate: Decimal, nature: str) -> None:
    if not rate.is_finite() or not 0 <= rate <= 100 or rate != round(rate, 2):
        raise InvoiceDoesNotFoot(f"{what} has a VAT of {str(rate)[:20]} %. Use a rate from 0 to 100 with two decimals at most.")
    if bool(nature) == bool(rate) or (nature and nature not in NATURES):
        raise InvoiceDoesNotFoot(
            f"{what} has a VAT of {rate} % and the nature {nature[:10]!r} (00400, 00401, 00445). "
            "Give it a rate above zero or one of the natures in force."
        )


def _check_sums(document: InvoiceDocument) -> None:
    nets: dict[tuple[Decimal, str], int] = {}
    for row in document.rows:
        nets[row.vat_percent, row.nature] = nets.get((row.vat_percent, row.nature), 0) + row.net_cents
    summed = {}
    for summary in document.summaries:
        _check_vat("A summary", summary.vat_percent, summary.nature)
        summed[summary.vat_percent, summary.nature] = summary.net_cents
        if summary.vat_cents != vat_of(summary.net_cents, summary.vat_percent):
            raise InvoiceDoesNotFoot(
                f"The VAT of {summary.vat_percent} % on {summary.net_cents} cents is not {summary.vat_cents} cents (00421)."
            )
    if nets != summed or len(summed) != len(document.summaries):
        raise InvoiceDoesNotFoot("The summaries do not repeat the lines rate by rate and nature by nature (00419, 00422).")
    total = sum(summary.net_cents + summary.vat_cents for summary in document.summaries)
    if total != document.total_cents or not 0 <= total <= LARGEST_CENTS:
        raise InvoiceDoesNotFoot(f"The invoice says {document.total_cents} cents, and its summaries come to {total}.")
    if not 0 <= document.stamp_duty_cents <= LARGEST_CENTS or (document.payment and not 0 <= document.payment.cents <= total):
        raise InvoiceDoesNotFoot("The stamp duty is no amount, or more is to be paid than the invoice comes to.")


def _masked(tax_code: str) -> str:
    return f"{tax_code[:3]!r}…"
