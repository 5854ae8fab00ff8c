"""What stands in a cell: texts, exact numbers, dates, formulas with their value; and how each becomes safe to write."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from reports.formats import plain
from reports.workbook_styles import Styles

RISKY = ("=", "+", "-", "@", "\t", "\r", "|", "%")
PLACES = {"euro": -2, "kwh": -3}

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


def scaled(value: int | Decimal | str, kind: str) -> Decimal | int | str:
    """Cents and Wh as euros and kWh, exactly; everything else as it is."""
    return Decimal(value).scaleb(PLACES[kind]) if kind in PLACES and isinstance(value, int) else value


def ratio(numerator: int, denominator: int) -> Decimal:
    """A share to eight decimals, half-up: for the eye, beside the exact amount. `denominator` is positive."""
    return Decimal((2 * numerator * 10**8 + denominator) // (2 * denominator)).scaleb(-8)


def safe_text(value: str) -> str:
    """One harmless line. The library takes `<r>…</r>` for ready-made markup: a blank at the end makes it a text again."""
    text = plain(value, 250)
    return f"{text} " if text.endswith("</r>") else text


def safe_and_styled(styles: Styles, value: str, style: Any) -> tuple[str, Any]:
    """The harmless text and the style that it needs: one that looks like a formula is quoted."""
    text = safe_text(value)
    return text, styles.quoted if text.startswith(RISKY) else style


def footer_text(value: str) -> str:
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
