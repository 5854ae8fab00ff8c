"""Prices and their instants as people read them."""

from datetime import datetime
from decimal import Decimal

from django.utils import timezone
from django.utils.formats import date_format, number_format

from apps.settlement.prices.queries import local_text


def instant_text(instant: datetime, form: str = "d/m/Y H:i") -> str:
    """An instant in Italian time; the hour that October has twice also says its offset."""
    return date_format(timezone.localtime(instant), form) + local_text(instant)[16:]


def price_text(price: Decimal) -> str:
    """As published, without zeros that say nothing, but never less than the two decimals of a price."""
    places = -int(price.normalize().as_tuple().exponent)
    return number_format(price, max(2, places))
