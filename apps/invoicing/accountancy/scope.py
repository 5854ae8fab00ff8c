"""What an export is about: a community or one of its configurations, a period, and the runs that count in it."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.communities.models import Community, Configuration
from apps.invoicing.errors import RunNotApproved
from apps.settlement.history import list_approved_runs, list_corrections
from apps.settlement.models import SettlementRun


@dataclass(frozen=True, slots=True)
class Scope:
    """`configuration` None is all of the community; `run` narrows it to one run. Days are both included."""

    community: Community
    first_day: date
    last_day: date
    configuration: Configuration | None = None
    run: SettlementRun | None = None


def list_configurations(scope: Scope) -> list[Configuration]:
    """The configurations of the scope, by code."""
    if scope.configuration is not None:
        return [scope.configuration]
    return list(Configuration.objects.filter(community=scope.community).order_by("code"))


def list_counted_runs(scope: Scope) -> list[SettlementRun]:
    """The approved runs that speak for the months of the period, and their approved corrections, in the order of the books.

    A run that another took the place of is left out: its month would count twice. Errors: `RunNotApproved`.
    """
    if scope.run is not None:
        if scope.run.state not in SettlementRun.APPROVED_STATES:
            raise RunNotApproved(_("Run %(run)s is not approved: only approved runs stand in the books.") % {"run": scope.run})
        return [scope.run]
    found: list[SettlementRun] = []
    for configuration in list_configurations(scope):
        runs = list_approved_runs(
            configuration_id=configuration.pk,
            from_month=scope.first_day.replace(day=1),
            before=scope.last_day + timedelta(days=1),
        )
        found += [*runs, *list_corrections(runs)]
    return sorted(found, key=run_order)


def run_order(run: SettlementRun) -> tuple[str, date, bool, int]:
    """By configuration, month, and within the month the run before its corrections."""
    return run.configuration.code, run.month, run.corrects_id is not None, run.version


def last_day_of_month(month: date) -> date:
    """The day on which the books have a month."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def registered_on(run: SettlementRun) -> date | None:
    """The local day of the approval."""
    return run.approved_at.astimezone(timezone.get_default_timezone()).date() if run.approved_at else None
