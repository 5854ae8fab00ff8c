"""Writes periods that must never overlap, in steps of which none does. The database refuses overlaps row by row."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Manager, Model

from apps.communities.models import Membership


def make_room(rows: Sequence[Model], starts: str, ends: str) -> None:
    """Let stored rows first give up the days that they are to lose; afterwards every row can be saved in any order.

    `rows` hold their new dates; where they are to end up they do not overlap, and each overlaps the days it holds now.
    """
    if not rows:
        return
    manager: Manager[Any] = type(rows[0])._default_manager
    stored = manager.in_bulk([row.pk for row in rows])
    for row in rows:
        before = stored[row.pk]
        first = max(getattr(before, starts), getattr(row, starts))
        days = [day for day in (getattr(before, ends), getattr(row, ends)) if day is not None]
        last = min(days, default=None)
        if last is None or first < last:
            manager.filter(pk=row.pk).update(**{starts: first, ends: last})


@transaction.atomic
def write_memberships(*, changed: Sequence[Membership], new: Sequence[Membership]) -> None:
    """Save periods of membership that, all together, do not overlap."""
    make_room(changed, "joined_on", "left_on")
    for period in (*changed, *new):
        period.save()
