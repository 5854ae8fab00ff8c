"""The only writers of runs up to approval: one transaction each, a compare-and-swap of the state, named errors, never a task.

Each writes its step into the audit trail, last of all. What follows the approval is in `apps.settlement.issue_operations`.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Max
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.communities.models import Configuration
from apps.engine.calendar import month_starts_at
from apps.engine.inputs import MonthInputs
from apps.engine.results import MonthResult
from apps.settlement.audit.operations import append_entry
from apps.settlement.booking import replace_rows
from apps.settlement.bounds import describe_bounds
from apps.settlement.errors import ApproverComputed, MonthNotOver, RunAlreadyOpen, RunChanged, RunNotOpen
from apps.settlement.facts import result_facts
from apps.settlement.history import get_base
from apps.settlement.models import AuditEntry, SettlementRun
from apps.settlement.parameters import RULES_VERSION
from apps.settlement.posted import refuse_changed_ground, refuse_less_certain
from apps.settlement.reversals import lock_month, reverse_month
from project.failpoints import hit

State = SettlementRun.State
Action = AuditEntry.Action
Actor = AuditEntry.Actor
MAX_ATTEMPTS = 5
OPEN_LOCK = 7101  # advisory lock space of `open_run`
RUN_LOCK = 7102  # advisory lock space of a worker that computes one run


@transaction.atomic
def open_run(
    *,
    configuration: Configuration,
    month: date,
    kind: str,
    opened_by: User | None,
    as_of: datetime,
    actor: AuditEntry.Actor = Actor.TIMETABLE,
    only_first: bool = False,
) -> SettlementRun:
    """Open the next version of a run. Two people who press at once get one run: the second is told which.

    In a month with an approved run it will post the difference. Without `opened_by` the trail says that `actor` did it. With
    `only_first` a month that has a run of this kind gets no other, whatever became of that run since the caller looked.

    Errors: `MonthNotOver`; `RunAlreadyOpen` (its argument `run` is the open one); `KindTooLate`.
    """
    month = month.replace(day=1)
    if month_starts_at(month.year + month.month // 12, month.month % 12 + 1) > as_of:
        raise MonthNotOver(
            _("The month %(month)s is not over yet. Settle %(configuration)s when it is.")
            % {"month": f"{month:%Y-%m}", "configuration": configuration.code}
        )
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [OPEN_LOCK, f"{configuration.pk}/{month}/{kind}"])
    runs = SettlementRun.objects.filter(configuration=configuration, month=month, kind=kind)
    if (open_one := runs.filter(state__in=[State.DRAFT, State.COMPUTING]).first()) is not None:
        raise RunAlreadyOpen(_("Run %(run)s is not finished yet. Wait for it to end.") % {"run": open_one}, open_one.pk)
    base = get_base(configuration_id=configuration.pk, month=month)
    refuse_less_certain(base, kind=kind)
    if only_first and (first := runs.first()) is not None:
        raise RunAlreadyOpen(_("Run %(run)s of the month is there already.") % {"run": first}, first.pk)
    latest = runs.aggregate(latest=Max("version"))["latest"] or 0
    run = SettlementRun.objects.create(
        configuration=configuration,
        month=month,
        kind=kind,
        version=latest + 1,
        corrects=base,
        opened_by=opened_by,
        opened_at=as_of,
    )
    append_entry(run=run, action=Action.OPEN, from_state="", to_state=State.DRAFT, user=opened_by, actor=actor)
    hit("open.before_commit")
    return run


@transaction.atomic
def claim_run(*, run_id: int, as_of: datetime) -> bool:
    """Take a run into computation: from `draft`, or from `computing` when its worker died. Call it under `lock_run`.

    False when there is nothing to do (already computed, approved, parked, failed). A run that killed its worker
    `MAX_ATTEMPTS` times is failed, so that poison does not circle for ever.
    """
    run = _lock_open_run(run_id)
    if run is None:
        return False
    if run.attempts >= MAX_ATTEMPTS:
        message = _("The computation was interrupted %(times)s times. Look at the worker's log, then retry the run.")
        _stop(run, State.FAILED, Action.FAIL, message % {"times": MAX_ATTEMPTS})
        return False
    SettlementRun.objects.filter(pk=run_id).update(
        state=State.COMPUTING,
        claimed_at=as_of,
        attempts=F("attempts") + 1,
        computed_by=F("opened_by"),
        error="",
        phase="",
        steps_done=0,
    )
    append_entry(run=run, action=Action.CLAIM, from_state=run.state, to_state=State.COMPUTING)
    return True


class lock_run:
    """While a worker holds this, no other computes the same run; a worker that dies lets go by dying."""

    def __init__(self, run_id: int) -> None:
        self.run_id = run_id
        self.mine = False

    def __enter__(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [RUN_LOCK, self.run_id])
            self.mine = bool(cursor.fetchone()[0])
        return self.mine

    def __exit__(self, *error: object) -> None:
        if self.mine:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [RUN_LOCK, self.run_id])


def report_progress(*, run_id: int, phase: str, done: int, total: int) -> None:
    """Show how far the computation is. Outside the transaction that books the result, so that people can watch."""
    SettlementRun.objects.filter(pk=run_id, state=State.COMPUTING).update(phase=phase, steps_done=done, steps_total=total)


@transaction.atomic
def record_result(
    *,
    run_id: int,
    inputs: MonthInputs,
    result: MonthResult,
    inputs_sha256: str,
    result_sha256: str,
    snapshot_path: str,
    code_version: str,
    as_of: datetime,
) -> None:
    """Replace the rows of the run and mark it computed, last of all and all at once. Errors: `RunNotOpen`.

    A result beyond a bound is kept as well, but parks the run until a person released it (`apps.settlement.bounds`).
    """
    run = SettlementRun.objects.select_for_update(of=("self",)).select_related("configuration").get(pk=run_id)
    if run.state != State.COMPUTING:
        raise RunNotOpen(_("Run %(run)s is not being computed, so no result can be recorded. Open a new version.") % {"run": run})
    replace_rows(run=run, inputs=inputs, result=result)
    hit("settle.after_entries")
    run.succeeded_at = as_of
    run.inputs_sha256, run.result_sha256 = inputs_sha256, result_sha256
    run.rules_version, run.code_version, run.snapshot_path = RULES_VERSION, code_version, snapshot_path
    run.hours, run.missing_hours = result.hours, result.missing_hours
    run.missing = [[row.pod, row.hours] for row in result.missing]
    run.injected_wh, run.withdrawn_wh = int(result.injected_wh.sum()), int(result.withdrawn_wh.sum())
    run.shared_wh = int(result.shared_wh.sum())
    run.incentivised_wh = sum(plant.incentivised_wh for plant in result.plants)
    run.facts = result_facts(run=run, inputs=inputs, result=result)
    run.phase, run.claimed_at, run.error = "", None, describe_bounds(run.facts["attention"])
    run.state = State.PARKED if run.error else State.COMPUTED
    run.save()
    hashes = {"inputs_sha256": inputs_sha256, "result_sha256": result_sha256}
    action = Action.PARK if run.error else Action.COMPUTE
    append_entry(run=run, action=action, from_state=State.COMPUTING, to_state=run.state, reason=run.error, details=hashes)
    hit("settle.before_commit")


@transaction.atomic
def park_run(*, run_id: int, reason: str) -> None:
    """Set a run aside for a person: an input is missing or a rule refuses. Retrying it is safe."""
    if (run := _lock_open_run(run_id)) is not None:
        _stop(run, State.PARKED, Action.PARK, reason)


@transaction.atomic
def fail_run(*, run_id: int, reason: str) -> None:
    """Mark a run whose computation crashed; the reason is for the operator."""
    if (run := _lock_open_run(run_id)) is not None:
        _stop(run, State.FAILED, Action.FAIL, reason)


def _lock_open_run(run_id: int) -> SettlementRun | None:
    """The run, locked until the commit, if it waits or is being computed."""
    runs = SettlementRun.objects.select_for_update(of=("self",)).select_related("configuration")
    return runs.filter(pk=run_id, state__in=[State.DRAFT, State.COMPUTING]).first()


def _stop(run: SettlementRun, state: SettlementRun.State, action: AuditEntry.Action, reason: str) -> None:
    SettlementRun.objects.filter(pk=run.pk).update(state=state, error=reason, claimed_at=None, phase="")
    append_entry(run=run, action=action, from_state=run.state, to_state=state, reason=reason)


@transaction.atomic
def retry_run(*, run_id: int, opened_by: User, as_of: datetime) -> SettlementRun:
    """Put a parked or failed run back in the queue; what an earlier attempt found is void.

    Errors: `RunNotOpen`; `RunAlreadyOpen` when a newer one is open; `KindTooLate` when its month went on without it.
    """
    run = SettlementRun.objects.select_for_update(of=("self",)).select_related("configuration").get(pk=run_id)
    if run.state not in (State.PARKED, State.FAILED):
        raise RunNotOpen(_("Run %(run)s is neither parked nor failed, so it cannot be retried.") % {"run": run})
    others = SettlementRun.objects.filter(configuration=run.configuration, month=run.month, kind=run.kind)
    if (open_one := others.filter(state__in=[State.DRAFT, State.COMPUTING]).first()) is not None:
        raise RunAlreadyOpen(_("Run %(run)s is not finished yet. Wait for it to end.") % {"run": open_one}, open_one.pk)
    if run.kind in SettlementRun.BASE_KINDS:
        run.corrects = get_base(configuration_id=run.configuration_id, month=run.month)
        refuse_less_certain(run.corrects, kind=run.kind)
    before = run.state
    run.state, run.error, run.attempts = State.DRAFT, "", 0
    run.inputs_sha256, run.result_sha256, run.facts = "", "", {}
    run.opened_by, run.opened_at = opened_by, as_of
    run.save()
    append_entry(run=run, action=Action.RETRY, from_state=before, to_state=State.DRAFT, user=opened_by)
    return run


@transaction.atomic
def discard_run(*, run_id: int, actor: AuditEntry.Actor = Actor.COMMAND_LINE) -> None:
    """Remove a run that never had a result (a refused command leaves nothing behind but its steps in the trail)."""
    waiting = SettlementRun.objects.select_for_update().filter(pk=run_id, result_sha256="")
    run = waiting.filter(state__in=[State.DRAFT, State.PARKED, State.FAILED]).first()
    if run is not None:
        append_entry(run=run, action=Action.DISCARD, from_state=run.state, to_state="", actor=actor, reason=run.error)
        run.delete()


@transaction.atomic
def accept_missing(*, run_id: int, pods: Sequence[str], accepted_by: User) -> None:
    """A person takes responsibility, POD by POD, for hours that nobody measured. Only before a final run is computed."""
    run = SettlementRun.objects.select_for_update().get(pk=run_id)
    if run.settled_as != SettlementRun.Kind.FINAL or run.state not in (State.DRAFT, State.PARKED, State.FAILED):
        raise RunNotOpen(_("Missing measures of run %(run)s can be accepted only while it is final and waits.") % {"run": run})
    run.accepted_missing = sorted({*run.accepted_missing, *pods})
    run.accepted_by = accepted_by
    run.save()
    append_entry(
        run=run,
        action=Action.ACCEPT_MISSING,
        from_state=run.state,
        to_state=run.state,
        user=accepted_by,
        details={"pods": sorted(pods)},
    )


@transaction.atomic
def approve_run(*, run_id: int, approved_by: User, seen_sha256: str, as_of: datetime, reason: str = "") -> SettlementRun:
    """Approve what was on the screen. From here on the run is history. `reason` is what the person remarks, for the trail.

    Errors: `RunNotOpen`; `ApproverComputed` (two different people); `RunChanged` when the result on the screen is not the
    result in the database, when a later version exists, or when the month posted something since it was computed.
    """
    run = SettlementRun.objects.select_for_update(of=("self",)).select_related("configuration").get(pk=run_id)
    if run.state != State.COMPUTED:
        raise RunNotOpen(_("Run %(run)s is not in the state computed, so it cannot be approved.") % {"run": run})
    if run.result_sha256 != seen_sha256:
        raise RunChanged(
            _("Run %(run)s was computed again after you opened the page. Look at the new result, then decide.") % {"run": run}
        )
    if run.computed_by_id == approved_by.pk:
        raise ApproverComputed(_("You started run %(run)s, so somebody else must approve it.") % {"run": run})
    same = SettlementRun.objects.filter(configuration=run.configuration, month=run.month, kind=run.kind)
    if (newer := same.filter(version__gt=run.version, state__in=SettlementRun.SETTLED_STATES).first()) is not None:
        raise RunChanged(
            _("Run %(run)s has a later version %(version)s. Approve that one, or look at why it differs.")
            % {"run": run, "version": newer.version}
        )
    refuse_changed_ground(run)
    taken_back = lock_month(reversal=run) if run.kind == SettlementRun.Kind.REVERSAL else []
    run.state = State.APPROVED
    run.approved_by, run.approved_at, run.approved_sha256 = approved_by, as_of, seen_sha256
    run.save()
    append_entry(
        run=run,
        action=Action.APPROVE,
        from_state=State.COMPUTED,
        to_state=State.APPROVED,
        user=approved_by,
        reason=reason,
        details={"inputs_sha256": run.inputs_sha256, "result_sha256": run.result_sha256},
    )
    if run.kind == SettlementRun.Kind.REVERSAL:
        reverse_month(reversal=run, taken_back=taken_back, approved_by=approved_by)
    hit("approve.before_commit")
    return run


def open_error_run_id(error: RunAlreadyOpen) -> int | None:
    """Which run is open, for a door that wants to lead there."""
    args: tuple[Any, ...] = error.args
    return int(args[1]) if len(args) > 1 else None
