"""The accountant's journal of a period: every posting with its two sides, on separate accounts per contribution (RO p.39)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from apps.engine.inputs import Contribution
from reports.documents.parties import Issuer


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One side of a posting: either `debit_cents` or `credit_cents` is above zero, the other is 0.

    `document` is what the posting rests on (statement, invoice, bank transfer) and must balance in itself. `contribution` is the
    separate account, None for what belongs to none; `holder` the member's code or the name of an account, `name` who that is.
    `account_code` and `account_name` are what the accountant calls the account of the books.
    """

    day: date
    document: str
    holder: str
    debit_cents: int
    credit_cents: int
    text: str
    contribution: Contribution | None = None
    name: str = ""
    account_code: str = ""
    account_name: str = ""


@dataclass(frozen=True, slots=True)
class JournalDocument:
    """The journal of one community from `first_day` to `last_day`, both included, in the order in which it is printed.

    `lines` may be anything that can be read more than once.
    """

    issuer: Issuer
    first_day: date
    last_day: date
    lines: Iterable[JournalLine]

    @property
    def debit_cents(self) -> int:
        return sum(line.debit_cents for line in self.lines)

    @property
    def credit_cents(self) -> int:
        return sum(line.credit_cents for line in self.lines)
