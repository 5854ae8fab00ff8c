"""The statement of an account: what the holder was credited and what was paid, line by line."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One movement; above zero is owed to the holder. `contribution` is set for the community's own accounts."""

    day: date
    text: str
    cents: int
    balance_cents: int
    contribution: str = ""


@dataclass(frozen=True, slots=True)
class AccountDocument:
    """One account from its first line on."""

    holder: str
    name: str
    rows: tuple[AccountRow, ...]
