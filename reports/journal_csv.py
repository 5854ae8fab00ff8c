"""The accountant's journal as CSV in Italian conventions: decimal comma, gg/mm/aaaa, BOM, CRLF, no thousands, no formulas."""

from collections.abc import Iterator

from reports import words
from reports.csv_text import euro, safe, to_bytes
from reports.documents.journal import JournalDocument, JournalLine
from reports.formats import day
from reports.journal_check import check

COLUMNS = (
    "Data",
    "Documento",
    "Codice conto",
    "Conto",
    "Conto separato",
    "Intestatario",
    "Nome",
    "Dare",
    "Avere",
    "Descrizione",
)


def render(journal: JournalDocument) -> bytes:
    """The journal as bytes. The side that a line does not have is empty. Errors: `JournalDoesNotBalance`."""
    check(journal)
    return to_bytes(COLUMNS, _rows(journal))


def contribution_name(line: JournalLine) -> str:
    """The separate account in words; "" for what belongs to none."""
    return words.CONTRIBUTIONS[line.contribution] if line.contribution else ""


def _rows(journal: JournalDocument) -> Iterator[tuple[str, ...]]:
    for line in journal.lines:
        yield (
            day(line.day),
            safe(line.document),
            safe(line.account_code),
            safe(line.account_name),
            contribution_name(line),
            safe(words.account(line.holder)),
            safe(line.name),
            euro(line.debit_cents) if line.debit_cents else "",
            euro(line.credit_cents) if line.credit_cents else "",
            safe(line.text),
        )
