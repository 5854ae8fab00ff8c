"""Who would be paid what by a batch of these runs, and who would not and why. The preview and the batch both ask here."""

import hashlib
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property

from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from stdnum import iban as stdnum_iban

from apps.communities.models import Member, Membership
from apps.invoicing.models import AccountMovement, PayoutRun, PayoutSettings, PayoutTransfer
from apps.settlement.models import LedgerEntry, SettlementRun

# SEPA's reasons that speak of the account: the same IBAN would come back again
ACCOUNT_REASONS = frozenset({"AC01", "AC03", "AC04", "AC06", "AG01", "BE01", "BE04", "MD07", "RC01"})


class Reason(StrEnum):
    """Why a balance stays on the account."""

    NO_IBAN = "no_iban"
    RETURNED = "returned"  # to the account that is still the member's
    BELOW_MINIMUM = "below_minimum"
    NEGATIVE = "negative"
    ON_THE_WAY = "on_the_way"


@dataclass(frozen=True, slots=True)
class Line:
    """One member: the balance, what of it belongs to runs that are not taken in, and why the rest is not paid ("" is paid)."""

    member_id: int
    code: str
    name: str
    iban: str
    balance_cents: int
    held_cents: int
    reason: str

    @property
    def cents(self) -> int:
        return self.balance_cents - self.held_cents


@dataclass(frozen=True)
class Plan:
    """A batch before it is made."""

    community_id: int
    run_ids: tuple[int, ...]
    minimum_cents: int
    lines: tuple[Line, ...]

    @cached_property
    def paid(self) -> list[Line]:
        return [line for line in self.lines if not line.reason]

    @cached_property
    def carried(self) -> list[Line]:
        return [line for line in self.lines if line.reason]

    @property
    def total_cents(self) -> int:
        return sum(line.cents for line in self.paid)

    @property
    def carried_cents(self) -> int:
        return sum(line.cents for line in self.carried)

    @cached_property
    def sha256(self) -> str:
        """What the screen showed, accounts included: a batch is made only of exactly this."""
        rows = [[line.member_id, line.name, line.iban, line.balance_cents, line.held_cents, line.reason] for line in self.lines]
        said = json.dumps([self.community_id, self.run_ids, self.minimum_cents, rows])
        return hashlib.sha256(said.encode()).hexdigest()


def plan_batch(*, community_id: int, run_ids: Collection[int], today: date) -> Plan:
    """The plan for these runs; runs that cannot be taken in are left out. Members without a balance have no line."""
    chosen = tuple(list_payable_runs(community_id).filter(pk__in=run_ids).order_by("pk").values_list("pk", flat=True))
    minimum = PayoutSettings.objects.filter(community=community_id).values_list("minimum_cents", flat=True).first() or 0
    balances, held = _sum_by_member(community_id), _held_by_member(community_id, chosen)
    gone = _list_members_gone(community_id, today)
    returned, on_the_way = _ibans_that_came_back(community_id), _members_on_the_way(community_id)
    members = Member.objects.filter(community=community_id, pk__in=balances).order_by("code")
    lines = []
    for member in members.only("code", "name", "iban"):
        balance, kept = balances[member.pk], max(0, held.get(member.pk, 0))
        reason = _reason(
            member,
            balance - kept,
            1 if member.pk in gone else max(1, minimum),
            returned.get(member.pk, ""),
            member.pk in on_the_way,
        )
        if balance - kept:
            lines.append(Line(member.pk, member.code, member.name, member.iban, balance, kept, reason))
    return Plan(community_id=community_id, run_ids=chosen, minimum_cents=minimum, lines=tuple(lines))


