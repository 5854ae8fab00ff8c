"""The journal (prima nota): documents that balance, each from a provider.

A provider answers two questions: which documents of a period stand in the books (`freeze`, asked when the export is asked for,
as JSON), and what their postings are (`iterate_postings`, asked by the worker, later and perhaps twice). What was frozen must not
change, so that the same export has the same bytes. One configuration's journal has its runs and what GSE paid for them: invoices
and transfers to members are the community's.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Sum

from apps.invoicing.accountancy.chart import CONTRIBUTIONS, account_key, gse_key, members_key
from apps.invoicing.accountancy.gse_receipts import GseReceipts
from apps.invoicing.accountancy.invoices import Invoices
from apps.invoicing.accountancy.journal_nouns import GSE, Posting, Provider
from apps.invoicing.accountancy.payments import Payments
from apps.invoicing.accountancy.scope import Scope, last_day_of_month, list_counted_runs, registered_on
from apps.settlement.models import LedgerEntry, SettlementRun

_TITLES = {"advance": "Acconto", "correction": "Rettifica", "reversal": "Storno"}


@dataclass(frozen=True, slots=True)
class PayeeSum:
    """What a run posted to one member (`account` empty) or one account (`member` empty), of one contribution."""

    contribution: str
    member: str
    name: str
    account: str
    cents: int


class Runs:
    """Approved runs: what GSE owes for a month, against what members and accounts got of it.

    A run stands on the last day of its month, whatever day it was approved, which its text says. A correction with less stands
    on the opposite side.
    """

    name = "runs"

    def freeze(self, scope: Scope) -> list[int]:
        return [run.pk for run in list_counted_runs(scope)]

    def iterate_postings(self, frozen: Sequence[int]) -> Iterator[Posting]:
        runs = SettlementRun.objects.select_related("configuration").in_bulk(list(frozen))
        for run_id in frozen:
            yield from _postings_of_run(runs[run_id])


# A small list that grows by one line per sort of document.
PROVIDERS: tuple[Provider, ...] = (Runs(), GseReceipts(), Invoices(), Payments())


def freeze_journal(scope: Scope) -> dict[str, Any]:
    """Which documents stand in the journal of the scope, per provider; of one run, that run alone."""
    return {provider.name: provider.freeze(scope) for provider in PROVIDERS if scope.run is None or isinstance(provider, Runs)}


def iterate_journal(frozen: dict[str, Any]) -> Iterator[Posting]:
    """The postings of everything that was frozen, provider by provider."""
    for provider in PROVIDERS:
        if provider.name in frozen:
            yield from provider.iterate_postings(frozen[provider.name])


def _postings_of_run(run: SettlementRun) -> Iterator[Posting]:
    approved = registered_on(run)
    text = f"{_TITLES.get(run.kind, 'Regolazione')} n. {run.pk}"
    text += f", approvata il {approved:%d/%m/%Y}" if approved else ""
    rows = LedgerEntry.objects.filter(run=run).order_by().values_list("contribution", "member__code", "member__name", "account")
    return post_run(
        day=last_day_of_month(run.month),
        document=f"{run.configuration.code}/{run.month_text}/{run.kind}/v{run.version}",
        text=text,
        sums=[
            PayeeSum(contribution, member or "", name or "", account, int(cents))
            for contribution, member, name, account, cents in rows.annotate(Sum("cents"))
        ],
    )


def post_run(*, day: date, document: str, text: str, sums: Sequence[PayeeSum]) -> Iterator[Posting]:
    """Per contribution: GSE, then members by code, then accounts by name; who got nothing on balance is left out."""
    for contribution in CONTRIBUTIONS:
        mine = [one for one in sums if one.contribution == contribution and one.cents]
        total = sum(one.cents for one in mine)
        if total:
            yield Posting(day, document, gse_key(contribution), total, text, contribution, GSE, "GSE")
        for one in sorted(mine, key=lambda one: (one.member == "", one.member, one.account)):
            key = members_key(contribution) if one.member else account_key(one.account, contribution)
            yield Posting(day, document, key, -one.cents, text, contribution, one.member or one.account, one.name)
