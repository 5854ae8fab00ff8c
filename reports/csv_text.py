"""CSV as Italian programs and offices read it: `;` between cells, CRLF after rows, UTF-8, and no text that becomes a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import TextIO

from reports import xml_writer
from reports.formats import plain
from reports.workbook_values import RISKY

BYTE_ORDER_MARK = "\ufeff"
LONGEST_TEXT = 250


def to_bytes(header: Sequence[str], rows: Iterable[Sequence[str]], *, mark: bool = True) -> bytes:
    """The table as bytes. The mark at the beginning tells a spreadsheet that the file is UTF-8; machines are better without."""
    output = io.StringIO(newline="")
    write(output, header, rows, mark=mark)
    return output.getvalue().encode()


def write(output: TextIO, header: Sequence[str], rows: Iterable[Sequence[str]], *, mark: bool = True) -> None:
    """The table into an open text file that leaves line ends alone, row by row."""
    if mark:
        output.write(BYTE_ORDER_MARK)
    writer = csv.writer(output, delimiter=";", lineterminator="\r\n", quoting=csv.QUOTE_MINIMAL)
    writer.writerow(header)
    writer.writerows(rows)


def safe(text: str) -> str:
    """One harmless line; an apostrophe in front of what a spreadsheet would compute."""
    line = plain(text, LONGEST_TEXT)
    return f"'{line}" if line.startswith(RISKY) else line


def euro(cents: int) -> str:
    """Cents with a decimal comma and without thousands: 123456 is 1234,56."""
    return xml_writer.euro(cents).replace(".", ",")
