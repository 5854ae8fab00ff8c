"""The accountant's journal as a workbook: real dates and numbers, totals that foot, the same bytes every time."""

import io
from collections.abc import Iterator

from reports import words
from reports.documents.journal import JournalDocument
from reports.formats import day, plain
from reports.journal_check import JournalTotals, check
from reports.journal_csv import contribution_name
from reports.workbook_cells import Sheet
from reports.workbook_file import new_workbook
from reports.workbook_styles import Styles
from reports.workbook_values import Column, Row

SHEET = "Prima nota"


def render(journal: JournalDocument) -> bytes:
    """The journal as XLSX bytes; memory does not grow with its lines. Errors: `JournalDoesNotBalance`."""
    totals = check(journal)
    output = io.BytesIO()
    period = f"{day(journal.first_day)} – {day(journal.last_day)}"
    with new_workbook(output, title=f"{SHEET} {period}", author=journal.issuer.name, day=journal.last_day) as workbook:
        styles = Styles(workbook)
        sheet = Sheet(workbook.add_worksheet(SHEET), styles, foot=f"{journal.issuer.name} {period}", landscape=True)
        title = f"{SHEET} – {plain(journal.issuer.name, 80)} – {period}"
        sheet.table(title, columns_of(totals), rows_of(journal), totals.lines)
    return output.getvalue()


def columns_of(totals: JournalTotals) -> tuple[Column, ...]:
    return (
        Column("Data", 12, "day"),
        Column("Documento", 30),
        Column("Codice conto", 14),
        Column("Conto", 36),
        Column("Conto separato", 28),
        Column("Intestatario", 18),
        Column("Nome", 34),
        Column("Dare (€)", 14, "euro", totals.cents),
        Column("Avere (€)", 14, "euro", totals.cents),
        Column("Descrizione", 50),
    )


def rows_of(journal: JournalDocument) -> Iterator[Row]:
    for line in journal.lines:
        yield (
            line.day,
            line.document,
            line.account_code,
            line.account_name,
            contribution_name(line),
            words.account(line.holder),
            line.name,
            line.debit_cents or None,
            line.credit_cents or None,
            line.text,
        )
