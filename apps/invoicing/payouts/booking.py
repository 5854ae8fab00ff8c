"""The only writers of credits: what issued runs owe to members becomes lines of their accounts, once."""

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.invoicing.models import AccountMovement, PayoutRun
from apps.invoicing.payouts.errors import RunInBatch
from apps.invoicing.payouts.locks import lock_community
from apps.settlement import issue_operations
from apps.settlement.models import LedgerEntry, SettlementRun

Kind, State, RunKind = AccountMovement.Kind, SettlementRun.State, SettlementRun.Kind
OWING_STATES = (State.ISSUED, State.PAID, State.REVERSED)  # a reversed run was issued; its reversal takes it back


@transaction.atomic
def book_credits(*, community_id: int, as_of: datetime) -> int:
    """Bring the accounts of a community to what its issued runs say; returns how many runs were booked. Twice is once.

    Every run of a month counts: the later ones post differences, a reversal takes back what stood. A run that a person marked as
    paid without a batch is booked as paid outside.
    """
    lock_community(community_id)
    runs = _list_owing(community_id).select_related("configuration")
    booked = list(runs.filter(~_has(Kind.CREDIT)))
    _post(booked, Kind.CREDIT, as_of)
    _post(_list_paid_outside(runs), Kind.OUTSIDE, as_of)
    return len(booked)


def list_communities_to_book() -> list[int]:
    """Communities with issued runs that their accounts do not know yet."""
    posts = Exists(LedgerEntry.objects.filter(run=OuterRef("pk"), member__isnull=False))
    owing = SettlementRun.objects.filter(posts, state__in=OWING_STATES)
    waiting = {*owing.filter(~_has(Kind.CREDIT)), *_list_paid_outside(owing)}
    return sorted({run.configuration.community_id for run in waiting})


@transaction.atomic
def mark_paid_outside(
    *, run_id: int, paid_by: User, paid_on: date, reference: str, seen_sha256: str, seen_sequence: int, as_of: datetime,
    reason: str = "",
) -> SettlementRun:  # fmt: skip
    """Note that an issued run was paid without a batch, and take it off the accounts of its members.

    Errors: `RunInBatch`, and those of `apps.settlement.issue_operations.mark_paid`.
    """
    run = SettlementRun.objects.select_related("configuration").get(pk=run_id)
    lock_community(run.configuration.community_id)
    if is_in_batch(run):
        raise RunInBatch(
            _("Run %(run)s is paid by a payout batch. Say there what the bank executed: nobody is paid twice.") % {"run": run}
        )
    issued = _list_owing(run.configuration.community_id).filter(pk=run_id, state=State.ISSUED)
    _post(issued.filter(~_has(Kind.CREDIT)), Kind.CREDIT, as_of)
    _post(issued.filter(~_has(Kind.OUTSIDE)), Kind.OUTSIDE, as_of)
    return issue_operations.mark_paid(
        run_id=run_id, paid_by=paid_by, paid_on=paid_on, reference=reference, seen_sha256=seen_sha256,
        seen_sequence=seen_sequence, as_of=as_of, reason=reason,
    )  # fmt: skip


def is_in_batch(run: SettlementRun) -> bool:
    """Does a batch that was not discarded take in this run?"""
    return PayoutRun.objects.filter(run=run, released=False).exists()


def _list_owing(community_id: int) -> QuerySet[SettlementRun]:
    return SettlementRun.objects.filter(configuration__community=community_id, state__in=OWING_STATES).order_by("month", "pk")


def _list_paid_outside(runs: QuerySet[SettlementRun]) -> QuerySet[SettlementRun]:
    by_batch = Exists(PayoutRun.objects.filter(run=OuterRef("pk"), released=False))
    return runs.filter(~by_batch, _has(Kind.CREDIT), ~_has(Kind.OUTSIDE), state=State.PAID)


def _has(kind: AccountMovement.Kind) -> Exists:
    return Exists(AccountMovement.objects.filter(run=OuterRef("pk"), kind=kind))


def _post(runs: Iterable[SettlementRun], kind: AccountMovement.Kind, as_of: datetime) -> None:
    """One line per member and run, in one statement: the database demands all members of a run or none."""
    chosen = {run.pk: run for run in runs}
    sums = LedgerEntry.objects.filter(run__in=chosen, member__isnull=False).order_by("run", "member__code")
    rows = [
        AccountMovement(
            member_id=member_id,
            kind=kind,
            run_id=run_id,
            cents=int(cents) if kind == Kind.CREDIT else -int(cents),
            day=_day_of(chosen[run_id], kind, as_of),
            recorded_at=as_of,
        )
        for run_id, member_id, cents in sums.values_list("run", "member").annotate(owed=Sum("cents")) if cents
    ]  # fmt: skip
    if rows:
        AccountMovement.objects.bulk_create(rows)


def _day_of(run: SettlementRun, kind: AccountMovement.Kind, as_of: datetime) -> date:
    if kind == Kind.OUTSIDE and run.paid_on:
        return run.paid_on
    at = run.issued_at if kind == Kind.CREDIT and run.issued_at else as_of
    return at.astimezone(timezone.get_default_timezone()).date()
