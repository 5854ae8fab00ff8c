"""The statement of an account as CSV in Italian conventions: decimal comma, gg/mm/aaaa, BOM, CRLF, no thousands, no formulas."""

from collections.abc import Iterator

from reports.csv_text import euro, safe, to_bytes
from reports.documents.account import AccountDocument
from reports.formats import day

COLUMNS = ("Conto", "Nome", "Data", "Descrizione", "Contributo", "Addebito", "Accredito", "Saldo")


def render(*accounts: AccountDocument) -> bytes:
    """These accounts below each other. The side that a line does not have is empty."""
    return to_bytes(COLUMNS, (row for account in accounts for row in _rows(account)))


def _rows(account: AccountDocument) -> Iterator[tuple[str, ...]]:
    for row in account.rows:
        yield (
            safe(account.holder),
            safe(account.name),
            day(row.day),
            safe(row.text),
            safe(row.contribution),
            euro(-row.cents) if row.cents < 0 else "",
            euro(row.cents) if row.cents > 0 else "",
            euro(row.balance_cents),
        )
