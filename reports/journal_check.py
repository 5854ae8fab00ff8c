"""What every journal must satisfy before it is printed: books that do not balance are worse than none."""

from collections import defaultdict
from dataclasses import dataclass

from reports.documents.journal import JournalDocument
from reports.errors import JournalDoesNotBalance
from reports.formats import plain


@dataclass(frozen=True, slots=True)
class JournalTotals:
    """How many lines a journal has, and what stands on each of its sides."""

    lines: int
    cents: int


def check(journal: JournalDocument) -> JournalTotals:
    """Refuse a journal of which a line has no side or two, lies outside the period, or a document does not balance.

    Errors: `JournalDoesNotBalance`, which names the first line or document.
    """
    balances: defaultdict[str, int] = defaultdict(int)
    number = debit = 0
    for number, line in enumerate(journal.lines, start=1):
        if min(line.debit_cents, line.credit_cents) != 0 or max(line.debit_cents, line.credit_cents) <= 0:
            raise JournalDoesNotBalance(
                f"Line {number} of the journal has {line.debit_cents} cents of debit and {line.credit_cents} of credit. "
                "One side must be above zero and the other zero: a correction stands on the opposite side."
            )
        if not journal.first_day <= line.day <= journal.last_day:
            raise JournalDoesNotBalance(f"Line {number} of the journal is of {line.day.isoformat()}, outside the period.")
        debit += line.debit_cents
        balances[line.document] += line.debit_cents - line.credit_cents
    for document, balance in balances.items():
        if balance:
            raise JournalDoesNotBalance(
                f"The document {plain(document, 60)!r} does not balance: debit minus credit is {balance} cents. "
                "Post its other side."
            )
    return JournalTotals(number, debit)
