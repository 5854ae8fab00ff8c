"""The books of a period as a workbook: real dates and numbers, totals that foot, the same bytes every time."""

from typing import BinaryIO

from reports.accountancy_tables import tables_of, title_of
from reports.documents.accountancy import BooksDocument
from reports.formats import plain
from reports.workbook_cells import Sheet
from reports.workbook_file import new_workbook
from reports.workbook_styles import Styles


def render(document: BooksDocument, output: BinaryIO) -> None:
    """Write the workbook; memory does not grow with its rows. Errors: `JournalDoesNotBalance`."""
    title = title_of(document)
    with new_workbook(output, title=plain(title), author=document.issuer.name, day=document.last_day) as workbook:
        styles = Styles(workbook)
        for table in tables_of(document):
            sheet = Sheet(workbook.add_worksheet(table.sheet), styles, foot=title, landscape=True)
            sheet.table(f"{table.sheet} – {plain(title)}", table.columns, table.rows(), table.count)
