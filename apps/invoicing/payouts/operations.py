"""The only writers of batches: made by one person, put into a file by a worker, confirmed or discarded by another person.

Everything here waits for the community's lock first, then for rows, and writes the audit trail of runs last.
"""

import hashlib
import json
from collections.abc import Collection
from datetime import date, datetime

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.communities.models import Community
from apps.invoicing.models import AccountMovement, PayoutBatch, PayoutRun, PayoutSettings, PayoutTransfer
from apps.invoicing.payouts.errors import (
    BatchNotOpen,
    ExecutionRefused,
    NothingToPay,
    PayerIncomplete,
    PlanChanged,
    SamePerson,
)
from apps.invoicing.payouts.locks import lock_community
from apps.invoicing.payouts.plan import Plan, plan_batch
from apps.invoicing.payouts.settled import list_settled_runs
from apps.settlement import issue_operations
from apps.settlement.audit.queries import get_last_sequence
from apps.settlement.models import SettlementRun

State, TransferState, Kind = PayoutBatch.State, PayoutTransfer.State, AccountMovement.Kind


@transaction.atomic
def make_batch(
    *, community_id: int, run_ids: Collection[int], execute_on: date, created_by: User, seen_sha256: str, as_of: datetime
) -> PayoutBatch:
    """Reserve what the plan on the screen pays. From here on these balances are in no other batch.

    Errors: `PlanChanged` when the plan is another by now; `NothingToPay`; `PayerIncomplete`; `ExecutionRefused` for a past day.
    """
    lock_community(community_id)
    today = _day(as_of)
    plan = plan_batch(community_id=community_id, run_ids=run_ids, today=today)
    if plan.sha256 != seen_sha256:
        raise PlanChanged(_("Balances or accounts changed after you opened the page. Look at the new plan, then decide."))
    if not plan.paid:
        raise NothingToPay(_("Nobody is to be paid by these runs. Choose others, or wait for the next month."))
    if execute_on < today:
        raise ExecutionRefused(_("The bank cannot pay on %(day)s: the day is over. Choose another.") % {"day": execute_on})
    community = Community.objects.get(pk=community_id)
    settings = PayoutSettings.objects.filter(community=community).first() or PayoutSettings(community=community)
    if not community.iban:
        raise PayerIncomplete(_("Community %(code)s has no IBAN to pay from. Add it, then try again.") % {"code": community.code})
    number = (PayoutBatch.objects.filter(community=community).aggregate(last=Max("number"))["last"] or 0) + 1
    batch = PayoutBatch.objects.create(
        community=community,
        number=number,
        message_id=f"CC{community.pk}-{number}-{as_of:%y%m%d%H%M%S}",
        execute_on=execute_on,
        dialect=settings.dialect,
        payer=json.dumps({"name": community.name, "iban": community.iban, "bic": settings.bic, "cuc": settings.cuc}),
        total_cents=plan.total_cents,
        transfers_count=len(plan.paid),
        carried=[[line.member_id, line.cents, line.reason] for line in plan.carried],
        created_by=created_by,
        created_at=as_of,
    )
    PayoutRun.objects.bulk_create([PayoutRun(batch=batch, run_id=run_id) for run_id in plan.run_ids])
    PayoutTransfer.objects.bulk_create(_transfers(batch, plan))
    return batch


def _transfers(batch: PayoutBatch, plan: Plan) -> list[PayoutTransfer]:
    text = f"Incentivi condivisione energia {batch.community.code} distinta {batch.number}"
    return [
        PayoutTransfer(
            batch=batch,
            member_id=line.member_id,
            end_to_end_id=f"{batch.message_id}-{place}",
            cents=line.cents,
            balance_cents=line.balance_cents,
            held_cents=line.held_cents,
            name=line.name,
            iban=line.iban,
            text=text,
        )
        for place, line in enumerate(plan.paid, start=1)
    ]


@transaction.atomic
def record_file(*, batch_id: int, content: str, as_of: datetime) -> bool:
    """Keep the file of a draft; made twice, the first one stands. False when the batch is no draft any more."""
    batch = _lock(batch_id)
    if batch.state != State.DRAFT:
        return False
    encoded = content.encode()
    batch.content, batch.sha256, batch.size_bytes = content, hashlib.sha256(encoded).hexdigest(), len(encoded)
    batch.state, batch.file_at, batch.error = State.READY, as_of, ""
    batch.save(update_fields=["content", "sha256", "size_bytes", "state", "file_at", "error"])
    batch.transfers.update(state=TransferState.SENT)
    return True


