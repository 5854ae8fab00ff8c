"""Filters of the portal's pages: amounts in the reader's language, and pictures."""

from django import template
from django.utils.safestring import SafeString, mark_safe

from apps.portal import amounts

register = template.Library()
register.filter("euro", amounts.euro)
register.filter("kwh", amounts.kwh)
register.filter("share_of", amounts.share_of)


@register.filter
def picture(svg: str) -> SafeString:
    """An SVG of `reports`, which escapes every text it draws, put into the page as it is."""
    return mark_safe(svg)  # noqa: S308  # nosec B308 B703
