"""Many rows into a sheet at once: each row is one text, written straight into the file under construction.

XlsxWriter keeps an object per cell, checks it three times and builds its attributes one by one; a table whose columns have one
kind each needs none of that, and is written in a third of the time. This leans on how the library keeps its rows in
constant-memory mode, so it is used only with the version it was written for: `tests/reports/test_workbook_rows.py` holds that
the file has the same bytes as by the public way, which is taken with any other version.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

from reports.workbook_styles import Styles
from reports.workbook_values import Column, Formula, Row, column_letter, safe_and_styled, scaled

_KNOWN_VERSION = "3.3."
_SPECIAL = re.compile(r"[<>&\"\x00-\x1f]|_x[0-9a-fA-F]{4}_|^\s|\s$|[\ufffe\uffff]")
_CACHED_TEXTS = 20_000

Encoder = Callable[[int, Any], str]


def can_write_directly(columns: Sequence[Column]) -> bool:
    """Whether the library is the known one and every column has one kind."""
    import xlsxwriter

    return str(xlsxwriter.__version__).startswith(_KNOWN_VERSION) and all(column.kind != "any" for column in columns)


def write_directly(worksheet: Any, styles: Styles, columns: Sequence[Column], rows: Iterable[Row], *, first_row: int) -> int:
    """Write the rows from `first_row` on and return how many there were. The rows above must have been written before."""
    encoders = [_encoder(worksheet, styles, number, column.kind) for number, column in enumerate(columns)]
    worksheet._write_single_row(first_row)  # what the library still keeps of the row before
    write = worksheet.fh.write
    row = first_row
    for cells in rows:
        row += 1  # as the file counts
        parts = [encode(row, cell) for encode, cell in zip(encoders, cells, strict=True) if cell is not None and cell != ""]
        if parts:
            write(f'<row r="{row}">{"".join(parts)}</row>')
    if row > first_row:
        worksheet._check_dimensions(first_row, 0)
        worksheet._check_dimensions(row - 1, len(columns) - 1)
        worksheet.previous_row = row - 1
    return row - first_row


def _encoder(worksheet: Any, styles: Styles, number: int, kind: str) -> Encoder:
    """The function that turns one cell of a column into XML."""
    start = f'<c r="{column_letter(number)}'
    style = styles.kinds[kind]
    texts: dict[str, str] = {}

    def encode(row: int, cell: Any) -> str:
        if cell.__class__ is str:
            rest = texts.get(cell)
            if rest is None:
                rest = _text(worksheet, *safe_and_styled(styles, cell, style))
                if len(texts) < _CACHED_TEXTS:
                    texts[cell] = rest
            return f"{start}{row}{rest}"
        if cell.__class__ is Formula:
            return f"{start}{row}{_formula(worksheet, styles, cell)}"
        value = worksheet._convert_date_time(cell) if isinstance(cell, date) else scaled(cell, kind)
        return f'{start}{row}" s="{style._get_xf_index()}"><v>{value:.16G}</v></c>'

    return encode


def _text(worksheet: Any, text: str, style: Any) -> str:
    preserve = ""
    if _SPECIAL.search(text):
        preserve = ' xml:space="preserve"' if text != text.strip() else ""
        text = worksheet._escape_data(worksheet._escape_control_characters(text))
    return f'" s="{style._get_xf_index()}" t="inlineStr"><is><t{preserve}>{text}</t></is></c>'


def _formula(worksheet: Any, styles: Styles, cell: Formula) -> str:
    value = scaled(cell.value, cell.kind)
    kind = ' t="str"' if isinstance(value, str) and value else ""
    index = styles.kinds[cell.kind]._get_xf_index()
    formula, result = worksheet._escape_data(cell.text.removeprefix("=")), worksheet._escape_data(value)
    return f'" s="{index}"{kind}><f>{formula}</f><v>{result}</v></c>'