@transaction.atomic
def record_file_failure(*, batch_id: int, reason: str) -> None:
    """Say why no file could be made; the batch can be tried again or discarded."""
    batch = _lock(batch_id)
    if batch.state == State.DRAFT:
        batch.error = reason
        batch.save(update_fields=["error"])


@transaction.atomic
def hand_out_file(*, batch_id: int, downloaded_by: User, as_of: datetime) -> bytes:
    """The bytes of the file, and the note that somebody has them now. Errors: `BatchNotOpen`."""
    batch = _lock(batch_id)
    if batch.state not in (State.READY, State.EXECUTED):
        raise BatchNotOpen(_("Batch %(batch)s has no file to hand out.") % {"batch": batch})
    content: bytes = batch.content.encode()
    if hashlib.sha256(content).hexdigest() != batch.sha256:
        raise BatchNotOpen(
            _("The file of batch %(batch)s is not the one that was made. Restore the database.") % {"batch": batch}
        )
    if batch.downloaded_at is None:
        batch.downloaded_by, batch.downloaded_at = downloaded_by, as_of
        batch.save(update_fields=["downloaded_by", "downloaded_at"])
    return content


@transaction.atomic
def confirm_execution(
    *, batch_id: int, executed_by: User, executed_on: date, reference: str, as_of: datetime
) -> list[SettlementRun]:
    """Note that the bank paid: debits on the accounts, and runs that are wholly paid by now are marked so. Returns those.

    Errors: `BatchNotOpen` when it was not handed out or is over; `SamePerson`; `ExecutionRefused` for the day or no reference;
    those of `apps.settlement.issue_operations.mark_paid`.
    """
    batch = _lock(batch_id)
    if not batch.is_with_the_bank:
        raise BatchNotOpen(_("Batch %(batch)s is not waiting for the bank, so it cannot be confirmed.") % {"batch": batch})
    if batch.created_by_id == executed_by.pk:
        raise SamePerson(_("You made batch %(batch)s, so somebody else must say what the bank did.") % {"batch": batch})
    if not _day(batch.created_at) <= executed_on <= _day(as_of):
        raise ExecutionRefused(
            _("Batch %(batch)s cannot have been executed on %(day)s. Correct the day.") % {"batch": batch, "day": executed_on}
        )
    reference = reference.strip()
    if not reference:
        raise ExecutionRefused(_("The execution of batch %(batch)s has no reference. Write the bank's.") % {"batch": batch})
    batch.state, batch.executed_by, batch.executed_at = State.EXECUTED, executed_by, as_of
    batch.executed_on, batch.bank_reference = executed_on, reference
    batch.save(update_fields=["state", "executed_by", "executed_at", "executed_on", "bank_reference"])
    batch.transfers.update(state=TransferState.EXECUTED)
    AccountMovement.objects.bulk_create(
        [
            AccountMovement(
                member_id=member_id, kind=Kind.TRANSFER, transfer_id=pk, cents=-cents, day=executed_on, recorded_at=as_of
            )
            for pk, member_id, cents in batch.transfers.order_by("pk").values_list("pk", "member_id", "cents")
        ]
    )
    return _mark_runs_paid(batch, as_of)


def _mark_runs_paid(batch: PayoutBatch, as_of: datetime) -> list[SettlementRun]:
    """Lock all rows before the first entry of the trail is written: from there on everybody else waits."""
    assert batch.executed_by is not None and batch.executed_on is not None  # noqa: S101, PT018  # nosec B101: said just above
    settled = list_settled_runs(batch.community_id)
    runs = SettlementRun.objects.select_for_update(of=("self",)).filter(pk__in=settled, month__lte=batch.executed_on)
    locked = list(runs.filter(state=SettlementRun.State.ISSUED).order_by("pk"))
    return [
        issue_operations.mark_paid(
            run_id=run.pk,
            paid_by=batch.executed_by,
            paid_on=batch.executed_on,
            reference=batch.bank_reference,
            seen_sha256=run.result_sha256,
            seen_sequence=get_last_sequence(run),
            as_of=as_of,
            reason=batch.message_id,
        )
        for run in locked
    ]


