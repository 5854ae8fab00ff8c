"""The only writers of approved runs: issued when their documents are ready, paid when a person says so.

`seen_sha256` and `seen_sequence` are the result and the last step of the trail that were on the screen: a run that went on since
then is not touched.
"""

from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.settlement.audit.operations import append_entry
from apps.settlement.audit.queries import get_last_sequence
from apps.settlement.errors import PaymentRefused, RunNotOpen, RunWentOn
from apps.settlement.models import AuditEntry, SettlementRun
from project.failpoints import hit

State = SettlementRun.State
Action = AuditEntry.Action


@transaction.atomic
def issue_run(
    *,
    run_id: int,
    issued_by: User | None,
    seen_sha256: str,
    as_of: datetime,
    seen_sequence: int | None = None,
    reason: str = "",
) -> SettlementRun:
    """Mark an approved run as issued. Whether its documents are ready is asked by `apps.invoicing.issue_operations`, above.

    `issued_by` None is the worker that made the last document. Errors: `RunNotOpen`, `RunWentOn`.
    """
    run = _lock_seen(run_id, seen_sha256, seen_sequence)
    if run.state != State.APPROVED:
        raise RunNotOpen(_("Run %(run)s is not in the state approved, so it cannot be issued.") % {"run": run})
    run.state, run.issued_by, run.issued_at = State.ISSUED, issued_by, as_of
    run.save(update_fields=["state", "issued_by", "issued_at"])
    _append(run, Action.ISSUE, State.APPROVED, user=issued_by, reason=reason)
    hit("issue.before_commit")
    return run


@transaction.atomic
def mark_paid(
    *,
    run_id: int,
    paid_by: User,
    paid_on: date,
    reference: str,
    seen_sha256: str,
    seen_sequence: int,
    as_of: datetime,
    reason: str = "",
) -> SettlementRun:
    """Note that the money of an issued run went out: the bank's day and the bank's reference, said by a person.

    Errors: `RunNotOpen`, `RunWentOn`; `PaymentRefused` for a day outside [first of the month, day of `as_of`] or no reference.
    """
    run = _lock_seen(run_id, seen_sha256, seen_sequence)
    if run.state != State.ISSUED:
        raise RunNotOpen(_("Run %(run)s is not in the state issued, so it cannot be marked as paid.") % {"run": run})
    if not run.month <= paid_on <= as_of.astimezone(timezone.get_default_timezone()).date():
        raise PaymentRefused(
            _("Run %(run)s cannot have been paid on %(day)s: the day is before its month or has not come yet. Correct the day.")
            % {"run": run, "day": paid_on}
        )
    reference = reference.strip()
    if not reference:
        raise PaymentRefused(_("The payment of run %(run)s has no reference. Write the bank's reference.") % {"run": run})
    run.state, run.paid_by, run.paid_at = State.PAID, paid_by, as_of
    run.paid_on, run.payment_reference = paid_on, reference
    run.save(update_fields=["state", "paid_by", "paid_at", "paid_on", "payment_reference"])
    payment = {"paid_on": paid_on.isoformat(), "payment_reference": reference}
    _append(run, Action.PAY, State.ISSUED, user=paid_by, reason=reason, **payment)
    hit("pay.before_commit")
    return run


def _lock_seen(run_id: int, seen_sha256: str, seen_sequence: int | None) -> SettlementRun:
    """The run as it was on the screen, locked until the commit. Errors: `RunWentOn`."""
    run = SettlementRun.objects.select_for_update(of=("self",)).select_related("configuration").get(pk=run_id)
    if run.result_sha256 != seen_sha256 or (seen_sequence is not None and get_last_sequence(run) != seen_sequence):
        raise RunWentOn(_("Run %(run)s went on after you opened the page. Look at it again, then decide.") % {"run": run})
    return run


def _append(
    run: SettlementRun, action: AuditEntry.Action, from_state: str, *, user: User | None, reason: str, **details: Any
) -> None:
    hashes = {"inputs_sha256": run.inputs_sha256, "result_sha256": run.result_sha256}
    append_entry(
        run=run, action=action, from_state=from_state, to_state=run.state, user=user, reason=reason, details=hashes | details
    )
