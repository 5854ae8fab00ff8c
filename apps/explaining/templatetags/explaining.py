"""Filters of the explanations: exact numbers with their units."""

from datetime import date

from django import template
from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from apps.explaining import numbers

register = template.Library()
register.filter("euro", numbers.euro)
register.filter("exact_euro", numbers.exact_euro)
register.filter("kwh", numbers.kwh)
register.filter("kwh_number", numbers.kwh_number)
register.filter("wh_text", numbers.wh_text)
register.filter("price", numbers.price)
register.filter("percent", numbers.percent)


@register.filter
def day_name(day: date, form: str = "l j F Y") -> str:
    """Mercoledì 15 novembre 2023: in Italian, names of days and months are written small."""
    text = date_format(day, form)
    return text.lower() if get_language() == "it" else text


@register.filter
def picture(svg: str) -> SafeString:
    """An SVG of `reports`, which escapes every text it draws, put into the page as it is."""
    return mark_safe(svg)  # noqa: S308  # nosec B308 B703