@transaction.atomic
def discard_batch(*, batch_id: int, discarded_by: User, reason: str, as_of: datetime) -> PayoutBatch:
    """Give the reserved balances back: the bank never paid them. Once the file left the house another person must say so.

    Errors: `BatchNotOpen`; `SamePerson`; `ExecutionRefused` without a reason.
    """
    batch = _lock(batch_id)
    if batch.state not in (State.DRAFT, State.READY):
        raise BatchNotOpen(_("Batch %(batch)s is over, so it cannot be discarded.") % {"batch": batch})
    if batch.downloaded_at and batch.created_by_id == discarded_by.pk:
        raise SamePerson(_("You made batch %(batch)s, so somebody else must say what the bank did.") % {"batch": batch})
    reason = reason.strip()
    if not reason:
        raise ExecutionRefused(_("Say why batch %(batch)s is discarded.") % {"batch": batch})
    batch.state, batch.discarded_by, batch.discarded_at, batch.discard_reason = State.DISCARDED, discarded_by, as_of, reason
    batch.save(update_fields=["state", "discarded_by", "discarded_at", "discard_reason"])
    batch.transfers.update(state=TransferState.CANCELLED)
    batch.runs.update(released=True)
    return batch


@transaction.atomic
def note_return(*, transfer_id: int, returned_on: date, code: str, returned_by: User, as_of: datetime) -> PayoutTransfer:
    """The bank sent an executed transfer back: the member is owed the money again. Once.

    Errors: `BatchNotOpen` when it was not executed or came back already; `ExecutionRefused` for a day before the execution.
    """
    found = PayoutTransfer.objects.select_related("batch").get(pk=transfer_id)
    lock_community(found.batch.community_id)
    transfer = PayoutTransfer.objects.select_for_update(of=("self",)).select_related("batch__community").get(pk=transfer_id)
    if transfer.state != TransferState.EXECUTED:
        raise BatchNotOpen(_("Transfer %(transfer)s was not executed, or came back already.") % {"transfer": transfer})
    executed_on = transfer.batch.executed_on
    if executed_on is None or not executed_on <= returned_on <= _day(as_of):
        raise ExecutionRefused(
            _("Transfer %(transfer)s cannot have come back on %(day)s. Correct the day.")
            % {"transfer": transfer, "day": returned_on}
        )
    code = code.strip().upper()
    if len(code) != 4 or not code.isascii() or not code.isalnum():
        raise ExecutionRefused(
            _("%(code)r is not a reason of the bank, such as AC04. Copy its four characters.") % {"code": code}
        )
    transfer.state, transfer.returned_on, transfer.return_code = TransferState.RETURNED, returned_on, code
    transfer.returned_by, transfer.returned_at = returned_by, as_of
    transfer.save(update_fields=["state", "returned_on", "return_code", "returned_by", "returned_at"])
    AccountMovement.objects.create(
        member_id=transfer.member_id,
        kind=Kind.RETURN,
        transfer=transfer,
        cents=transfer.cents,
        day=returned_on,
        recorded_at=as_of,
    )
    return transfer


@transaction.atomic
def save_settings(
    *, community_id: int, minimum_cents: int, dialect: str, cuc: str, bic: str, remind_after_days: int
) -> PayoutSettings:
    """How a community pays from now on; batches that were made keep what they were made with."""
    values = {
        "minimum_cents": minimum_cents,
        "dialect": dialect,
        "cuc": cuc,
        "bic": bic,
        "remind_after_days": remind_after_days,
    }
    return PayoutSettings.objects.update_or_create(community_id=community_id, defaults=values)[0]


def _lock(batch_id: int) -> PayoutBatch:
    """The batch, locked until the commit, after its community."""
    community_id = PayoutBatch.objects.values_list("community", flat=True).get(pk=batch_id)
    lock_community(community_id)
    return PayoutBatch.objects.select_for_update(of=("self",)).select_related("community").get(pk=batch_id)


def _day(at: datetime) -> date:
    return at.astimezone(timezone.get_default_timezone()).date()
