"""A CSV or XLSX file as a table of cells, within bounds. Nothing is evaluated: a formula is a cell that cannot be used.

GSE publishes no layout, so nothing here knows what a column means. Errors: `FileRefused`, a sentence for who chose the file.
"""

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from apps.settlement.gse.errors import FileRefused

MAX_BYTES = 10 * 1024 * 1024
MAX_UNPACKED_BYTES = 48 * 1024 * 1024
MAX_PARTS = 500
MAX_ROWS = 20_000
MAX_COLUMNS = 60
MAX_CELLS = 200_000  # a file is read while a person waits: all other limits together would allow a minute of work
MAX_CELL = 500
_ZIP = b"PK\x03\x04"
_FORBIDDEN = (b"<!DOCTYPE", b"<!ENTITY")
_DELIMITERS = ";\t,|"

Cell = str | int | Decimal | date | None


class Formula(str):
    """The text of a formula: shown, never computed, never read as a value."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Table:
    """One sheet: `rows` are (line number of the file, cells), without the rows that are empty altogether."""

    sheets: tuple[str, ...]
    sheet: str
    rows: tuple[tuple[int, tuple[Cell, ...]], ...]

    @property
    def width(self) -> int:
        return max((len(cells) for _line, cells in self.rows), default=0)


def read_table(content: bytes, *, sheet: str = "") -> Table:
    """The table of a file, told by its content; `sheet` chooses one of a workbook (else the first). Errors: `FileRefused`."""
    if len(content) > MAX_BYTES:
        raise FileRefused(_("The file is larger than 10 MB. Divide it, then choose the parts one after the other."))
    if not content.strip():
        raise FileRefused(_("The file is empty. Choose the file that GSE or the bank gave you."))
    if content.startswith(_ZIP):
        return _read_workbook(content, sheet)
    if content.startswith((b"\xd0\xcf\x11\xe0", b"%PDF")):
        raise FileRefused(_("The file is neither CSV nor XLSX. Open it and save it as XLSX or CSV, then choose that file."))
    return _read_csv(content)


def _read_csv(content: bytes) -> Table:
    text = _decode(content)
    if "\x00" in text:
        raise FileRefused(_("The file is neither CSV nor XLSX. Open it and save it as XLSX or CSV, then choose that file."))
    lines = text.splitlines()[:50]
    delimiter = max(_DELIMITERS, key=lambda one: (sum(line.count(one) for line in lines), -_DELIMITERS.index(one)))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)

    def rows() -> Iterator[tuple[int, list[Cell]]]:
        begins = 1
        for cells in reader:
            yield begins, [cell.strip() or None for cell in cells]
            begins = reader.line_num + 1

    try:
        return Table(sheets=(), sheet="", rows=_bounded(rows()))
    except csv.Error as error:
        raise FileRefused(
            _("Line %(line)s of the file is not CSV: a quotation mark is not closed, or a cell is too long. Save the file again.")
            % {"line": reader.line_num}
        ) from error


def _decode(content: bytes) -> str:
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FileRefused(_("The text of the file cannot be read. Save it as CSV with the encoding UTF-8, then choose it again."))


def _read_workbook(content: bytes, wanted: str) -> Table:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    _refuse_hostile_archive(content)
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False, keep_vba=False)
        try:
            sheets = tuple(sheet.title for sheet in book.worksheets)
            if not sheets:
                raise FileRefused(_("The workbook has no sheet with cells. Choose another file."))
            name = wanted if wanted in sheets else sheets[0]
            chosen = next(sheet for sheet in book.worksheets if sheet.title == name)
            found = chosen.iter_rows(min_row=1, max_row=MAX_ROWS + 2, max_col=MAX_COLUMNS + 1)
            rows = ((line, [_cell(cell) for cell in cells]) for line, cells in enumerate(found, start=1))
            return Table(sheets=sheets, sheet=name, rows=_bounded(rows))
        finally:
            book.close()
    except FileRefused:
        raise
    except (
        InvalidFileException,
        zipfile.BadZipFile,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        SyntaxError,
        OSError,
    ) as error:
        raise _damaged() from error  # SyntaxError: what the parser of XML raises


def _refuse_hostile_archive(content: bytes) -> None:
    """Before anything is unpacked into memory: how large it becomes, and no document types in its XML."""
    too_much = _(
        "The workbook unpacks into more than this program reads. Keep only the sheet that you need, then choose it again."
    )
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
                raise FileRefused(too_much)
            left = MAX_UNPACKED_BYTES
            for part in parts:
                with archive.open(part) as opened:
                    head = opened.read(left + 1)
                left -= len(head)
                if left < 0:
                    raise FileRefused(too_much)
                if part.filename.endswith((".xml", ".rels")) and any(word in head for word in _FORBIDDEN):
                    raise FileRefused(
                        _("The workbook contains a document type, as no spreadsheet program writes it. It is not read.")
                    )
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise _damaged() from error
    except Exception as error:
        if type(error).__module__ == "zlib":
            raise _damaged() from error
        raise


def _damaged() -> FileRefused:
    return FileRefused(
        _("The workbook is damaged, protected by a password, or not an XLSX. Save it again as XLSX, then choose it.")
    )


def _cell(cell: object) -> Cell:
    value = getattr(cell, "value", None)
    if getattr(cell, "data_type", "") == "f":
        return Formula(str(value))
    if value is None or isinstance(value, bool):
        return None if value is None else str(value)
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date | int):
        return value
    if isinstance(value, float):
        # What the sheet shows, not the digits of its binary: sums of cents carry an error in the 12th decimal.
        return round(Decimal(repr(value)), 6) if abs(value) < 10**15 else str(value)
    return str(value).strip() or None


def _bounded(rows: Iterator[tuple[int, list[Cell]]]) -> tuple[tuple[int, tuple[Cell, ...]], ...]:
    """The rows that say something, without empty cells at their end. Errors: `FileRefused` beyond the bounds."""
    found: list[tuple[int, tuple[Cell, ...]]] = []
    filled = 0
    for line, cells in rows:
        while cells and cells[-1] is None:
            cells.pop()
        if not cells:
            continue
        if len(found) >= MAX_ROWS:
            raise FileRefused(_("The file has more than %(rows)s rows. Divide it.") % {"rows": MAX_ROWS})
        if len(cells) > MAX_COLUMNS:
            raise FileRefused(_("The file has more than %(columns)s columns. Keep those you need.") % {"columns": MAX_COLUMNS})
        if any(isinstance(cell, str) and len(cell) > MAX_CELL for cell in cells):
            raise FileRefused(
                _("A cell of line %(line)s has more than %(size)s characters. Choose the right file.")
                % {"line": line, "size": MAX_CELL}
            )
        filled += len(cells)
        if filled > MAX_CELLS:
            raise FileRefused(
                _("The file has more than %(cells)s cells. Keep what you need of it, or divide it.") % {"cells": MAX_CELLS}
            )
        found.append((line, tuple(cells)))
    if not found:
        raise FileRefused(_("The file has no rows. Choose the file, or the sheet, that has the amounts."))
    return tuple(found)


def header_of(table: Table, header_row: int) -> Sequence[str]:
    """The names of the columns from a line of the file (0: none), made unique; a column without a name has its letter."""
    cells = next((cells for line, cells in table.rows if line == header_row), ()) if header_row else ()
    names: list[str] = []
    for number in range(table.width):
        name = str(cells[number]) if number < len(cells) and cells[number] is not None else ""
        name = name or f"#{_letter(number)}"
        names.append(name if name not in names else f"{name} ({_letter(number)})")
    return names


def _letter(number: int) -> str:
    return chr(65 + number) if number < 26 else chr(64 + number // 26) + chr(65 + number % 26)
