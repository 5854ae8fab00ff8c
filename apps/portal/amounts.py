"""Numbers as the reader writes them: 1.234,56 € in Italian, 1,234.56 € in English. Exact: whole cents and whole Wh in.

The blank before a unit is U+00A0, so that no line breaks between a number and its unit; the minus sign is U+2212.
"""

from decimal import ROUND_HALF_UP, Decimal

from django.utils.formats import number_format

NBSP = "\u00a0"
MINUS = "\u2212"


def euro(cents: int) -> str:
    return f"{_number(Decimal(cents).scaleb(-2), 2)}{NBSP}€"


def kwh(wh: int, places: int = 3) -> str:
    """Exact with three decimals; with fewer, rounded half-up for the eye."""
    return f"{_number(Decimal(wh).scaleb(-3), places)}{NBSP}kWh"


def percent(share: Decimal, places: int = 2) -> str:
    """A share 0..1 as a percentage without zeros that say nothing; a share that is not nothing is never shown as nothing."""
    value = _rounded(share * 100, places)
    if share and not value:
        return f"< {_number(Decimal(1).scaleb(-places), places)}{NBSP}%"
    shortest = value.normalize()
    decimals = shortest.as_tuple().exponent
    return f"{_number(value, max(0, -int(decimals)))}{NBSP}%"


def share_of(part: int, whole: int, places: int = 0) -> str:
    """`part` of `whole` as a percentage; an empty text when there is no whole."""
    return percent(Decimal(part) / Decimal(whole), places) if whole else ""


def _number(value: Decimal, places: int) -> str:
    text = number_format(abs(_rounded(value, places)), decimal_pos=places, use_l10n=True, force_grouping=True)
    return f"{MINUS}{text}" if _rounded(value, places) < 0 else text


def _rounded(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
