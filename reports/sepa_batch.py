"""Everything that a bank would send back about a batch of transfers, found before it is written."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from stdnum import iban as stdnum_iban
from stdnum.exceptions import ValidationError

from reports.documents.transfers import Payment, TransferBatch
from reports.errors import AmountRefused, BatchRefused, IbanRefused, PaymentTextRefused
from reports.sepa_text import check_reference, transliterate

LONGEST_NAME = 70
LONGEST_TEXT = 140
LARGEST_CENTS = 999_999_999_99
_BIC = re.compile(r"[A-Z]{6}[A-Z2-9][A-NP-Z0-9]([A-Z0-9]{3})?")
_CUC = re.compile(r"[A-Z0-9]{8}")
_CATEGORY = re.compile(r"[A-Z]{4}")
# San Marino's banks have ABI codes too, and the same form of IBAN
_WITH_ABI = ("IT", "SM")


@dataclass(frozen=True, slots=True)
class Transfer:
    """One payment in the letters of banks: what stands in the file."""

    payment: Payment
    name: str
    iban: str
    text: str


@dataclass(frozen=True, slots=True)
class CheckedBatch:
    """A batch that a bank can read: names and texts transliterated, IBANs without blanks."""

    debtor_name: str
    debtor_iban: str
    transfers: tuple[Transfer, ...]


def check(batch: TransferBatch, *, cbi: bool = False) -> CheckedBatch:
    """Return the batch in the form in which it is written, or refuse all of it with the first thing that is wrong.

    Errors: `BatchRefused` for a batch without payments, a naive `created_at`, a CUC or category that is none, and for CBI a CUC
    that is missing or an account without ABI; `AmountRefused` outside 0.01 to 999 999 999.99 €; `IbanRefused` for an IBAN or BIC
    that is none; `PaymentTextRefused` for texts (see `sepa_text`) and for references that come twice.
    """
    if not batch.payments:
        raise BatchRefused("The batch has no payments, so there is nothing to send to the bank.")
    if batch.created_at.tzinfo is None:
        raise BatchRefused("The batch does not say in which time zone it was created. Give an instant with its zone.")
    check_reference(batch.message_id, "The message id")
    if not _CATEGORY.fullmatch(batch.category):
        raise BatchRefused(f"{batch.category[:20]!r} is no category purpose. Use four capital letters, such as OTHR.")
    if (batch.cuc or cbi) and not _CUC.fullmatch(batch.cuc):
        raise BatchRefused(
            f"{batch.cuc[:20]!r} is no CUC: eight capital letters or digits. "
            "Copy the code that the bank gave for its CBI service."
        )
    debtor_iban = _iban(batch.debtor_iban, "The paying account")
    if cbi and not debtor_iban.startswith(_WITH_ABI):
        raise BatchRefused(
            f"The paying account {_masked(debtor_iban)} has no ABI code, because it is not Italian. "
            "Use the file of type pain.001."
        )
    _check_bic(batch.debtor_bic, "the paying account")
    return CheckedBatch(
        debtor_name=transliterate(batch.debtor_name, "The name of the payer", LONGEST_NAME, cut=True),
        debtor_iban=debtor_iban,
        transfers=tuple(_transfers(batch)),
    )


def _transfers(batch: TransferBatch) -> Iterator[Transfer]:
    seen = set()
    for payment in batch.payments:
        reference = check_reference(payment.end_to_end_id, "The reference")
        if reference in seen:
            raise PaymentTextRefused(
                f"The reference {reference} comes twice in the batch, so a returned transfer could not be told apart. "
                "Give each payment its own."
            )
        seen.add(reference)
        if not 0 < payment.cents <= LARGEST_CENTS:
            raise AmountRefused(
                f"Payment {reference} is of {payment.cents} cents. Banks transfer from 0.01 to 999 999 999.99 €: "
                "carry it over or divide it."
            )
        _check_bic(payment.bic, f"payment {reference}")
        yield Transfer(
            payment=payment,
            name=transliterate(payment.name, f"The name of payment {reference}", LONGEST_NAME, cut=True),
            iban=_iban(payment.iban, f"The account of payment {reference}"),
            text=transliterate(payment.text, f"The text of payment {reference}", LONGEST_TEXT),
        )


def _iban(text: str, what: str) -> str:
    try:
        return str(stdnum_iban.validate(text))
    except ValidationError:
        raise IbanRefused(
            f"{what} {_masked(text)} is no IBAN: its length or its check digits are wrong. Ask the holder for it again."
        ) from None


def _check_bic(bic: str, where: str) -> None:
    if bic and not _BIC.fullmatch(bic):
        raise IbanRefused(
            f"{bic[:20]!r} of {where} is no BIC. Use its eight or eleven capital letters and digits, or leave it out."
        )


def _masked(iban: str) -> str:
    """Errors are logged, and an account number is nobody's business there."""
    return f"{iban[:4]!r}…{iban[-4:]!r}" if len(iban) >= 12 else "(too short)"
