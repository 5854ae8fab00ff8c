"""Read: which month of a configuration waits to be settled, and which runs wait for nothing any more."""

from datetime import date

from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.communities.models import Configuration, MeteringPoint
from apps.metering.queries import get_first_day_with_curves
from apps.settlement.models import SettlementRun


def find_month_to_settle(configuration: Configuration, *, before: date) -> date | None:
    """Return the first month that has curves and no run but an advance, of those that begin before `before`; None if none has.

    Months with a run are skipped without looking at curves, so a few index look-ups per POD suffice however long the history.
    """
    pods = list(MeteringPoint.objects.filter(configuration=configuration).values_list("pod_key", flat=True).distinct())
    runs = SettlementRun.objects.filter(configuration=configuration).exclude(kind=SettlementRun.Kind.ADVANCE)
    settled = set(runs.values_list("month", flat=True))
    month = configuration.starts_on.replace(day=1)
    while month < before:
        if month in settled:
            month = _next(month)
            continue
        day = get_first_day_with_curves(pods, from_day=month, before=before)
        if day is None or day.replace(day=1) == month:
            return day and month
        month = day.replace(day=1)
    return None


def exclude_overtaken(runs: QuerySet[SettlementRun]) -> QuerySet[SettlementRun]:
    """The same runs without those that nobody can approve any more, whatever becomes of them.

    Their month was approved as certainly or more (a provisional version beside an approved final run), or they post the
    difference to a month that was taken back.
    """
    approved = SettlementRun.objects.filter(
        configuration=OuterRef("configuration"), month=OuterRef("month"), state__in=SettlementRun.APPROVED_STATES
    )
    overtaken = Q(kind__in=[SettlementRun.Kind.CORRECTION, SettlementRun.Kind.REVERSAL]) & ~Q(
        corrects__state__in=SettlementRun.APPROVED_STATES
    )
    for place, kind in enumerate(SettlementRun.BASE_KINDS):
        overtaken |= Q(Exists(approved.filter(kind__in=SettlementRun.BASE_KINDS[place:])), kind=kind)
    return runs.exclude(~Q(state__in=SettlementRun.FROZEN_STATES) & overtaken)


def _next(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
