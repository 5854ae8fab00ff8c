"""Read: what the community itself computed for each month, whatever it divided."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Sum

from apps.engine.inputs import AmountSource, Contribution
from apps.settlement.history import list_corrections, list_effective_runs
from apps.settlement.models import ContributionTotal, SettlementRun


@dataclass(frozen=True, slots=True)
class OwnMonth:
    """One settled month: `run` speaks for it (its latest approved correction, if any).

    `cents` is the own computation, without the contributions of which none is known. `unknown` are those that the run divided as
    GSE published them and of which nothing tells the own amount: runs did not always keep it. `divided` is what the month posted
    in all, `from_gse` the contributions of it that GSE found.
    """

    run: SettlementRun
    cents: dict[Contribution, int]
    unknown: frozenset[Contribution]
    divided: dict[Contribution, int]
    from_gse: frozenset[Contribution]


def list_own_months(*, configuration_id: int, from_month: date, before: date) -> dict[date, OwnMonth]:
    """Every settled month in `[from_month, before)`. An advance divides GSE's formula: it has no own computation."""
    bases = list_effective_runs(configuration_id=configuration_id, from_month=from_month, before=before)
    corrections = list_corrections(bases)
    latest = {one.corrects_id: one for one in corrections}
    sums = (
        ContributionTotal.objects.filter(run__in=[*bases, *corrections])
        .order_by()
        .values_list("run__month", "contribution")
        .annotate(cents=Sum("amount_cents"))
    )
    divided: dict[date, dict[Contribution, int]] = {base.month: {} for base in bases}
    for month, contribution, cents in sums:
        divided[month][Contribution(contribution)] = int(cents)
    return {base.month: _own_month(latest.get(base.pk, base), divided[base.month]) for base in bases}


def _own_month(run: SettlementRun, divided: dict[Contribution, int]) -> OwnMonth:
    given = run.facts.get("given", [])
    from_gse = frozenset(Contribution(row["contribution"]) for row in given if row["source"] == AmountSource.GSE_PUBLISHED.value)
    if run.settled_as == SettlementRun.Kind.ADVANCE:
        own: dict[Contribution, int | None] = {}
    elif from_gse:
        own = _own_beside_gse(run, from_gse)
    else:
        own = dict(divided)  # the month was brought to what this run computed
    kept = {name: cents for name, cents in own.items() if cents is not None}
    return OwnMonth(run=run, cents=kept, unknown=frozenset(own.keys() - kept.keys()), divided=divided, from_gse=from_gse)


def _own_beside_gse(run: SettlementRun, from_gse: frozenset[Contribution]) -> dict[Contribution, int | None]:
    """What a run kept of its own computation. Before `own` was kept the premium and the excess stood in its facts all the same;
    a valorisation that was given left no trace.
    """
    if "own" in run.facts:
        return {name: run.facts["own"][name.value] for name in Contribution}
    excess = sum(row["excess_month_cents"] for row in run.facts["excess_sets"])
    valorisation = None if Contribution.VALORISATION in from_gse else run.facts["valorisation"]["amount_cents"]
    return {
        Contribution.PREMIUM: run.facts["premium_gross_cents"] - excess,
        Contribution.VALORISATION: valorisation,
        Contribution.EXCESS: excess,
    }
