"""The accountant's workbook of one settled month: six sheets, real numbers, totals that foot, the same bytes every time."""

import io
from datetime import date

from reports import formats
from reports.documents import WorkbookDocument
from reports.formats import plain
from reports.workbook_cells import Sheet
from reports.workbook_checks import write_checks
from reports.workbook_file import new_workbook
from reports.workbook_sheets import write_hours, write_lines, write_members, write_plants
from reports.workbook_styles import Styles
from reports.workbook_summary import write_summary

SHEETS = ("Riepilogo", "Soci", "Impianti", "Energia oraria", "Movimenti", "Controlli")


def render(document: WorkbookDocument) -> bytes:
    """The workbook as XLSX bytes. Rows are written as they come: memory does not grow with their number."""
    output = io.BytesIO()
    title = f"Riepilogo di {formats.month(document.year, document.month)}, {plain(document.configuration.code, 60)}"
    first_day = date(document.year, document.month, 1)
    with new_workbook(output, title=title, author=document.issuer.name, day=first_day) as workbook:
        styles = Styles(workbook)
        month = f"{document.year}-{document.month:02d}"
        foot = f"{document.configuration.code} {month} v{document.version} {document.result_sha256[:16]}"
        sheets = {
            name: Sheet(workbook.add_worksheet(name), styles, foot=foot, landscape=name not in ("Riepilogo", "Controlli"))
            for name in SHEETS
        }
        write_summary(sheets["Riepilogo"], document)
        write_members(sheets["Soci"], document)
        write_plants(sheets["Impianti"], document)
        write_hours(sheets["Energia oraria"], document)
        write_lines(sheets["Movimenti"], document)
        write_checks(sheets["Controlli"], document)
    return output.getvalue()
