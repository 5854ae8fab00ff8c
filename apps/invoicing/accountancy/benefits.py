"""The yearly report that the referente owes GSE: the benefits of a configuration, and how they were split (RO p.39).

"Una rendicontazione dettagliata su base annuale dei benefici conseguenti alle incentivazioni e delle modalità della loro
ripartizione", with separate accounts per contribution; the excess goes to who is no enterprise, or to social purposes.
Beside what was split stands what GSE published and what the bank received for the same months.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import Count, Q, Sum

from apps.communities.models import Configuration, DistributionRule
from apps.engine.gse_payments import FEE, attribute_all
from apps.invoicing.accountancy.chart import CONTRIBUTIONS, account_key, list_chart
from apps.invoicing.accountancy.ledger import CENTS, list_accounts
from apps.invoicing.accountancy.scope import Scope, list_counted_runs, registered_on
from apps.settlement.gse.payments import get_payments
from apps.settlement.history import list_speaking_runs
from apps.settlement.models import MemberResult, PlantResult, SettlementRun

ENTERPRISES = frozenset({"sme", "large_enterprise"})  # settlement-rules 5
MONTHS = 12
_SIDES = tuple(f"{name}_{side}_cents" for name in CONTRIBUTIONS for side in ("published", "received"))
Values = dict[str, Any]


def freeze_benefits(configuration: Configuration, year: int) -> Values:
    """Everything that the report of a configuration and year says, as JSON: cents, Wh, machine words, ISO dates."""
    first, after = date(year, 1, 1), date(year + 1, 1, 1)
    scope = Scope(configuration.community, first, date(year, 12, 31), configuration)
    runs = list_counted_runs(scope)
    bases = [run for run in runs if run.corrects_id is None]
    speaking = list_speaking_runs(bases)
    active = [month for month in _months(year) if _is_active(configuration, month)]
    settled = {run.month for run in bases}
    approvals = [day for run in runs if (day := registered_on(run))]
    return {
        "configuration": {
            "code": configuration.code,
            "kind": configuration.kind,
            "primary_substation": configuration.primary_substation,
        },
        "year": year,
        "runs": [run.pk for run in runs],
        "last_approved_on": max(approvals).isoformat() if approvals else None,
        "missing_months": [month.month for month in active if month not in settled],
        "months": [_month(base, now, runs) for base, now in zip(bases, speaking, strict=True)],
        "categories": _categories(runs),
        "accounts": _accounts(configuration, runs),
        "excess_sets": _excess_sets(speaking),
        "rules": _rules(configuration, first, after),
        **_gse_side(configuration, year),
    }


def _months(year: int) -> list[date]:
    return [date(year, month, 1) for month in range(1, MONTHS + 1)]


def _is_active(configuration: Configuration, month: date) -> bool:
    after = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return configuration.starts_on < after and (configuration.ends_on is None or configuration.ends_on > month)


def _month(base: SettlementRun, now: SettlementRun, runs: Sequence[SettlementRun]) -> Values:
    """A month: money of its run and corrections together, energies of the one that settled it last."""
    mine = [run for run in runs if run.month == base.month]
    cents = dict.fromkeys(CONTRIBUTIONS, 0)
    for run in mine:
        for row in run.contributions.all():
            cents[row.contribution] += row.amount_cents
    return {
        "month": base.month.month,
        "kind": now.settled_as,
        "runs": [run.pk for run in mine],
        "missing_hours": now.missing_hours,
        "injected_wh": now.injected_wh,
        "withdrawn_wh": now.withdrawn_wh,
        "shared_wh": now.shared_wh,
        "incentivised_wh": now.incentivised_wh,
        **{f"{name}_cents": value for name, value in cents.items()},
    }


def _categories(runs: Sequence[SettlementRun]) -> list[Values]:
    """Per kind of member, those that are no enterprises first: how many, and what they got of each contribution."""
    rows = MemberResult.objects.filter(run__in=runs).order_by().values_list("member__kind")
    sums = rows.annotate(Count("member", distinct=True), *(Sum(name) for name in CENTS))
    found = [
        {"kind": kind, "is_enterprise": kind in ENTERPRISES, "members": members, **dict(zip(CENTS, map(int, cents), strict=True))}
        for kind, members, *cents in sums
    ]
    return sorted(found, key=lambda row: (row["is_enterprise"], row["kind"]))


def _accounts(configuration: Configuration, runs: Sequence[SettlementRun]) -> list[Values]:
    """Per account of the distribution: what came to it of each contribution, and what it is for."""
    purposes = {account.key: account.purpose for account in list_chart(community_id=configuration.community_id)}
    found: defaultdict[str, Values] = defaultdict(lambda: dict.fromkeys(CENTS, 0))
    for row in list_accounts(runs):
        found[row["account"]][f"{row['contribution']}_cents"] += row["cents"]
    return [
        {
            "account": name,
            "purpose": next((text for one in CONTRIBUTIONS if (text := purposes.get(account_key(name, one), ""))), ""),
            **cents,
        }
        for name, cents in sorted(found.items())
        if any(cents.values())
    ]


def _excess_sets(speaking: Sequence[SettlementRun]) -> list[Values]:
    """Per set of incentivised plants: the share of the year and its threshold. Premium before the excess was taken off.

    An advance knows neither energy nor excess: its month does not count in the share yet.
    """
    speaking = [run for run in speaking if run.settled_as != SettlementRun.Kind.ADVANCE]
    thresholds = {row["granted"]: row["threshold"] for run in speaking for row in run.facts["excess_sets"]}
    sums = {granted: [0, 0, 0] for granted in sorted(thresholds)}
    for row in PlantResult.objects.filter(run__in=speaking):
        if not row.facts["not_incentivised_because"] and row.facts["granted"] in sums:
            for place, value in enumerate((row.injected_wh, row.incentivised_wh, row.premium_cents)):
                sums[row.facts["granted"]][place] += value
    return [
        {
            "granted": granted,
            "threshold": thresholds[granted],
            "injected_wh": injected,
            "incentivised_wh": incentivised,
            "premium_cents": premium,
        }
        for granted, (injected, incentivised, premium) in sums.items()
    ]


def _gse_side(configuration: Configuration, year: int) -> Values:
    """What GSE published for the months of the year, and what came of it by now; None is nothing, which is not zero."""
    gathered = get_payments(configuration=configuration, on=date(year, 12, 31))
    received = attribute_all(gathered.payments)
    rows: dict[int, Values] = {}
    for one in gathered.published:
        if one.month.year == year and one.item != FEE:
            row = rows.setdefault(one.month.month, {"month": one.month.month, **dict.fromkeys(_SIDES)})
            row[f"{one.item}_published_cents"] = (row[f"{one.item}_published_cents"] or 0) + one.cents
            if one.number in received:
                row[f"{one.item}_received_cents"] = (row[f"{one.item}_received_cents"] or 0) + received[one.number]
    return {
        "gse_months": [rows[month] for month in sorted(rows)],
        "gse_fee_cents": sum(one.cents for one in gathered.published if one.item == FEE and one.month.year == year),
        "unmatched_cents": sum(one.cents for one in gathered.payments.unmatched if one.value_date.year == year),
    }


def _rules(configuration: Configuration, first: date, after: date) -> list[Values]:
    """The distribution rules in force in the year, oldest first."""
    in_force = Q(valid_from__lt=after) & (Q(valid_to__isnull=True) | Q(valid_to__gt=first))
    rows = DistributionRule.objects.filter(in_force, configuration=configuration).order_by("valid_from")
    return [{"valid_from": row.valid_from.isoformat(), "table": row.table} for row in rows]
