"""Numbers as an explanation writes them, in the reader's format: exact integers and fractions in, text out."""

from decimal import Decimal
from fractions import Fraction

from django.utils.formats import number_format

NBSP = "\u00a0"
MINUS = "\u2212"
_LONGEST_EXACT = 6


def number(value: int | Decimal | Fraction, places: int = 0) -> str:
    """With `places` decimals, rounded half-up for the eye."""
    scaled = (abs(Fraction(value)) * 10**places * 2 + 1) // 2
    text = number_format(Decimal(int(scaled)).scaleb(-places), decimal_pos=places, use_l10n=True, force_grouping=True)
    return f"{MINUS}{text}" if value < 0 and scaled else text


def short(value: int | Decimal | Fraction, least: int = 0) -> str:
    """Every decimal that says something, `least` of them at least and six at most; more are cut with an ellipsis."""
    exact = Fraction(value)
    for places in range(least, _LONGEST_EXACT + 1):
        if (exact * 10**places).denominator == 1:
            return number(exact, places)
    cut = Fraction(int(abs(exact) * 10**_LONGEST_EXACT), 10**_LONGEST_EXACT)
    return (MINUS if exact < 0 else "") + number(cut, _LONGEST_EXACT) + "…"


def euro(cents: int) -> str:
    return f"{number(Fraction(cents, 100), 2)}{NBSP}€"


def exact_euro(cents: Fraction | int) -> str:
    """Cents and parts of a cent as euros, not rounded: 3,456789… €"""
    return f"{short(Fraction(cents) / 100, 2)}{NBSP}€"


def signed_euro(cents: int) -> str:
    return f"+{euro(cents)}" if cents > 0 else euro(cents)


def kwh(wh: int) -> str:
    return f"{number(Fraction(wh, 1000), 3)}{NBSP}kWh"


def kwh_number(wh: int) -> str:
    return number(Fraction(wh, 1000), 3)


def wh_text(wh: int | Fraction) -> str:
    return f"{short(wh)}{NBSP}Wh"


def eur_per_mwh(ueur: int) -> str:
    """µ€/MWh as €/MWh: 80, but 150,25"""
    return short(Fraction(ueur, 10**6), 0)


def price(ueur: int) -> str:
    return f"{number(Fraction(ueur, 10**6), 2) if ueur % 10**4 == 0 else eur_per_mwh(ueur)}"


def percent(share: Fraction | Decimal, places: int = 2) -> str:
    """A share 0..1, rounded for the eye; one that is not nothing is never shown as nothing."""
    rounded = round(Fraction(share) * 100, places)
    if share > 0 and not rounded:
        return f"< {number(Fraction(1, 10**places), places)}{NBSP}%"
    return f"{short(rounded)}{NBSP}%"
