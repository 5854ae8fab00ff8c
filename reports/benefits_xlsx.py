"""The yearly report of benefits as a workbook: the figures of the PDF as numbers."""

from datetime import date
from typing import BinaryIO

from reports.benefits_tables import tables_of
from reports.benefits_words import draft_of
from reports.documents.benefits import BenefitsDocument
from reports.formats import plain
from reports.workbook_cells import Sheet
from reports.workbook_file import new_workbook
from reports.workbook_styles import Styles


def render(document: BenefitsDocument, output: BinaryIO) -> None:
    """Write the workbook; the same report makes the same bytes."""
    title = f"Relazione sui benefici {document.year}, {plain(document.configuration.code, 60)}"
    if draft_of(document):
        title = f"BOZZA – {title}"
    with new_workbook(output, title=title, author=document.issuer.name, day=date(document.year, 12, 31)) as workbook:
        styles = Styles(workbook)
        for table in tables_of(document):
            sheet = Sheet(workbook.add_worksheet(table.sheet), styles, foot=title, landscape=True)
            sheet.table(f"{table.sheet} – {title}", table.columns, table.rows(), table.count)
