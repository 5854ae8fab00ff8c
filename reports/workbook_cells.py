"""Writing cells: exact numbers, real dates, texts that never become formulas, totals that carry their value.

A sheet is written from top to bottom, one row in memory at a time. Money comes as whole cents and energy as whole Wh; they stand
in the file as the exact decimals 12.34 and 12.345, and the reader's program shows them with its own separators.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from reports.workbook_rows import can_write_directly, write_directly
from reports.workbook_styles import Styles
from reports.workbook_values import Cell, Column, Figure, Formula, Row, column_letter, footer_text, safe_and_styled, scaled

HEADER_ROW = 3  # rows 0-2: title, totals, blank
FIRST_ROW = HEADER_ROW + 1
_LEFT = ("text", "day", "instant")


class Sheet:
    """One sheet of a workbook, set up for A4 with its name, the page number and `foot` at the bottom."""

    def __init__(self, worksheet: Any, styles: Styles, *, foot: str, landscape: bool) -> None:
        self.worksheet = worksheet
        self.styles = styles
        worksheet.set_paper(9)
        worksheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.7)
        worksheet.fit_to_pages(1, 0)
        worksheet.hide_gridlines(2)
        worksheet.set_footer(f"&L&8{footer_text(foot)}&R&8&A, pagina &P di &N")
        if landscape:
            worksheet.set_landscape()

    def write(self, row: int, column: int, cell: Cell, kind: str = "text", *, bold: bool = False) -> None:
        """One cell of whatever sort; nothing for None."""
        if isinstance(cell, Figure):
            self.write(row, column, cell.value, cell.kind, bold=bold)
            return
        styles = self.styles.totals if bold else self.styles.kinds
        if cell is None:
            return
        if isinstance(cell, Formula):
            self.worksheet.write_formula(row, column, cell.text, styles[cell.kind], scaled(cell.value, cell.kind))
        elif isinstance(cell, str):
            self.write_text(row, column, cell, styles["text"])  # "" writes an empty cell with its colour
        elif isinstance(cell, date):
            self.worksheet.write_datetime(row, column, cell, styles[kind])
        else:
            self.worksheet.write_number(row, column, scaled(cell, kind), styles[kind])

    def write_text(self, row: int, column: int, value: str, style: Any) -> None:
        """A text, whatever it looks like; one that looks like a formula stays a text even when somebody edits it."""
        self.worksheet.write_string(row, column, *safe_and_styled(self.styles, value, style))

    def table(self, title: str, columns: Sequence[Column], rows: Iterable[Row], count: int) -> None:
        """Title, totals, frozen header and `count` rows. Totals stand above, where they stay in sight."""
        sheet = self.worksheet
        for number, column in enumerate(columns):
            sheet.set_column(number, number, column.width)
        sheet.set_row(0, 22)
        self.write_text(0, 0, title, self.styles.title)
        last = FIRST_ROW + max(count, 1)
        for number, column in enumerate(columns):
            if column.total is not None:
                letter = column_letter(number)
                formula = Formula(f"=SUM({letter}{FIRST_ROW + 1}:{letter}{last})", column.total, column.kind)
                self.write(1, number, formula, bold=True)
            elif any(one.total is not None for one in columns):
                self.write(1, number, "" if number else "Totale", bold=True)
        sheet.set_row(HEADER_ROW, 28)
        for number, column in enumerate(columns):
            style = self.styles.header if column.kind in _LEFT else self.styles.header_right
            self.write_text(HEADER_ROW, number, column.title, style)
        if can_write_directly(columns):
            written = write_directly(sheet, self.styles, columns, rows, first_row=FIRST_ROW)
        else:
            written = self._write_one_by_one(columns, rows)
        if written != count:
            raise ValueError(f"The sheet {title!r} was announced with {count} rows and has {written}.")
        sheet.freeze_panes(FIRST_ROW, 1)
        sheet.repeat_rows(HEADER_ROW)
        sheet.autofilter(HEADER_ROW, 0, last - 1, len(columns) - 1)

    def _write_one_by_one(self, columns: Sequence[Column], rows: Iterable[Row]) -> int:
        """Write the rows cell by cell and return how many there were."""
        row = FIRST_ROW
        for cells in rows:
            for number, (column, cell) in enumerate(zip(columns, cells, strict=True)):
                if cell is not None and cell != "":
                    self.write(row, number, cell, column.kind)
            row += 1
        return row - FIRST_ROW
