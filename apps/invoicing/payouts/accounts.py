"""Read: the account of one member line by line, and the community's own accounts as the ledger keeps them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import accumulate, groupby
from operator import attrgetter
from typing import NamedTuple

from django.db.models import QuerySet, Sum
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.communities.models import Member
from apps.invoicing.models import AccountMovement
from apps.invoicing.payouts.booking import OWING_STATES
from apps.settlement.models import LedgerEntry, SettlementRun

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
    return _balanced(_rows(AccountMovement.objects.filter(member=member_id)), {})


def list_accounts(*, community_id: int) -> Iterator[tuple[str, str, list[AccountLine]]]:
    """Code, name and account of all members with movements, by code, in one query; each run is described once."""
    rows = _rows(AccountMovement.objects.filter(member__community=community_id))
    runs: dict[int, str] = {}
    for (code, name), of_member in groupby(rows, key=attrgetter("member_code", "member_name")):
        yield code, name, _balanced(of_member, runs)


class _Row(NamedTuple):
    """A movement with what a description needs: no objects, for there are tens of thousands."""

    member_code: str
    member_name: str
    kind: str
    cents: int
    day: date
    run_id: int | None
    batch_number: int | None
    return_code: str | None


def _rows(movements: QuerySet[AccountMovement]) -> Iterator[_Row]:
    columns = ("member__code", "member__name", "kind", "cents", "day", "run", "transfer__batch__number", "transfer__return_code")
    ordered = movements.order_by("member__code", "member", "day", "pk").values_list(*columns)
    return (_Row(*row) for row in ordered.iterator(chunk_size=2_000))


def _balanced(rows: Iterable[_Row], runs: dict[int, str]) -> list[AccountLine]:
    """Lines with their running balance; `runs` remembers how runs are described."""
    found = list(rows)
    unknown = {row.run_id for row in found if row.run_id is not None} - runs.keys()
    if unknown:
        chosen = SettlementRun.objects.filter(pk__in=unknown).select_related("configuration").defer("facts", "missing")
        runs.update((run.pk, describe_run(run)) for run in chosen)
    balances = accumulate(row.cents for row in found)
    return [
        AccountLine(row.day, _describe(row, runs), row.cents, balance, row.run_id)
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


def _describe(row: _Row, runs: dict[int, str]) -> str:
    """What a line is about, in words that a member understands."""
    if row.run_id is not None:
        said = runs[row.run_id]
        return said if row.kind == Kind.CREDIT else f"{said}: {Kind(row.kind).label}"
    values = {"number": row.batch_number, "code": row.return_code}
    if row.kind == Kind.TRANSFER:
        return _("Bonifico, distinta n. %(number)s") % values
    return _("Bonifico restituito dalla banca (%(code)s), distinta n. %(number)s") % values


def describe_run(run: SettlementRun) -> str:
    """Which month of which configuration, and what kind of run."""
    return f"{date_format(run.month, 'F Y')}, {run.configuration.code}, {run.get_kind_display()}"


def _own_entries(community_id: int) -> QuerySet[LedgerEntry]:
    owing: Iterable[str] = OWING_STATES
    return LedgerEntry.objects.filter(run__configuration__community=community_id, run__state__in=owing).exclude(account="")


def _issued_on(run: SettlementRun) -> date:
    at = run.issued_at or run.opened_at
    return at.astimezone(timezone.get_default_timezone()).date()
