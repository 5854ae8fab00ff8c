"""Read: which runs are wholly paid. A run is, when no member is still owed a cent of it."""

from collections import defaultdict

from django.db.models import Sum

from apps.invoicing.models import AccountMovement, PayoutBatch, PayoutRun
from apps.settlement.models import SettlementRun


def list_settled_runs(community_id: int) -> list[int]:
    """Issued runs that executed batches took in and of which nobody is owed anything any more.

    What a member is still owed (carried over, without an IBAN, on the way, returned) is owed for the runs taken in last.
    """
    order = dict(PayoutRun.objects.filter(batch__community=community_id, released=False).values_list("run", "batch__number"))
    owed: dict[int, int] = defaultdict(int)  # per member, what belongs to runs that were taken in
    balance: dict[int, int] = defaultdict(int)  # what other runs took back was set off against it
    credits_of: dict[int, list[tuple[int, int, int]]] = defaultdict(list)  # per member: batch number, run, cents
    rows = AccountMovement.objects.filter(member__community=community_id).order_by()
    for member_id, run_id, cents in rows.values_list("member", "run").annotate(sum=Sum("cents")):
        balance[member_id] += int(cents)
        if run_id is not None and run_id not in order:
            continue  # held back: no batch took it in
        owed[member_id] += int(cents)
        if run_id is not None:
            credits_of[member_id].append((order[run_id], run_id, int(cents)))
    unpaid: set[int] = set()
    for member_id in owed:
        left = min(owed[member_id], balance[member_id])
        for _number, run_id, cents in sorted(credits_of[member_id], reverse=True):
            if left <= 0:
                break
            if cents > 0:
                unpaid.add(run_id)
                left -= cents
    executed = SettlementRun.objects.filter(
        payouts__batch__state=PayoutBatch.State.EXECUTED, payouts__batch__community=community_id, state=SettlementRun.State.ISSUED
    )
    return sorted(set(executed.values_list("pk", flat=True)) - unpaid)
