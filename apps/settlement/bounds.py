"""Bounds: amounts that no rule forbids and hardly any month has. They park a run until a person said why they are right.

The run keeps its result meanwhile. Releasing is not approving: that takes another person.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.models import User
from apps.engine.inputs import MonthInputs
from apps.engine.results import MonthResult
from apps.settlement.audit.operations import append_entry
from apps.settlement.errors import ReasonMissing, RunChanged, RunNotOpen
from apps.settlement.history import list_corrections, list_effective_runs
from apps.settlement.models import AuditEntry, SettlementRun
from apps.settlement.posted import get_posted_members

State = SettlementRun.State
# A member's amount that moves by more than this against the month before.
LARGEST_CHANGE_PERCENT = 300
SMALLEST_NOTED_CENTS = 500


def list_beyond_bounds(*, run: SettlementRun, inputs: MonthInputs, result: MonthResult) -> list[dict[str, Any]]:
    """Negative totals, members whose amount moved by more than ±300 %, and more postings than PODs × hours (reliability)."""
    notes: list[dict[str, Any]] = [
        {"what": "negative", "member": member.code, "cents": member.total_cents}
        for member in result.members
        if member.total_cents < 0
    ]
    most = len({point.pod for point in inputs.points}) * result.hours
    if len(result.lines) > most:
        notes.append({"what": "lines", "lines": len(result.lines), "most": most})
    if run.corrects_id:
        return notes  # what a difference moves is its subject, with causes; only a month that ends below zero is a surprise
    before = list_effective_runs(configuration_id=run.configuration_id, from_month=_month_before(run), before=run.month)
    if not before:
        return notes
    month_before = [before[-1].pk, *(correction.pk for correction in list_corrections(before[-1:]))]
    earlier = {code: row.total_cents for code, row in get_posted_members(month_before).items()}
    for member in result.members:
        was, now = earlier.get(member.code, 0), member.total_cents
        if was and max(abs(was), abs(now)) >= SMALLEST_NOTED_CENTS and abs(now - was) * 100 > LARGEST_CHANGE_PERCENT * abs(was):
            notes.append({"what": "change", "member": member.code, "cents": now, "before_cents": was})
    return notes


def describe_bounds(notes: Sequence[dict[str, Any]]) -> str:
    """Why a run was parked, as one sentence; empty when no bound was hit."""
    if not notes:
        return ""
    return ngettext(
        "%(count)s amount is beyond its bounds. Look at it, then release the run with a reason, or mend the data.",
        "%(count)s amounts are beyond their bounds. Look at them, then release the run with a reason, or mend the data.",
        len(notes),
    ) % {"count": len(notes)}


def is_beyond_bounds(run: SettlementRun) -> bool:
    """Parked for what it found, not for what it lacked: there is a result to look at."""
    return run.state == State.PARKED and bool(run.result_sha256)


@transaction.atomic
def release_run(*, run_id: int, released_by: User, reason: str, seen_sha256: str, as_of: datetime) -> SettlementRun:
    """A person looked at what is beyond the bounds and says why it is right: the run waits for its approval, by somebody else.

    Who releases a run that nobody started answers for it as if they had. Errors: `ReasonMissing`; `RunNotOpen` when it is not
    parked for its amounts; `RunChanged` when the result on the screen is not the result in the database.
    """
    run = SettlementRun.objects.select_for_update(of=("self",)).select_related("configuration").get(pk=run_id)
    if not is_beyond_bounds(run):
        raise RunNotOpen(_("Run %(run)s is not parked for its amounts, so there is nothing to release.") % {"run": run})
    if run.result_sha256 != seen_sha256:
        raise RunChanged(
            _("Run %(run)s was computed again after you opened the page. Look at the new result, then decide.") % {"run": run}
        )
    if not reason.strip():
        raise ReasonMissing(_("Run %(run)s cannot be released without a reason. Write why its amounts are right.") % {"run": run})
    run.state, run.error = State.COMPUTED, ""
    run.computed_by = run.computed_by or released_by
    run.save(update_fields=["state", "error", "computed_by"])
    append_entry(
        run=run,
        action=AuditEntry.Action.RELEASE,
        from_state=State.PARKED,
        to_state=State.COMPUTED,
        user=released_by,
        reason=reason.strip(),
        details={"inputs_sha256": run.inputs_sha256, "result_sha256": run.result_sha256},
    )
    return run


def _month_before(run: SettlementRun) -> Any:
    year, month = (run.month.year, run.month.month - 1) if run.month.month > 1 else (run.month.year - 1, 12)
    return run.month.replace(year=year, month=month)
