"""The reconciliation of a year as a document: one row per month and contribution, amounts in cents, None where unknown."""

from dataclasses import dataclass
from datetime import date

from apps.engine.inputs import Contribution


@dataclass(frozen=True, slots=True)
class ReconciliationRow:
    """Own computation, GSE and bank of one month and contribution. `outcome` is a word, `reasons` sentences."""

    month: date
    contribution: Contribution
    own_cents: int | None
    expected_advance_cents: int | None
    advance_cents: int | None
    true_up_cents: int | None
    gse_cents: int | None
    bank_cents: int | None
    gse_difference_cents: int | None
    bank_difference_cents: int | None
    outcome: str
    reasons: str


@dataclass(frozen=True, slots=True)
class ReconciliationDocument:
    """`day` is the day on which it was looked at."""

    community: str
    configuration: str
    year: int
    day: date
    rows: tuple[ReconciliationRow, ...]
