"""What a journal is made of: postings, and the providers that make them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from apps.invoicing.accountancy.scope import Scope

GSE = "gse"  # the holder of what GSE owes and pays


@dataclass(frozen=True, slots=True)
class Posting:
    """One side of a document: `cents` above zero is debit (dare), below zero credit (avere), never zero.

    `account_key` is the account in the chart; `holder` the member's code or the account's name, `name` who that is.
    The postings of one `document` come together and sum to zero.
    """

    day: date
    document: str
    account_key: str
    cents: int
    text: str
    contribution: str = ""
    holder: str = ""
    name: str = ""


class Provider(Protocol):
    """A source of documents for the journal."""

    name: str

    def freeze(self, scope: Scope) -> Any: ...

    def iterate_postings(self, frozen: Any) -> Iterator[Posting]: ...
