"""The books of a period as an accountant takes them over: months, members, accounts, movements, journal.

Tables that grow with members come as functions that read them again each time, with their number of rows: memory does not grow.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from apps.engine.inputs import Contribution
from reports.documents.journal import JournalLine
from reports.documents.parties import Issuer

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class RunFacts:
    """The run that a row comes from; `registered_on` is the day of its approval."""

    configuration: str
    month: date
    run: int
    run_kind: str
    version: int
    registered_on: date | None


@dataclass(frozen=True, slots=True)
class MonthRow:
    run: RunFacts
    contribution: Contribution
    amount_cents: int
    members_cents: int
    accounts_cents: int


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member in a month of a configuration, or (`configuration` empty) in a year; `month` is then the year's January."""

    month: date
    member: str
    name: str
    kind: str
    injected_wh: int
    withdrawn_wh: int
    shared_wh: int
    premium_cents: int
    valorisation_cents: int
    excess_cents: int
    configuration: str = ""

    @property
    def total_cents(self) -> int:
        return self.premium_cents + self.valorisation_cents + self.excess_cents


@dataclass(frozen=True, slots=True)
class AccountRow:
    configuration: str
    month: date
    account: str
    code: str
    name: str
    contribution: Contribution
    cents: int


@dataclass(frozen=True, slots=True)
class MovementRow:
    """One ledger entry. `account` is empty for a member's; `code` is the account in the chart."""

    run: RunFacts
    position: int
    contribution: Contribution
    block: str
    split_key: str
    member: str
    name: str
    account: str
    code: str
    block_cents: int
    cents: int


@dataclass(frozen=True, slots=True)
class Stream(Generic[Item]):
    """Rows that can be read more than once."""

    read: Callable[[], Iterable[Item]]
    count: int


@dataclass(frozen=True, slots=True)
class BooksDocument:
    """The books of `scope` (a community, a configuration or a run, in words), both days included."""

    issuer: Issuer
    scope: str
    first_day: date
    last_day: date
    months: tuple[MonthRow, ...]
    accounts: tuple[AccountRow, ...]
    members: Stream[MemberRow]
    year_members: Stream[MemberRow]
    movements: Stream[MovementRow]
    journal: Stream[JournalLine]
    members_wh: tuple[int, int, int]  # injected, withdrawn, shared: the totals of the members' sheets
    members_cents: tuple[int, int, int]  # premium, valorisation, excess
