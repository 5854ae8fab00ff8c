"""A workbook under construction, set up so that the same rows make the same bytes and no text becomes anything else."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, BinaryIO

from reports.formats import plain


@contextmanager
def new_workbook(output: BinaryIO, *, title: str, author: str, day: date) -> Iterator[Any]:
    """A workbook that is in `output` when the block ends. Rows are written as they come: memory does not grow with them."""
    import xlsxwriter

    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(output, options) as workbook:
        workbook.set_properties(
            {
                "title": title,
                "author": plain(author),
                "company": plain(author),
                # a file has to have a date, and the day it happened to be written on would make other bytes every time
                "created": datetime(day.year, day.month, day.day),  # noqa: DTZ001
            }
        )
        yield workbook
