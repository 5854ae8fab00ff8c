"""Pay the demo's first month as people would: one prepares, the bank pays, one transfer comes back and goes out again."""

import time
from collections.abc import Callable, Sequence

from django.utils import timezone

from apps.accounts.models import User
from apps.communities.models import Community
from apps.invoicing.models import PayoutBatch
from apps.invoicing.payouts import booking, operations
from apps.invoicing.payouts.plan import plan_batch
from apps.settlement.models import SettlementRun
from tasks.payouts import make_payout_file

MINIMUM_CENTS = 5_00
PATIENCE_SECONDS = 30
NEW_IBAN = "IT60X0542811101000000123456"  # the example of the standard


def pay_members(
    community: Community, runs: Sequence[SettlementRun], *, maker: User, confirmer: User, say: Callable[[str], None]
) -> None:
    """A paid batch with a returned transfer, a second one that pays it again, a third that waits for the bank."""
    if PayoutBatch.objects.filter(community=community).exists():
        return
    operations.save_settings(
        community_id=community.pk, minimum_cents=MINIMUM_CENTS, dialect="iso", cuc="", bic="", remind_after_days=1
    )
    _wait_for_issue([*runs[:2], *runs[-2:]])
    booking.book_credits(community_id=community.pk, as_of=timezone.now())
    paid = _pay(community, runs[:2], maker)
    if paid is None:
        return
    _confirm(paid, confirmer, "CRO 0001")
    _bring_back(paid, confirmer)
    if (again := _pay(community, [], maker)) is not None:
        _confirm(again, confirmer, "CRO 0002")
    _pay(community, runs[-2:], maker)
    for batch in PayoutBatch.objects.filter(community=community).order_by("number"):
        say(f"Payout batch {batch.number}: {batch.transfers_count} transfers, {batch.state}")


def _pay(community: Community, runs: Sequence[SettlementRun], maker: User) -> PayoutBatch | None:
    """A batch of these runs with its file handed out; None when nobody is to be paid."""
    plan = plan_batch(community_id=community.pk, run_ids=[run.pk for run in runs], today=timezone.localdate())
    if not plan.paid:
        return None
    batch = operations.make_batch(
        community_id=community.pk,
        run_ids=plan.run_ids,
        execute_on=timezone.localdate(),
        created_by=maker,
        seen_sha256=plan.sha256,
        as_of=timezone.now(),
    )
    make_payout_file(batch.pk)
    operations.hand_out_file(batch_id=batch.pk, downloaded_by=maker, as_of=timezone.now())
    return batch


def _confirm(batch: PayoutBatch, confirmer: User, reference: str) -> None:
    operations.confirm_execution(
        batch_id=batch.pk,
        executed_by=confirmer,
        executed_on=timezone.localdate(),
        reference=reference,
        as_of=timezone.now(),
    )


def _bring_back(batch: PayoutBatch, confirmer: User) -> None:
    """The last member's account was closed; the member tells the new one."""
    transfer = batch.transfers.select_related("member").order_by("-pk")[0]
    operations.note_return(
        transfer_id=transfer.pk, returned_on=timezone.localdate(), code="AC04", returned_by=confirmer, as_of=timezone.now()
    )
    transfer.member.iban = NEW_IBAN
    transfer.member.save(update_fields=["iban"])


def _wait_for_issue(runs: Sequence[SettlementRun]) -> None:
    """Until these runs are issued: their documents are ready, a worker is about to say so. Those that are not are not paid."""
    until = time.monotonic() + PATIENCE_SECONDS
    waiting = SettlementRun.objects.filter(pk__in=[run.pk for run in runs], state=SettlementRun.State.APPROVED)
    while waiting.exists() and time.monotonic() < until:
        time.sleep(0.2)
