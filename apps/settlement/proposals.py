"""Write and read: corrections that are proposed because facts changed after an approval, or to close a year."""

from collections.abc import Sequence
from datetime import date, datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.settlement.history import list_approved_runs, list_speaking_runs
from apps.settlement.models import CorrectionProposal, SettlementRun


def list_runs_to_watch(*, configuration_id: int, from_month: date, before: date) -> list[SettlementRun]:
    """The approved runs whose facts may still change: for each month the base, or the latest run that points back to it.

    An advance rests on an estimate: measures that arrive make the month, not a correction of it.
    """
    runs = list_speaking_runs(list_approved_runs(configuration_id=configuration_id, from_month=from_month, before=before))
    return [run for run in runs if run.settled_as != SettlementRun.Kind.ADVANCE]


def propose_correction(*, run: SettlementRun, inputs_sha256: str, causes: Sequence[str], as_of: datetime) -> None:
    """Note that the facts of this run changed. Noticed again: nothing. Changed again: the note says what holds now."""
    proposal, new = CorrectionProposal.objects.get_or_create(
        run=run, defaults={"inputs_sha256": inputs_sha256, "causes": list(causes), "noticed_at": as_of}
    )
    if not new and proposal.inputs_sha256 != inputs_sha256:
        proposal.inputs_sha256, proposal.causes, proposal.noticed_at = inputs_sha256, list(causes), as_of
        proposal.save()


def withdraw_proposal(*, run: SettlementRun) -> None:
    """The facts are again those that the run was settled from: there is nothing to correct."""
    CorrectionProposal.objects.filter(run=run).delete()


def list_open_proposals(runs: QuerySet[SettlementRun]) -> QuerySet[CorrectionProposal]:
    """Proposals about these runs that nobody acted on: no correction of the month was opened since, newest first.

    A correction that failed or was set aside does not count: the run page leads to it, and the proposal stays. Once another run
    of the month was approved after the run that the proposal is about, the daily look at that one says what is still to correct.
    """
    alive = ~Q(state__in=[SettlementRun.State.FAILED, SettlementRun.State.PARKED])
    base = Q(corrects=OuterRef("run")) | Q(corrects=OuterRef("run__corrects"))
    opened = SettlementRun.objects.filter(base & alive, opened_at__gte=OuterRef("noticed_at"))
    approved = SettlementRun.objects.filter(base, state__in=SettlementRun.APPROVED_STATES)
    later = approved.filter(succeeded_at__gt=OuterRef("run__succeeded_at"))
    told = CorrectionProposal.objects.filter(run__in=runs, run__state__in=SettlementRun.APPROVED_STATES)
    proposals = told.filter(~Exists(opened), ~Exists(later))
    return proposals.select_related("run__configuration").order_by("-noticed_at")
