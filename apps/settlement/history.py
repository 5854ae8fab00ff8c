"""Which run speaks for a month, what corrected it since, and what other months of the year already posted.

A month is its base, the first run that was approved, and the approved runs that point back to it (a final run after a
provisional one, corrections): money is the sum of all of them, energy and the excess of the year are those of the latest, which
settled the month anew as a whole.
"""

from collections.abc import Iterable, Sequence
from datetime import date

from apps.engine.inputs import YearToDate
from apps.settlement.models import PlantResult, SettlementRun


def get_effective_run(*, configuration_id: int, month: date) -> SettlementRun | None:
    """The base of a month: approved before merely computed, final before provisional before advance, then the latest version."""
    runs = SettlementRun.objects.filter(
        configuration_id=configuration_id, month=month, state__in=SettlementRun.SETTLED_STATES, corrects=None
    ).order_by("version")
    return max(runs, key=precedence, default=None)


def get_base(*, configuration_id: int, month: date) -> SettlementRun | None:
    """The approved run that everything later of this month posts the difference to; None while the month is empty."""
    runs = SettlementRun.objects.filter(
        configuration_id=configuration_id, month=month, state__in=SettlementRun.APPROVED_STATES, corrects=None
    )
    return max(runs, key=precedence, default=None)


def list_effective_runs(*, configuration_id: int, from_month: date, before: date) -> list[SettlementRun]:
    """The base of each month in `[from_month, before)`, by month; months without a run are left out."""
    found = list_effective_runs_of([configuration_id], from_month=from_month, before=before)
    return found[configuration_id]


def list_effective_runs_of(configuration_ids: Iterable[int], *, from_month: date, before: date) -> dict[int, list[SettlementRun]]:
    """The same for several configurations at once."""
    return _best_of_months(configuration_ids, from_month, before, SettlementRun.SETTLED_STATES)


def list_approved_runs(*, configuration_id: int, from_month: date, before: date) -> list[SettlementRun]:
    """The same among approved runs alone: what members are told. What is merely computed is nobody's business yet."""
    return _best_of_months([configuration_id], from_month, before, SettlementRun.APPROVED_STATES)[configuration_id]


def get_year_to_date(*, configuration_id: int, before: date) -> tuple[YearToDate, ...]:
    """What January up to the month before posted, per set of incentivised plants; only months with a run count (rules 5)."""
    january = date(before.year, 1, 1)
    return get_year_of_runs(
        list_speaking_runs(list_effective_runs(configuration_id=configuration_id, from_month=january, before=before))
    )


def get_year_of_run(run: SettlementRun) -> tuple[YearToDate, ...]:
    """What the excess of this run is measured against (rules 5).

    For a run that posts a difference that is every other month of the year: what later months posted before they could know is
    made good by it, so the year closes on the annual formula whatever was corrected when. An advance knows no excess and a
    reversal leaves none: for both the year is empty.
    """
    if run.kind in (SettlementRun.Kind.ADVANCE, SettlementRun.Kind.REVERSAL):
        return ()
    if run.corrects_id is None:
        return get_year_to_date(configuration_id=run.configuration_id, before=run.month)
    january, after = date(run.month.year, 1, 1), date(run.month.year + 1, 1, 1)
    effective = list_effective_runs(configuration_id=run.configuration_id, from_month=january, before=after)
    return get_year_of_runs(list_speaking_runs([other for other in effective if other.month != run.month]))


def list_corrections(runs: Iterable[SettlementRun]) -> list[SettlementRun]:
    """The approved runs that point back to these bases, by month and in the order in which they were approved.

    Each was approved on the ground of all that were approved before it, so the number of runs that it stands on is its place.
    """
    found = SettlementRun.objects.filter(corrects__in=list(runs), state__in=SettlementRun.APPROVED_STATES)
    return sorted(found, key=lambda run: (run.month, len(run.facts["correction"]["against"])))


def list_speaking_runs(runs: Sequence[SettlementRun]) -> list[SettlementRun]:
    """For each of these bases the latest approved run that points back to it, or the base itself."""
    latest = {correction.corrects_id: correction for correction in list_corrections(runs)}
    return [latest.get(run.pk, run) for run in runs]


def list_runs_of_month(run: SettlementRun) -> list[int]:
    """The runs whose postings together are the month as this run knew it: itself and, if it posts a difference, all before it."""
    return [*run.facts["correction"]["against"], run.pk] if run.corrects_id else [run.pk]


def get_year_of_runs(runs: Sequence[SettlementRun]) -> tuple[YearToDate, ...]:
    """The figures of these months. An advance knows neither energy nor excess: its month does not count yet."""
    runs = [run for run in runs if run.settled_as != SettlementRun.Kind.ADVANCE]
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


def precedence(run: SettlementRun) -> tuple[bool, int, int]:
    """The greater is the base of the month: approved (and not reversed) before others, then the more certain, then the latest."""
    return run.state in SettlementRun.APPROVED_STATES, certainty(run.kind), run.version


def certainty(kind: str) -> int:
    """How certain a kind of run is: advance, provisional, final."""
    return SettlementRun.BASE_KINDS.index(SettlementRun.Kind(kind))


def _best_of_months(
    configuration_ids: Iterable[int], from_month: date, before: date, states: Sequence[str]
) -> dict[int, list[SettlementRun]]:
    best: dict[int, dict[date, SettlementRun]] = {number: {} for number in configuration_ids}
    runs = SettlementRun.objects.filter(
        configuration__in=list(best), month__gte=from_month, month__lt=before, state__in=states, corrects=None
    )
    for run in runs:
        months = best[run.configuration_id]
        if run.month not in months or precedence(run) > precedence(months[run.month]):
            months[run.month] = run
    return {number: [months[month] for month in sorted(months)] for number, months in best.items()}