def list_payable_runs(community_id: int) -> QuerySet[SettlementRun]:
    """Runs whose credits stand in the accounts and were never taken into a batch; what was paid outside is over.

    A reversed run waits until the accounts know its reversal too: nobody is paid what was taken back already.
    """
    taken = Exists(PayoutRun.objects.filter(run=OuterRef("pk"), released=False))
    credit = AccountMovement.objects.filter(run=OuterRef("pk"))
    over = Exists(credit.filter(kind=AccountMovement.Kind.OUTSIDE))
    runs = SettlementRun.objects.filter(configuration__community=community_id).select_related("configuration")
    return runs.filter(Exists(credit), ~taken, ~over, ~_is_being_reversed()).order_by("month", "configuration__code", "pk")


def _is_being_reversed() -> Exists:
    """Is the run reversed by one that owes its credits still: approved, and not issued or not booked?"""
    base = Coalesce(OuterRef("corrects"), OuterRef("pk"))
    reversals = SettlementRun.objects.filter(
        kind=SettlementRun.Kind.REVERSAL, state__in=SettlementRun.APPROVED_STATES, corrects=base
    )
    posts = LedgerEntry.objects.filter(run=OuterRef("pk"), member__isnull=False)
    return Exists(reversals.filter(Exists(posts), ~Exists(AccountMovement.objects.filter(run=OuterRef("pk")))))


def _reason(member: Member, cents: int, minimum: int, returned_iban: str, is_on_the_way: bool) -> str:
    if is_on_the_way:
        return Reason.ON_THE_WAY
    if cents < 0:
        return Reason.NEGATIVE
    if not stdnum_iban.is_valid(member.iban or ""):
        return Reason.NO_IBAN
    if returned_iban == stdnum_iban.compact(member.iban):
        return Reason.RETURNED
    return Reason.BELOW_MINIMUM if cents < minimum else ""


def _sum_by_member(community_id: int, **conditions: object) -> dict[int, int]:
    rows = AccountMovement.objects.filter(member__community=community_id, **conditions).order_by()
    return {member_id: int(cents) for member_id, cents in rows.values_list("member").annotate(sum=Sum("cents"))}


def _held_by_member(community_id: int, chosen: Iterable[int]) -> dict[int, int]:
    """What belongs to runs that neither an earlier batch nor this one takes in."""
    taken = PayoutRun.objects.filter(run=OuterRef("run"), released=False)
    rows = AccountMovement.objects.filter(~Exists(taken), member__community=community_id, run__isnull=False)
    sums = rows.exclude(run__in=chosen).order_by().values_list("member").annotate(sum=Sum("cents"))
    return {member_id: int(cents) for member_id, cents in sums}


def _list_members_gone(community_id: int, today: date) -> set[int]:
    """Members whose last period of membership is over: they are paid whatever the minimum."""
    periods = Membership.objects.filter(member=OuterRef("pk"))
    stays = Exists(periods.filter(Q(left_on__isnull=True) | Q(left_on__gt=today)))
    gone = Member.objects.filter(Exists(periods), ~stays, community=community_id)
    return set(gone.values_list("pk", flat=True))


def _members_on_the_way(community_id: int) -> set[int]:
    waiting = PayoutTransfer.objects.filter(batch__community=community_id, state__in=PayoutTransfer.OPEN_STATES)
    return set(waiting.values_list("member", flat=True))


def _ibans_that_came_back(community_id: int) -> dict[int, str]:
    """Per member the account of the latest transfer, where it came back for the account's sake."""
    latest: dict[int, PayoutTransfer] = {}
    done = PayoutTransfer.objects.filter(
        batch__community=community_id, state__in=[PayoutTransfer.State.EXECUTED, PayoutTransfer.State.RETURNED]
    )
    came_back = set(done.filter(return_code__in=ACCOUNT_REASONS).values_list("member", flat=True))
    for transfer in done.filter(member__in=came_back).order_by("batch__number"):
        latest[transfer.member_id] = transfer
    return {
        member_id: stdnum_iban.compact(transfer.iban)
        for member_id, transfer in latest.items()
        if transfer.return_code in ACCOUNT_REASONS
    }
