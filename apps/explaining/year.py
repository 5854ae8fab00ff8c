"""The excess since January: what the run knew of the other months, and those months as they stand today."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from apps.engine.inputs import YearToDate
from apps.explaining.subject import Subject
from apps.settlement.history import list_effective_runs, list_speaking_runs
from apps.settlement.models import PlantResult, SettlementRun


@dataclass(frozen=True, slots=True)
class YearRow:
    """A month, or all other months together where `month` is None; the sums of one set of plants."""

    month: date | None
    injected_wh: int
    incentivised_wh: int
    premium_cents: int
    excess_cents: int


@dataclass(frozen=True, slots=True)
class YearOfSet:
    """`months` are today's rows of the other months; `as_then` says that they still come to what the run counted."""

    granted: bool
    threshold: str
    before: YearRow
    this: YearRow
    total: YearRow
    months: Sequence[YearRow]
    as_then: bool


def list_year(subject: Subject, known: Sequence[YearToDate]) -> list[YearOfSet]:
    """The sets of the run's excess. Three queries."""
    by_set = {row.granted: row for row in known}
    speaking = _other_runs(subject)
    shown = subject.sees_all or all(run.state in SettlementRun.FROZEN_STATES for run in speaking)
    plants = list(PlantResult.objects.filter(run__in=[run.pk for run in speaking])) if shown else []
    rows = {granted: _months(speaking if shown else [], plants, granted) for granted in (False, True)}
    return [_set(subject, told, by_set.get(told["granted"]), rows[told["granted"]]) for told in subject.run.facts["excess_sets"]]


def _set(subject: Subject, told: dict[str, Any], past: YearToDate | None, months: Sequence[YearRow]) -> YearOfSet:
    past = past or YearToDate(granted=told["granted"])
    before = YearRow(None, past.injected_wh, past.incentivised_wh, past.premium_cents, past.excess_cents)
    total = YearRow(None, told["injected_wh"], told["incentivised_wh"], told["premium_cents"], told["excess_year_cents"])
    names = ("injected_wh", "incentivised_wh", "premium_cents", "excess_cents")
    this = YearRow(subject.month, **{name: getattr(total, name) - getattr(before, name) for name in names})
    sums = [sum(getattr(row, name) for row in months) for name in names]
    return YearOfSet(
        granted=told["granted"],
        threshold=told["threshold"],
        before=before,
        this=this,
        total=total,
        months=months,
        as_then=sums == [getattr(before, name) for name in names],
    )


def _other_runs(subject: Subject) -> list[SettlementRun]:
    run = subject.run
    after = date(run.month.year + 1, 1, 1) if run.corrects_id else run.month
    effective = list_effective_runs(configuration_id=run.configuration_id, from_month=date(run.month.year, 1, 1), before=after)
    return list_speaking_runs([other for other in effective if other.month != run.month])


def _months(runs: Sequence[SettlementRun], plants: Sequence[PlantResult], granted: bool) -> list[YearRow]:
    sums: dict[int, list[int]] = {run.pk: [0, 0, 0] for run in runs}
    for plant in plants:
        if not plant.facts["not_incentivised_because"] and plant.facts["granted"] is granted:
            row = sums[plant.run_id]
            row[0] += plant.injected_wh
            row[1] += plant.incentivised_wh
            row[2] += plant.premium_cents
    found = []
    for run in runs:
        excess = sum(told["excess_month_cents"] for told in run.facts["excess_sets"] if told["granted"] is granted)
        if excess or any(sums[run.pk]):
            injected, incentivised, premium = sums[run.pk]
            found.append(YearRow(run.month, injected, incentivised, premium, excess))
    return found
