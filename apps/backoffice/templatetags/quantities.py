"""Numbers with their units, in the reader's format: {{ wh|kwh }}, {{ cents|euro }}. Exact: integers in, text out."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

from django import template
from django.utils.dates import MONTHS
from django.utils.formats import number_format
from django.utils.translation import get_language

register = template.Library()
NBSP = "\u00a0"


def _text(value: Decimal | int, places: int) -> str:
    return number_format(value, decimal_pos=places, use_l10n=True, force_grouping=True).replace("-", "\u2212")


def _signed(text: str, value: Decimal | int) -> str:
    return f"+{text}" if value > 0 else text


@register.filter
def whole(value: int) -> str:
    """12345 -> 12.345"""
    return _text(value, 0)


@register.filter
def kwh(wh: int) -> str:
    """12345 -> 12,345 kWh"""
    return kwh_number(wh) + NBSP + "kWh"


@register.filter
def kwh_number(wh: int) -> str:
    """12345 -> 12,345, for columns that carry the unit in their heading."""
    return _text(Decimal(wh).scaleb(-3), 3)


@register.filter
def kwh_change(wh: int) -> str:
    return _signed(kwh_number(wh), wh)


@register.filter
def euro(cents: int) -> str:
    """12345 -> 123,45 €"""
    return euro_number(cents) + NBSP + "€"


@register.filter
def euro_number(cents: int) -> str:
    return _text(Decimal(cents).scaleb(-2), 2)


@register.filter
def euro_change(cents: int) -> str:
    return _signed(euro_number(cents), cents)


@register.filter
def eur_per_mwh(ueur: int) -> str:
    """µ€/MWh as €/MWh without zeros that say nothing: 80000000 -> 80"""
    exact = Decimal(ueur).scaleb(-6)
    places = max(0, -int(exact.normalize().as_tuple().exponent))
    return _text(exact, places)


@register.filter
def kilowatt(power_kw: Decimal) -> str:
    """99.900 -> 99,9 kW"""
    exact = power_kw.normalize()
    return _text(exact, max(0, -int(exact.as_tuple().exponent))) + NBSP + "kW"


@register.filter
def percent(share: str | Fraction, places: int = 2) -> str:
    """A share 0..1 as a percentage: 0.55 -> 55 %; 1/3 -> 33,33 %"""
    hundredths = round(Fraction(share) * 100 * 10**places)
    exact = Decimal(hundredths).scaleb(-places).normalize()
    return _text(exact, max(0, -int(exact.as_tuple().exponent))) + NBSP + "%"


@register.filter
def month_name(month: date) -> str:
    """marzo 2023. In Italian the names of months are written small; Django's catalogue has them capital."""
    name = str(MONTHS[month.month])
    return f"{name.lower() if get_language() == 'it' else name} {month.year}"


@register.filter
def price(value: Decimal) -> str:
    """12.50000000 -> 12,50: two decimals, or as many as say something."""
    plain = value.normalize()
    return _text(plain, max(2, -int(plain.as_tuple().exponent)))


@register.filter
def exact(value: Decimal) -> str:
    """123.45600000 -> 123,456: every decimal that says something, and no other."""
    plain = value.normalize()
    return _text(plain, max(0, -int(plain.as_tuple().exponent)))
