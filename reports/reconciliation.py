"""The reconciliation as CSV and as a workbook, in Italian conventions; texts stay texts."""

import io
from collections.abc import Iterator

from reports import words
from reports.csv_text import euro, safe, to_bytes
from reports.documents.reconciliation import ReconciliationDocument, ReconciliationRow
from reports.formats import plain
from reports.workbook_cells import Sheet
from reports.workbook_file import new_workbook
from reports.workbook_styles import Styles
from reports.workbook_values import Column, Row

SHEET = "Riconciliazione"
AMOUNTS = (
    ("own_cents", "Calcolo proprio (€)"),
    ("expected_advance_cents", "Acconto atteso (€)"),
    ("advance_cents", "Acconto GSE (€)"),
    ("true_up_cents", "Conguagli GSE (€)"),
    ("gse_cents", "GSE in tutto (€)"),
    ("bank_cents", "Banca (€)"),
    ("gse_difference_cents", "GSE − calcolo (€)"),
    ("bank_difference_cents", "Banca − GSE (€)"),
)


def render_csv(document: ReconciliationDocument) -> bytes:
    """CSV bytes: an empty cell is an amount that is not known."""
    header = ("Mese", "Contributo", *(title for _name, title in AMOUNTS), "Esito", "Motivi")
    return to_bytes(header, _lines(document))


def render_xlsx(document: ReconciliationDocument) -> bytes:
    """XLSX bytes, the same for the same document."""
    output = io.BytesIO()
    title = f"{SHEET} {document.year} – {plain(document.configuration, 80)}"
    with new_workbook(output, title=title, author=document.community, day=document.day) as workbook:
        sheet = Sheet(
            workbook.add_worksheet(SHEET), Styles(workbook), foot=f"{document.community} {document.year}", landscape=True
        )
        totals = {name: sum(getattr(row, name) or 0 for row in document.rows) for name, _title in AMOUNTS}
        columns = (
            Column("Mese", 16, "month"),
            Column("Contributo", 28),
            *(Column(heading, 15, "euro", totals[name]) for name, heading in AMOUNTS),
            Column("Esito", 12),
            Column("Motivi", 70),
        )
        sheet.table(title, columns, (_cells(row) for row in document.rows), len(document.rows))
    return output.getvalue()


def _cells(row: ReconciliationRow) -> Row:
    amounts = (getattr(row, name) for name, _title in AMOUNTS)
    return (row.month, words.CONTRIBUTIONS[row.contribution], *amounts, row.outcome, row.reasons)


def _lines(document: ReconciliationDocument) -> Iterator[tuple[str, ...]]:
    for row in document.rows:
        amounts = (getattr(row, name) for name, _title in AMOUNTS)
        yield (
            f"{row.month:%m/%Y}",
            words.CONTRIBUTIONS[row.contribution],
            *("" if cents is None else euro(cents) for cents in amounts),
            safe(row.outcome),
            safe(row.reasons),
        )
