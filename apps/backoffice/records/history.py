"""What is history already and may not be corrected in place."""

from datetime import date

from apps.communities.models import Configuration
from apps.settlement.models import SettlementRun


def list_approved_months(configuration: Configuration) -> frozenset[date]:
    """The months (first days) of a configuration that an approved run settled."""
    runs = SettlementRun.objects.filter(configuration=configuration, state__in=SettlementRun.FROZEN_STATES)
    return frozenset(runs.values_list("month", flat=True))
