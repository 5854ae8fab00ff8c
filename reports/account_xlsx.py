"""The statement of an account as a workbook: real dates and numbers, texts that stay texts, the same bytes every time."""

import io
from collections.abc import Iterator
from datetime import date

from reports.documents.account import AccountDocument
from reports.formats import plain
from reports.workbook_cells import Sheet
from reports.workbook_file import new_workbook
from reports.workbook_styles import Styles
from reports.workbook_values import Column, Row

SHEET = "Conti"
_NO_DAY = date(2000, 1, 1)  # of a file without lines


def render(*accounts: AccountDocument, title: str) -> bytes:
    """These accounts below each other, as XLSX bytes. The side that a line does not have is empty."""
    cents = [row.cents for account in accounts for row in account.rows]
    last = max((row.day for account in accounts for row in account.rows), default=_NO_DAY)
    columns = (
        Column("Conto", 16),
        Column("Nome", 34),
        Column("Data", 12, "day"),
        Column("Descrizione", 50),
        Column("Contributo", 28),
        Column("Addebito (€)", 14, "euro", -sum(value for value in cents if value < 0)),
        Column("Accredito (€)", 14, "euro", sum(value for value in cents if value > 0)),
        Column("Saldo (€)", 14, "euro"),
    )
    output = io.BytesIO()
    with new_workbook(output, title=plain(title, 80), author="CerCollettiva", day=last) as workbook:
        sheet = Sheet(workbook.add_worksheet(SHEET), Styles(workbook), foot=plain(title, 80), landscape=True)
        sheet.table(plain(title, 80), columns, _rows(accounts), len(cents))
    return output.getvalue()


def _rows(accounts: tuple[AccountDocument, ...]) -> Iterator[Row]:
    for account in accounts:
        for row in account.rows:
            debit, credit = (-row.cents, None) if row.cents < 0 else (None, row.cents)
            yield (account.holder, account.name, row.day, row.text, row.contribution, debit, credit, row.balance_cents)
