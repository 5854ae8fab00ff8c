"""Read: what the runs of a month posted together, and whether a run that posts the difference still stands on it."""

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
from apps.settlement.errors import KindTooLate, RunChanged, RunNotOpen
from apps.settlement.history import certainty, get_base, get_year_of_run, list_corrections
from apps.settlement.models import LedgerEntry, SettlementRun
from apps.settlement.models import MemberResult as MemberRow

YEAR_LOCK = 7105  # advisory lock space: runs of one configuration are approved one after the other
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
    """What a difference is taken against."""
    return Posted(get_posted_amounts(run_ids), get_posted_members(run_ids))


def list_ground(run: SettlementRun) -> list[int]:
    """The runs that this one is the difference to: its base and the other approved runs that point back to it, oldest first."""
    base = run.corrects
    if base is None or base.state not in SettlementRun.APPROVED_STATES:
        return []
    return [base.pk, *(other.pk for other in list_corrections([base]) if other.pk != run.pk)]


def describe_ground(run: SettlementRun, year: Sequence[YearToDate]) -> dict[str, Any]:
    """What a difference stands on, as JSON: the runs of its month so far and the figures of the other months of the year."""
    found = {"against": list_ground(run), "year": [list(astuple(row)) for row in year]}
    return found if run.kind != SettlementRun.Kind.CORRECTION else found | {"settled_as": run.settled_as}


def refuse_less_certain(base: SettlementRun | None, *, kind: str) -> None:
    """Refuse to open a run that knows less than what its month already rests on. Errors: `KindTooLate`."""
    if base is None or kind not in SettlementRun.BASE_KINDS:
        return
    known = base.month_settled_as
    if certainty(kind) < certainty(known) or kind == SettlementRun.Kind.ADVANCE:
        raise KindTooLate(
            _(
                "The month %(month)s of %(configuration)s is already settled as %(known)s and approved, so no run of kind "
                "%(kind)s can follow. Open a correction of run %(run)s instead."
            )
            % {
                "month": base.month_text,
                "configuration": base.configuration.code,
                "known": SettlementRun.Kind(known).label,
                "kind": SettlementRun.Kind(kind).label,
                "run": base,
            }
        )


def refuse_changed_ground(run: SettlementRun) -> None:
    """Refuse to approve a run that no longer stands on what its month and year posted. Inside a transaction.

    Approvals of one configuration wait for each other here, so two runs cannot both stand on the same ground.
    Errors: `RunNotOpen` when the month is already settled as certainly; `RunChanged`.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [YEAR_LOCK, run.configuration_id])
    base = get_base(configuration_id=run.configuration_id, month=run.month)
    if base is not None and run.kind in SettlementRun.BASE_KINDS and certainty(run.kind) <= certainty(base.month_settled_as):
        raise RunNotOpen(
            _("Run %(run)s of the same month is already approved. A later truth is a correction, not a second approval.")
            % {"run": base}
        )
    if run.corrects_id is None and base is not None:
        raise RunChanged(
            _(
                "Run %(run)s was computed before run %(base)s of its month was approved. "
                "Open it again, so that it posts the difference to what the month has posted."
            )
            % {"run": run, "base": base}
        )
    gone = base is None or base.pk != run.corrects_id
    if run.corrects_id is not None and (gone or describe_ground(run, get_year_of_run(run)) != run.facts["correction"]):
        raise RunChanged(
            _(
                "Run %(run)s was computed before another run of its year was settled or corrected. "
                "Open it again, so that it posts the difference to what holds now."
            )
            % {"run": run}
        )
