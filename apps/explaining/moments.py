"""Instants as people in Italy read them."""

from datetime import date, datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.engine.calendar import day_starts_at

HOUR = timedelta(hours=1)


def local(at: datetime) -> datetime:
    return at.astimezone(timezone.get_default_timezone())


def clock(at: datetime) -> str:
    return f"{local(at):%H:%M}"


def hour_name(day: date, hour: int) -> str:
    """13:00–14:00; the hour that comes twice in October says which of the two it is."""
    starts_at = day_starts_at(day) + hour * HOUR
    name = f"{clock(starts_at)}–{(local(starts_at).hour + 1) % 24:02}:00"  # by the wall clock, whatever it does at the end
    if clock(starts_at) not in (clock(starts_at - HOUR), clock(starts_at + HOUR)):
        return name
    return f"{name} ({_('ora legale') if local(starts_at).dst() else _('ora solare')})"
