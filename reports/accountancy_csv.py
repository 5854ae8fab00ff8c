"""The books of a period as an archive of CSV files in Italian conventions, one per table, the same bytes every time."""

import io
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date
from typing import BinaryIO

from reports.accountancy_tables import Table, tables_of
from reports.csv_text import euro, safe, write
from reports.documents.accountancy import BooksDocument
from reports.formats import day
from reports.workbook_values import Cell

ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # a fixed date, so that the same tables make the same archive


def render(document: BooksDocument, output: BinaryIO) -> None:
    """Write the archive, row by row. Errors: `JournalDoesNotBalance`."""
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for table in tables_of(document):
            entry = zipfile.ZipInfo(f"{table.file}.csv", ZIP_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            with (
                archive.open(entry, "w", force_zip64=True) as member,
                io.TextIOWrapper(member, encoding="utf-8", newline="") as text,
            ):
                write(text, [column.title for column in table.columns], _rows(table))


def _rows(table: Table) -> Iterator[Sequence[str]]:
    kinds = [column.kind for column in table.columns]
    for row in table.rows():
        yield [text_of(cell, kind) for cell, kind in zip(row, kinds, strict=True)]


def text_of(cell: Cell, kind: str) -> str:
    """A cell as Italian programs read it: 1234,56 · 12,345 · 31/03/2023 · 03/2023; nothing for None."""
    if cell is None:
        return ""
    if isinstance(cell, date):
        return f"{cell:%m/%Y}" if kind == "month" else day(cell)
    if isinstance(cell, int):
        return euro(cell) if kind == "euro" else thousandths(cell) if kind == "kwh" else str(cell)
    return safe(str(cell))


def thousandths(wh: int) -> str:
    """Wh as kWh with a decimal comma and without thousands: 1234567 is 1234,567."""
    whole, part = divmod(abs(wh), 1000)
    return f"{'-' if wh < 0 else ''}{whole},{part:03d}"
