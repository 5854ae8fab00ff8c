"""Write: take a month back. What it posted stays; a reversal posts the exact contrary, and the month may be settled anew."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.settlement.audit.operations import append_entry
from apps.settlement.corrections import OPEN_LOCK
from apps.settlement.errors import ReasonMissing, RunAlreadyOpen, RunNotOpen
from apps.settlement.history import get_base, list_corrections
from apps.settlement.models import AuditEntry, SettlementRun

State, Kind = SettlementRun.State, SettlementRun.Kind
GONE_OUT = (State.ISSUED, State.PAID)


@transaction.atomic
def open_reversal(*, run_id: int, opened_by: User, reason: str, as_of: datetime) -> SettlementRun:
    """Open the reversal of the month of an issued or paid run, with everything that followed it. It takes effect when approved.

    Errors: `ReasonMissing`; `RunNotOpen` when the run does not speak for its month or one of them has not gone out yet;
    `RunAlreadyOpen` (its argument `run` is the open one).
    """
    run = SettlementRun.objects.select_related("configuration", "corrects").get(pk=run_id)
    base = run.corrects or run
    if not reason.strip():
        raise ReasonMissing(_("The reversal of run %(run)s has no reason. Write why the month is taken back.") % {"run": base})
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [OPEN_LOCK, base.pk])
    refuse_to_reverse(base)
    others = SettlementRun.objects.filter(configuration=base.configuration_id, month=base.month, kind=Kind.REVERSAL)
    if (open_one := others.filter(state__in=[State.DRAFT, State.COMPUTING]).first()) is not None:
        raise RunAlreadyOpen(_("Run %(run)s is not finished yet. Wait for it to end.") % {"run": open_one}, open_one.pk)
    reversal = SettlementRun.objects.create(
        configuration_id=base.configuration_id,
        month=base.month,
        kind=Kind.REVERSAL,
        version=(others.aggregate(latest=Max("version"))["latest"] or 0) + 1,
        corrects=base,
        opened_by=opened_by,
        opened_at=as_of,
        note=reason.strip(),
    )
    append_entry(
        run=reversal, action=AuditEntry.Action.OPEN, from_state="", to_state=State.DRAFT, user=opened_by, reason=reason.strip()
    )
    return reversal


def refuse_to_reverse(base: SettlementRun) -> None:
    """Only a month that counts and of which everything has gone out can be taken back. Errors: `RunNotOpen`."""
    if get_base(configuration_id=base.configuration_id, month=base.month) != base:
        raise RunNotOpen(
            _("Run %(run)s does not speak for its month, so there is nothing to reverse. Look at the other runs of the month.")
            % {"run": base}
        )
    for one in [base, *list_corrections([base])]:
        if one.kind != Kind.REVERSAL and one.state not in GONE_OUT:
            raise RunNotOpen(
                _("Run %(run)s is not issued yet, so its month cannot be reversed. Wait until it is.") % {"run": one}
            )


def lock_month(*, reversal: SettlementRun) -> list[SettlementRun]:
    """Everything that a reversal takes back, locked until the commit. Before the first entry of the trail, like every row: who
    notes a payment holds the row and waits for the trail. Errors: `RunNotOpen`.
    """
    month = SettlementRun.objects.select_for_update(of=("self",)).select_related("configuration")
    found = list(month.filter(pk__in=reversal.facts["correction"]["against"]).order_by("pk"))
    for run in found:
        if run.state not in GONE_OUT:
            raise RunNotOpen(
                _("Run %(run)s is not issued yet, so its month cannot be reversed. Wait until it is.") % {"run": run}
            )
    return found


def reverse_month(*, reversal: SettlementRun, taken_back: Sequence[SettlementRun], approved_by: User) -> None:
    """Mark everything that a reversal takes back (`lock_month`). Inside its approval's transaction, once it is approved."""
    SettlementRun.objects.filter(pk__in=[run.pk for run in taken_back]).update(state=State.REVERSED)
    for run in taken_back:
        append_entry(
            run=run,
            action=AuditEntry.Action.REVERSE,
            from_state=run.state,
            to_state=State.REVERSED,
            user=approved_by,
            reason=reversal.note,
            details={
                "inputs_sha256": run.inputs_sha256,
                "result_sha256": run.result_sha256,
                "reversal": str(reversal),
            },
        )
