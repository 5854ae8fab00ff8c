"""Read: what the runs of a month posted together, and whether a correction still stands on it."""

from collections.abc import Collection, Sequence
from dataclasses import astuple
from typing import Any

from django.db import connection
from django.db.models import Sum
from django.utils.translation import gettext as _

from apps.engine.correction import Posted
from apps.engine.inputs import Contribution, YearToDate
from apps.engine.payees import Payee
from apps.engine.results import MemberResult
from apps.settlement.errors import RunChanged
from apps.settlement.history import get_year_of_run, list_corrections
from apps.settlement.models import LedgerEntry, SettlementRun
from apps.settlement.models import MemberResult as MemberRow

YEAR_LOCK = 7103  # advisory lock space: corrections of one configuration are approved one after the other
SUMS = (
    *("injected_wh", "withdrawn_wh", "shared_wh", "incentivised_wh"),
    *("premium_cents", "valorisation_cents", "excess_cents"),
)


def get_posted_amounts(run_ids: Collection[int]) -> dict[Payee, int]:
    """Cents per contribution and member or account that these runs posted together, summed by the database."""
    entries = LedgerEntry.objects.filter(run__in=run_ids).order_by().values_list("contribution", "member__code", "account")
    return {
        Payee(Contribution(contribution), member or "", account): int(cents)
        for contribution, member, account, cents in entries.annotate(cents_posted=Sum("cents"))
    }


def get_posted_members(run_ids: Collection[int]) -> dict[str, MemberResult]:
    """Energies (Wh) and cents per member code over these runs."""
    rows = MemberRow.objects.filter(run__in=run_ids).order_by().values_list("member__code")
    return {code: MemberResult(code, *map(int, sums)) for code, *sums in rows.annotate(*(Sum(name) for name in SUMS))}


def get_posted(run_ids: Collection[int]) -> Posted:
    """What a correction takes its differences against."""
    return Posted(get_posted_amounts(run_ids), get_posted_members(run_ids))


def list_ground(run: SettlementRun) -> list[int]:
    """The runs that a correction is the difference to: the one it corrects and its other approved corrections, oldest first."""
    base = run.corrects
    if base is None or base.state not in SettlementRun.APPROVED_STATES:
        return []
    return [base.pk, *(other.pk for other in list_corrections([base]) if other.pk != run.pk)]


def describe_ground(run: SettlementRun, year: Sequence[YearToDate]) -> dict[str, Any]:
    """What a correction stands on, as JSON: the runs of its month so far and the figures of the other months of the year."""
    return {"against": list_ground(run), "year": [list(astuple(row)) for row in year]}


def refuse_stale_correction(run: SettlementRun) -> None:
    """Refuse to approve a difference to something that is no longer what was posted. Inside a transaction.

    Corrections of one configuration wait for each other here, so two of them cannot both stand on the same ground.
    Errors: `RunChanged`.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [YEAR_LOCK, run.configuration_id])
    if describe_ground(run, get_year_of_run(run)) != run.facts["correction"]:
        raise RunChanged(
            _(
                "Correction %(run)s was computed before another run of its year was settled or corrected. "
                "Open the correction again, so that it posts the difference to what holds now."
            )
            % {"run": run}
        )
