"""Single cells into exact values: amounts, months, days. Errors: `CellRefused`, a sentence that shows the cell."""

import re
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from apps.settlement.gse.errors import CellRefused
from apps.settlement.gse.table_file import Cell, Formula

MAX_CENTS = 10**13
FIRST_YEAR, LAST_YEAR = 2000, 2199
_MONTHS = ("gen", "feb", "mar", "apr", "mag", "giu", "lug", "ago", "set", "ott", "nov", "dic")
_ENGLISH = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_GROUPED = re.compile(r"[+-]?\d{1,3}(\.\d{3})+(,\d+)?")
_GROUPED_ENGLISH = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")


def read_cents(cell: Cell, *, decimal_comma: bool) -> int:
    """An amount in euros as cents: at most two decimals that are not zero. `(1,00)`, `1,00-` and `−1,00` are negative."""
    if isinstance(cell, Formula):
        raise _formula(cell)
    if isinstance(cell, date) or cell is None:
        raise CellRefused(_("“%(cell)s” is not an amount. Correct the cell, or the mapping.") % {"cell": _shown(cell)})
    if isinstance(cell, int | Decimal):
        return _exact(Decimal(cell), cell)
    text = re.sub(r"[\s\u00a0\u202f'’€]|EUR", "", cell).replace("−", "-").replace("–", "-")
    if text.startswith("(") and text.endswith(")"):
        text = f"-{text[1:-1]}"
    if text.endswith("-") and len(text) > 1:
        text = f"-{text[:-1]}"
    if decimal_comma:
        if "." in text and not _GROUPED.fullmatch(text):
            raise CellRefused(
                _("“%(cell)s” has a point where the mapping expects a decimal comma. Correct the cell, or the mapping.")
                % {"cell": _shown(cell)}
            )
        text = text.replace(".", "").replace(",", ".")
    else:
        if "," in text and not _GROUPED_ENGLISH.fullmatch(text):
            raise CellRefused(
                _("“%(cell)s” has a comma where the mapping expects a decimal point. Correct the cell, or the mapping.")
                % {"cell": _shown(cell)}
            )
        text = text.replace(",", "")
    if not _NUMBER.fullmatch(text) or not text.isascii():
        raise CellRefused(_("“%(cell)s” is not an amount. Correct the cell, or the mapping.") % {"cell": _shown(cell)})
    return _exact(Decimal(text), cell)


def read_day(cell: Cell, *, day_first: bool) -> date:
    """A day: a date of the workbook, `2023-04-25`, `25/04/2023`, `25.4.2023`, or month first where the mapping says so."""
    if isinstance(cell, Formula):
        raise _formula(cell)
    if isinstance(cell, date):
        return _within(cell, cell)
    text = str(cell).strip().split("T")[0].split(" ")[0] if cell is not None else ""
    parts = re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", text, re.ASCII)
    if parts:
        return _day(int(parts[1]), int(parts[2]), int(parts[3]), cell)
    parts = re.fullmatch(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4})", text, re.ASCII)
    if parts:
        day, month = (int(parts[1]), int(parts[2])) if day_first else (int(parts[2]), int(parts[1]))
        return _day(int(parts[3]), month, day, cell)
    if re.fullmatch(r"(20|21)\d{6}", text, re.ASCII):
        return _day(int(text[:4]), int(text[4:6]), int(text[6:]), cell)
    raise CellRefused(_("“%(cell)s” is not a day. Write it as 25/04/2023 or 2023-04-25.") % {"cell": _shown(cell)})


def read_month(cell: Cell, *, day_first: bool) -> date:
    """The first day of a month: `2023-04`, `04/2023`, `202304`, `aprile 2023`, or any day of it."""
    if isinstance(cell, Formula):
        raise _formula(cell)
    if isinstance(cell, date):
        return _within(cell, cell).replace(day=1)
    text = str(cell).strip().lower() if cell is not None else ""
    for pattern, year, month in (
        (r"(\d{4})[-/.](\d{1,2})", 1, 2),
        (r"(\d{1,2})[-/.](\d{4})", 2, 1),
        (r"((?:20|21)\d{2})(\d{2})", 1, 2),
    ):
        parts = re.fullmatch(pattern, text, re.ASCII)
        if parts:
            return _day(int(parts[year]), int(parts[month]), 1, cell)
    words = re.fullmatch(r"([a-z]{3,})[\s./-]*(\d{4})", text)
    if words:
        for names in (_MONTHS, _ENGLISH):
            if words[1][:3] in names:
                return _day(int(words[2]), names.index(words[1][:3]) + 1, 1, cell)
    try:
        return read_day(cell, day_first=day_first).replace(day=1)
    except CellRefused:
        raise CellRefused(
            _("“%(cell)s” is not a month. Write it as 04/2023, 2023-04 or aprile 2023.") % {"cell": _shown(cell)}
        ) from None


def read_text(cell: Cell, longest: int) -> str:
    """One line of text without control characters, cut to what the record holds."""
    if isinstance(cell, Formula):
        raise _formula(cell)
    text = "" if cell is None else str(cell)
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:longest]


def _exact(euros: Decimal, cell: Cell) -> int:
    cents = euros.scaleb(2)
    if cents != cents.to_integral_value():
        raise CellRefused(
            _("“%(cell)s” has more than two decimals: an amount is in whole cents. Correct the cell, or the mapping.")
            % {"cell": _shown(cell)}
        )
    if abs(cents) > MAX_CENTS:
        raise CellRefused(_("“%(cell)s” is too large for an amount. Correct the cell, or the mapping.") % {"cell": _shown(cell)})
    return int(cents)


def _day(year: int, month: int, day: int, cell: Cell) -> date:
    try:
        return _within(date(year, month, day), cell)
    except ValueError:
        raise CellRefused(
            _("“%(cell)s” is not a day of the calendar. Correct the cell, or the mapping.") % {"cell": _shown(cell)}
        ) from None


def _within(day: date, cell: Cell) -> date:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise CellRefused(_("The year of “%(cell)s” cannot be. Correct the cell, or the mapping.") % {"cell": _shown(cell)})
    return day


def _formula(cell: Formula) -> CellRefused:
    return CellRefused(
        _("“%(cell)s” is a formula, and formulas are not computed. Save the sheet with values in place of formulas.")
        % {"cell": _shown(cell)}
    )


def _shown(cell: Cell) -> str:
    return "" if cell is None else str(cell)[:60]
