"""The rows of the books, read from frozen runs as they are written: memory does not grow with members or years."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import Q, Sum

from apps.invoicing.accountancy.chart import CONTRIBUTIONS, account_key, members_key
from apps.invoicing.accountancy.scope import registered_on
from apps.settlement.models import LedgerEntry, MemberResult, SettlementRun

Values = dict[str, Any]
CHUNK = 5_000
_ENERGIES = ("injected_wh", "withdrawn_wh", "shared_wh")
CENTS = ("premium_cents", "valorisation_cents", "excess_cents")


def run_values(run: SettlementRun) -> Values:
    """What every row says about the run that it comes from."""
    return {
        "configuration": run.configuration.code,
        "month": run.month,
        "run": run.pk,
        "run_kind": run.kind,
        "version": run.version,
        "registered_on": registered_on(run),
    }


def list_months(runs: Sequence[SettlementRun]) -> list[Values]:
    """Per run and contribution: the amount as the run states it, and what its entries gave to members and to accounts."""
    stated = {
        (run_id, contribution): int(cents)
        for run in runs
        for run_id, contribution, cents in run.contributions.values_list("run_id", "contribution", "amount_cents")
    }
    posted: defaultdict[tuple[int, str], list[int]] = defaultdict(lambda: [0, 0])
    sums = LedgerEntry.objects.filter(run__in=runs).order_by().values_list("run_id", "contribution")
    for run_id, contribution, members, accounts in sums.annotate(
        to_members=Sum("cents", filter=Q(member__isnull=False)), to_accounts=Sum("cents", filter=Q(member__isnull=True))
    ):
        posted[run_id, contribution] = [int(members or 0), int(accounts or 0)]
    return [
        {
            **run_values(run),
            "contribution": contribution,
            "amount_cents": stated.get((run.pk, contribution), 0),
            "members_cents": posted[run.pk, contribution][0],
            "accounts_cents": posted[run.pk, contribution][1],
        }
        for run in runs
        for contribution in CONTRIBUTIONS
    ]


def count_entries(runs: Sequence[SettlementRun]) -> int:
    return LedgerEntry.objects.filter(run__in=runs).count()


def iterate_entries(runs: Sequence[SettlementRun]) -> Iterator[Values]:
    """Every ledger entry, in the order of the books; `account_key` is its account in the chart."""
    for run in runs:
        about = run_values(run)
        rows = (
            LedgerEntry.objects.filter(run=run)
            .order_by("position")
            .values_list(
                "position", "contribution", "block", "key", "member__code", "member__name", "account", "block_cents", "cents"
            )
        )
        for position, contribution, block, key, member, name, account, block_cents, cents in rows.iterator(chunk_size=CHUNK):
            yield {
                **about,
                "position": position,
                "contribution": contribution,
                "block": block,
                "split_key": key,
                "member": member or "",
                "name": name or "",
                "account": account,
                "account_key": members_key(contribution) if member else account_key(account, contribution),
                "block_cents": block_cents,
                "cents": cents,
            }


def count_members(runs: Sequence[SettlementRun]) -> int:
    """How many rows `iterate_members` has."""
    rows = MemberResult.objects.filter(run__in=runs).order_by()
    return rows.values("run__configuration", "run__month", "member").distinct().count()


def iterate_members(runs: Sequence[SettlementRun]) -> Iterator[Values]:
    """Per configuration, month and member: energies and cents of the run and its corrections together."""
    order = ("run__configuration__code", "run__month", "member__code")
    rows = MemberResult.objects.filter(run__in=runs).order_by(*order).values_list(*order, "member__name", "member__kind")
    for configuration, month, *rest in _summed(rows).iterator(chunk_size=CHUNK):
        yield {"configuration": configuration, "month": month, **_member_values(rest)}


def count_year_members(runs: Sequence[SettlementRun]) -> int:
    """How many rows `iterate_year_members` has."""
    return MemberResult.objects.filter(run__in=runs).order_by().values("run__month__year", "member").distinct().count()


def iterate_year_members(runs: Sequence[SettlementRun]) -> Iterator[Values]:
    """Per year and member, over all configurations of the scope."""
    order = ("run__month__year", "member__code")
    rows = MemberResult.objects.filter(run__in=runs).order_by(*order).values_list(*order, "member__name", "member__kind")
    for year, *rest in _summed(rows).iterator(chunk_size=CHUNK):
        yield {"year": year, **_member_values(rest)}


def sum_members(runs: Sequence[SettlementRun]) -> Values:
    """The totals of the rows above."""
    sums = MemberResult.objects.filter(run__in=runs).aggregate(**{name: Sum(name) for name in (*_ENERGIES, *CENTS)})
    return {name: int(value or 0) for name, value in sums.items()}


def list_accounts(runs: Sequence[SettlementRun]) -> list[Values]:
    """Per configuration, month, account and contribution: what came to the account."""
    order = ("run__configuration__code", "run__month", "account", "contribution")
    rows = LedgerEntry.objects.filter(run__in=runs, member__isnull=True).order_by(*order).values_list(*order)
    return [
        {
            "configuration": configuration,
            "month": month,
            "account": account,
            "contribution": contribution,
            "account_key": account_key(account, contribution),
            "cents": int(cents),
        }
        for configuration, month, account, contribution, cents in rows.annotate(Sum("cents"))
    ]


def _summed(rows: Any) -> Any:
    return rows.annotate(*(Sum(name) for name in (*_ENERGIES, *CENTS)))


def _member_values(rest: Sequence[Any]) -> Values:
    member, name, kind, *sums = rest
    numbers = dict(zip((*_ENERGIES, *CENTS), map(int, sums), strict=True))
    return {"member": member, "name": name, "kind": kind, **numbers}
