"""What is to be paid by one file for the bank."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Payment:
    """One transfer. `cents` is above zero; `text` is what the payee reads, at most 140 characters; `bic` is for foreign banks.

    A `name` beyond 70 characters is cut, as on every form of a bank: the IBAN decides who gets the money.
    `end_to_end_id` comes back with a returned transfer, so it must say what was paid: unique in the batch, 1 to 35 characters.
    """

    end_to_end_id: str
    name: str
    iban: str
    cents: int
    text: str
    bic: str = ""


@dataclass(frozen=True, slots=True)
class TransferBatch:
    """One file for the bank. `message_id` must never be used for another batch: banks refuse a second file with the same one.

    `created_at` is an aware instant and is written as given. `cuc` is the code that the bank gave to a customer of CBI, "" where
    there is none. `category` is ISO's category purpose of all payments, four letters.
    """

    message_id: str
    created_at: datetime
    execute_on: date
    debtor_name: str
    debtor_iban: str
    payments: tuple[Payment, ...]
    debtor_bic: str = ""
    cuc: str = ""
    category: str = "OTHR"

    @property
    def total_cents(self) -> int:
        return sum(payment.cents for payment in self.payments)
