"""How Italians write it: 1.234,56 € · 12,345 kWh · 31/03/2023 · marzo 2023. Exact: integers in, text out, no float.

The blank before a unit is U+00A0, so that no line ever breaks between a number and its unit; the minus sign is U+2212.
"""

import unicodedata
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction

NBSP = "\u00a0"
MINUS = "\u2212"
MONTHS = (
    "gennaio",
    "febbraio",
    "marzo",
    "aprile",
    "maggio",
    "giugno",
    "luglio",
    "agosto",
    "settembre",
    "ottobre",
    "novembre",
    "dicembre",
)


def number(value: int | Decimal | Fraction, places: int = 0) -> str:
    """`value` with `places` decimals, comma and thousands points; rounded half-up for the eye only."""
    exact = Fraction(value)
    scaled = (abs(exact) * 10**places * 2 + 1) // 2
    whole, part = divmod(int(scaled), 10**places)
    text = f"{whole:,}".replace(",", ".")
    if places:
        text += f",{part:0{places}d}"
    return MINUS + text if exact < 0 and scaled else text


def short_number(value: Decimal | Fraction | int, places: int = 6) -> str:
    """Like `number`, without the zeros that say nothing: 10 not 10,00; 99,9."""
    text = number(value, places)
    return text.rstrip("0").rstrip(",") if "," in text else text


def euro(cents: int) -> str:
    return f"{number(Fraction(cents, 100), 2)}{NBSP}€"


def signed_euro(cents: int) -> str:
    """With a sign in front, also when it is a plus: for what is added to or taken from a sum."""
    return euro(cents) if cents <= 0 else f"+{euro(cents)}"


def kwh(wh: int) -> str:
    return f"{number(Fraction(wh, 1000), 3)}{NBSP}kWh"


def eur_per_mwh(ueur_per_mwh: int | Fraction) -> str:
    """A price in µ€/MWh as €/MWh, at least two decimals, at most six."""
    text = number(Fraction(ueur_per_mwh) / 1_000_000, 6)
    head, _, tail = text.partition(",")
    return f"{head},{tail.rstrip('0').ljust(2, '0')}{NBSP}€/MWh"


def percent(share: Fraction, places: int = 2) -> str:
    """A share 0..1 as a percentage; a share that is not nothing is never shown as nothing."""
    text = short_number(share * 100, places)
    if share and text == "0":
        return f"meno di {number(Fraction(1, 10**places), places)}{NBSP}%"
    return f"{text}{NBSP}%"


def percent_of_hundred(value: Decimal) -> str:
    """A percentage that is already one: Decimal("12.5") is 12,5 %."""
    return f"{short_number(value)}{NBSP}%"


def kilowatt(power_kw: Decimal) -> str:
    return f"{short_number(power_kw)}{NBSP}kW"


def day(value: date) -> str:
    return value.strftime("%d/%m/") + f"{value.year:04d}"


def month(year: int, number_of_month: int) -> str:
    return f"{MONTHS[number_of_month - 1]} {year}"


def eur_decimal(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


def kwh_decimal(wh: int) -> Decimal:
    return Decimal(wh).scaleb(-3)


def half_up(value: Fraction) -> int:
    """The nearest whole number, halves away from zero: for averages and pictures, never for money that is booked."""
    magnitude = (abs(value) * 2 + 1) // 2
    return -int(magnitude) if value < 0 else int(magnitude)


def plain(text: str, limit: int = 120) -> str:
    """`text` made harmless for one line of a document, whatever it is.

    No control, direction-changing or private characters, at most two combining marks in a row, blanks single, at most `limit`
    characters (an ellipsis stands for the rest). Letters of every alphabet stay as they are.
    """
    text = text[: 20 * limit]
    if not (text.isascii() and text.isprintable()):
        text = "".join(_harmless(unicodedata.normalize("NFC", text)))
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _harmless(text: str) -> Iterator[str]:
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if character.isspace():
            yield " "
        elif character.isprintable() and marks <= 2:
            yield character
