"""Read: which month of a configuration waits to be settled."""

from datetime import date

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


def _next(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
