"""Read: the account of one member line by line, and the community's own accounts as the ledger keeps them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import accumulate, groupby
from operator import attrgetter
from typing import Any

from django.db.models import QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.communities.models import Member
from apps.invoicing.models import AccountMovement
from apps.invoicing.payouts.booking import OWING_STATES, list_replaced_runs
from apps.settlement.models import ContributionKind, LedgerEntry, SettlementRun

Kind = AccountMovement.Kind


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One line: above zero is owed to the holder. `balance_cents` is the account after it."""

    day: date
    text: str
    cents: int
    balance_cents: int
    run_id: int | None = None
    contribution: str = ""

    @property
    def debit_cents(self) -> int:
        return max(0, -self.cents)

    @property
    def credit_cents(self) -> int:
        return max(0, self.cents)


def get_account(*, member_id: int) -> list[AccountLine]:
    """The account of a member, oldest line first; the last balance is what the community owes today."""
    return _lines(AccountMovement.objects.filter(member=member_id))


def list_accounts(*, community_id: int) -> Iterator[tuple[Member, list[AccountLine]]]:
    """The accounts of all members with movements, by code, in one query."""
    rows = (
        _described(AccountMovement.objects.filter(member__community=community_id)).select_related("member").defer("member__iban")
    )
    ordered = rows.order_by("member__code", "member", "day", "pk").iterator(chunk_size=2_000)
    for member, of_member in groupby(ordered, key=attrgetter("member")):
        yield member, _balanced(of_member)


def _lines(rows: QuerySet[AccountMovement]) -> list[AccountLine]:
    return _balanced(_described(rows).order_by("day", "pk"))


def _described(rows: QuerySet[AccountMovement]) -> QuerySet[AccountMovement]:
    """With what a description needs, without what is large, encrypted, or both."""
    shown = rows.select_related("run__configuration", "transfer__batch").defer("run__facts", "run__missing")
    return shown.defer("transfer__name", "transfer__iban", "transfer__batch__content", "transfer__batch__payer")


def _balanced(rows: Iterable[AccountMovement]) -> list[AccountLine]:
    found = list(rows)
    balances = accumulate(row.cents for row in found)
    return [
        AccountLine(row.day, describe_movement(row), row.cents, balance, row.run_id)
        for row, balance in zip(found, balances, strict=True)
    ]


def get_balances(*, community_id: int) -> list[tuple[Member, int]]:
    """Every member of the community with what it is owed, by code."""
    sums = AccountMovement.objects.filter(member__community=community_id).order_by().values_list("member")
    balances = {member_id: int(cents) for member_id, cents in sums.annotate(sum=Sum("cents"))}
    members = Member.objects.filter(community=community_id).only("code", "name", "community").order_by("code")
    return [(member, balances.get(member.pk, 0)) for member in members]


def list_own_accounts(*, community_id: int) -> list[tuple[str, str, int]]:
    """The community's accounts: name, contribution, cents, of issued runs that speak for their months."""
    sums = _own_entries(community_id).order_by("account", "contribution").values_list("account", "contribution")
    return [(account, contribution, int(cents)) for account, contribution, cents in sums.annotate(sum=Sum("cents")) if cents]


def get_own_account(*, community_id: int, account: str) -> list[AccountLine]:
    """One account of the community: a line per run and contribution, oldest first."""
    entries = _own_entries(community_id).filter(account=account).order_by("run__issued_at", "run", "contribution")
    sums = entries.values_list("run", "contribution").annotate(sum=Sum("cents"))
    rows = [(run_id, contribution, int(cents)) for run_id, contribution, cents in sums if cents]
    runs = SettlementRun.objects.select_related("configuration").defer("facts", "missing").in_bulk({row[0] for row in rows})
    balances = accumulate(cents for _run, _contribution, cents in rows)
    return [
        AccountLine(_issued_on(runs[run_id]), describe_run(runs[run_id]), cents, balance, run_id, contribution)
        for (run_id, contribution, cents), balance in zip(rows, balances, strict=True)
    ]


def contribution_name(contribution: str) -> str:
    return str(ContributionKind(contribution).label)


def describe_movement(row: AccountMovement) -> str:
    """What a line is about, in words that a member understands."""
    if row.run:
        said = describe_run(row.run)
        return said if row.kind == Kind.CREDIT else f"{said}: {row.get_kind_display()}"
    values: dict[str, Any] = {"number": row.transfer.batch.number if row.transfer else ""}
    if row.kind == Kind.TRANSFER:
        return _("Bonifico, distinta n. %(number)s") % values
    code = row.transfer.return_code if row.transfer else ""
    return _("Bonifico restituito dalla banca (%(code)s), distinta n. %(number)s") % {**values, "code": code}


def describe_run(run: SettlementRun) -> str:
    """Which month of which configuration, and what kind of run."""
    values = {"month": f"{run.month:%m/%Y}", "configuration": run.configuration.code, "kind": run.get_kind_display()}
    return _("Mese %(month)s, %(configuration)s, %(kind)s") % values


def _own_entries(community_id: int) -> QuerySet[LedgerEntry]:
    owing: Iterable[str] = OWING_STATES
    entries = LedgerEntry.objects.filter(run__configuration__community=community_id, run__state__in=owing).exclude(account="")
    return entries.exclude(run__in=list_replaced_runs(community_id))


def _issued_on(run: SettlementRun) -> date:
    at = run.issued_at or run.opened_at
    return at.astimezone(timezone.get_default_timezone()).date()
