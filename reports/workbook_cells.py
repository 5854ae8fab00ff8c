"""Writing cells: exact numbers, real dates, texts that never become formulas, totals that carry their value.

A sheet is written from top to bottom, one row in memory at a time. Money comes as whole cents and energy as whole Wh; they stand
in the file as the exact decimals 12.34 and 12.345, and the reader's program shows them with its own separators.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from reports.formats import plain
from reports.workbook_styles import Styles

HEADER_ROW = 3  # rows 0-2: title, totals, blank
FIRST_ROW = HEADER_ROW + 1
_RISKY = ("=", "+", "-", "@", "\t", "\r", "|", "%")
_PLACES = {"euro": -2, "kwh": -3}
_LEFT = ("text", "day", "instant")

Value = str | int | Decimal | date | datetime | None


@dataclass(frozen=True, slots=True)
class Column:
    """`kind`: text, euro (cents), kwh (Wh), number, price, percent (a share), count, day, instant (naive UTC), or any: each cell
    brings its own. `total`: the sum of the column in the same unit, or None."""

    title: str
    width: float
    kind: str = "text"
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with its own kind, for columns that mix them."""

    value: Value
    kind: str


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula with the value it has, in the unit of `kind`: programs that do not calculate show that."""

    text: str
    value: int | Decimal | str
    kind: str = "text"


Cell = Value | Figure | Formula
Row = Sequence[Cell]


class Sheet:
    """One sheet of a workbook, set up for A4 with its name, the page number and `foot` at the bottom."""

    def __init__(self, worksheet: Any, styles: Styles, *, foot: str, landscape: bool) -> None:
        self.worksheet = worksheet
        self.styles = styles
        worksheet.set_paper(9)
        worksheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.7)
        worksheet.fit_to_pages(1, 0)
        worksheet.hide_gridlines(2)
        worksheet.set_footer(f"&L&8{_footer_text(foot)}&R&8&A, pagina &P di &N")
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
            self.worksheet.write_formula(row, column, cell.text, styles[cell.kind], _scaled(cell.value, cell.kind))
        elif isinstance(cell, str):
            self.write_text(row, column, cell, styles["text"])  # "" writes an empty cell with its colour
        elif isinstance(cell, date):
            self.worksheet.write_datetime(row, column, cell, styles[kind])
        else:
            self.worksheet.write_number(row, column, _scaled(cell, kind), styles[kind])

    def write_text(self, row: int, column: int, value: str, style: Any) -> None:
        """A text, whatever it looks like; one that looks like a formula stays a text even when somebody edits it."""
        text = safe_text(value)
        self.worksheet.write_string(row, column, text, self.styles.quoted if text.startswith(_RISKY) else style)

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
        writers = [self._writer(number, column.kind) for number, column in enumerate(columns)]
        row = FIRST_ROW
        for cells in rows:
            for write, cell in zip(writers, cells, strict=True):
                if cell is not None and cell != "":
                    write(row, cell)
            row += 1
        if row != FIRST_ROW + count:
            raise ValueError(f"The sheet {title!r} was announced with {count} rows and has {row - FIRST_ROW}.")
        sheet.freeze_panes(FIRST_ROW, 1)
        sheet.repeat_rows(HEADER_ROW)
        sheet.autofilter(HEADER_ROW, 0, last - 1, len(columns) - 1)

    def _writer(self, number: int, kind: str) -> Callable[[int, Any], None]:
        """The way to write the cells of one column, decided once and not for each."""
        if kind == "any":
            return lambda row, cell: self.write(row, number, cell)
        style, write_number = self.styles.kinds[kind], self.worksheet.write_number
        places = _PLACES.get(kind)

        def write(row: int, cell: Any) -> None:
            if cell.__class__ is str:
                self.write_text(row, number, cell, style)
            elif cell.__class__ is int and places is not None:
                write_number(row, number, Decimal(cell).scaleb(places), style)
            else:
                self.write(row, number, cell, kind)

        return write


def _scaled(value: int | Decimal | str, kind: str) -> Decimal | int | str:
    """Cents and Wh as euros and kWh, exactly; everything else as it is."""
    return Decimal(value).scaleb(_PLACES[kind]) if kind in _PLACES and isinstance(value, int) else value


def ratio(numerator: int, denominator: int) -> Decimal:
    """A share to eight decimals, half-up: for the eye, beside the exact amount. `denominator` is positive."""
    return Decimal((2 * numerator * 10**8 + denominator) // (2 * denominator)).scaleb(-8)


def safe_text(value: str) -> str:
    """One harmless line. The library takes `<r>…</r>` for ready-made markup: a blank at the end makes it a text again."""
    text = plain(value, 250)
    return f"{text} " if text.endswith("</r>") else text


def _footer_text(value: str) -> str:
    """`&` begins a command in a footer, and `&&` is the letter."""
    return plain(value, 100).replace("&", "&&")


def column_letter(number: int) -> str:
    """0 is A, 25 is Z, 26 is AA."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
