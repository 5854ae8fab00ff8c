"""The workers' door to late data: look at approved months again and propose what a person may correct."""

import logging
from dataclasses import replace
from datetime import date

from celery import shared_task
from django.utils import timezone

from apps.communities.errors import CommunityError
from apps.communities.models import Configuration
from apps.engine.digest import inputs_sha256
from apps.engine.errors import RuleViolation
from apps.engine.inputs import MonthInputs
from apps.engine.run_mixture import changed_groups
from apps.settlement.errors import SettlementError
from apps.settlement.inputs import get_month_inputs
from apps.settlement.models import SettlementRun
from apps.settlement.models.proposal import OTHER_MONTHS
from apps.settlement.proposals import list_runs_to_watch, propose_correction, withdraw_proposal
from apps.settlement.year_closing import find_open_year
from tasks.comparisons import read_run_inputs

log = logging.getLogger(__name__)
# Measures may change until the 61st month (RO p.34-39).
MONTHS_WATCHED = 61


@shared_task(name="settlement.propose_corrections")
def propose_corrections() -> None:
    """Look at every approved month that may still change. Looks at what holds, so a missed or doubled tick does no harm."""
    today = timezone.localdate()
    number = today.year * 12 + today.month - 1 - MONTHS_WATCHED
    oldest = date(number // 12, number % 12 + 1, 1)
    for configuration_id in Configuration.objects.order_by("pk").values_list("pk", flat=True):
        for run in list_runs_to_watch(configuration_id=configuration_id, from_month=oldest, before=today):
            look_again.delay(run.pk)


@shared_task(name="settlement.look_again")
def look_again(run_id: int) -> None:
    """Compare the facts of an approved run with those of today; propose a correction where they differ. Nothing is settled.

    What earlier or later months posted is left aside: it changes with every run of the year and is no late data. Only where the
    months no longer sum to the year's excess, one correction is proposed that closes it. Facts that cannot be gathered (a point
    or a price is gone) are left for a person who opens a run, and said in the log.
    """
    run = SettlementRun.objects.select_related("configuration", "corrects").get(pk=run_id)
    if run.state not in SettlementRun.APPROVED_STATES:
        return
    try:
        changed, today_sha256 = find_changed_facts(run)
    except (SettlementError, CommunityError, RuleViolation) as error:
        log.warning("Run %s cannot be looked at again: %s", run, error)
        return
    if not changed and (year_sha256 := find_open_year(run)):
        changed, today_sha256 = (OTHER_MONTHS,), year_sha256
    if changed:
        propose_correction(run=run, inputs_sha256=today_sha256, causes=changed, as_of=timezone.now())
    else:
        withdraw_proposal(run=run)


def find_changed_facts(run: SettlementRun) -> tuple[tuple[str, ...], str]:
    """Which groups of facts are no longer those that the run was settled from, and the hash of today's; nothing if none is.

    What other months posted is left aside. Errors: those of gathering a month, and of reading the run's snapshot.
    """
    now = get_month_inputs(run_id=run.pk)
    if inputs_sha256(now) == run.inputs_sha256:
        return (), ""
    return changed_groups(read_run_inputs(run), now), inputs_sha256(_without_year(now))


def _without_year(inputs: MonthInputs) -> MonthInputs:
    return replace(inputs, year_to_date=())
