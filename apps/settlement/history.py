"""Which run speaks for a month, and what the earlier months of the year already posted."""

from collections.abc import Sequence
from datetime import date

from apps.engine.inputs import YearToDate
from apps.settlement.models import PlantResult, SettlementRun


def get_effective_run(*, configuration_id: int, month: date) -> SettlementRun | None:
    """The run that speaks for a month: approved before merely computed, final before provisional, then the latest version."""
    runs = SettlementRun.objects.filter(
        configuration_id=configuration_id, month=month, state__in=SettlementRun.SETTLED_STATES
    ).order_by("version")
    return max(runs, key=precedence, default=None)


def list_effective_runs(*, configuration_id: int, from_month: date, before: date) -> list[SettlementRun]:
    """The run that speaks for each month in `[from_month, before)`, by month; months without a run are left out."""
    return _best_of_months(configuration_id, from_month, before, SettlementRun.SETTLED_STATES)


def list_approved_runs(*, configuration_id: int, from_month: date, before: date) -> list[SettlementRun]:
    """The same among approved runs alone: what members are told. What is merely computed is nobody's business yet."""
    return _best_of_months(configuration_id, from_month, before, SettlementRun.APPROVED_STATES)


def get_year_to_date(*, configuration_id: int, before: date) -> tuple[YearToDate, ...]:
    """What January up to the month before posted, per set of incentivised plants; only months with a run count (rules 5)."""
    runs = list_effective_runs(configuration_id=configuration_id, from_month=date(before.year, 1, 1), before=before)
    sums = {granted: [0, 0, 0, 0] for granted in (False, True)}
    plants = PlantResult.objects.filter(run__in=runs)
    for row in plants:
        if not row.facts["not_incentivised_because"]:
            totals = sums[row.facts["granted"]]
            totals[0] += row.injected_wh
            totals[1] += row.incentivised_wh
            totals[2] += row.premium_cents
    for run in runs:
        for excess in run.facts["excess_sets"]:
            sums[excess["granted"]][3] += excess["excess_month_cents"]
    return tuple(
        YearToDate(
            granted=granted,
            injected_wh=totals[0],
            incentivised_wh=totals[1],
            premium_cents=totals[2],
            excess_cents=totals[3],
        )
        for granted, totals in sums.items()
        if any(totals)
    )


def precedence(run: SettlementRun) -> tuple[bool, bool, int]:
    """The greater speaks for the month: approved (and not reversed) before others, final before provisional, then the latest."""
    return run.state in SettlementRun.APPROVED_STATES, run.kind == SettlementRun.Kind.FINAL, run.version


def _best_of_months(configuration_id: int, from_month: date, before: date, states: Sequence[str]) -> list[SettlementRun]:
    runs = SettlementRun.objects.filter(
        configuration_id=configuration_id, month__gte=from_month, month__lt=before, state__in=states
    )
    best: dict[date, SettlementRun] = {}
    for run in runs:
        if run.month not in best or precedence(run) > precedence(best[run.month]):
            best[run.month] = run
    return [best[month] for month in sorted(best)]
