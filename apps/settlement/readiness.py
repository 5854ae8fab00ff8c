"""Read: what a month still lacks before it can be settled. Looks where `get_month_inputs` looks, and refuses nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from apps.communities.errors import DistributionMissing
from apps.communities.models import Configuration
from apps.communities.queries import get_distribution, get_perimeter
from apps.engine.calendar import local_hours, month_days, month_starts_at
from apps.engine.inputs import Kind, Plant, Point, Quality
from apps.engine.quality import QUARTERS_PER_HOUR, unknown_hours
from apps.metering.models import Channel
from apps.metering.month_curves import get_month_quality
from apps.metering.queries import list_injecting_pods
from apps.settlement.history import list_effective_runs
from apps.settlement.inputs import injections_of, points_of_month
from apps.settlement.models import RuleParameter, SettlementRun
from apps.settlement.parameters import ADVANCE_KEYS, REQUIRED
from apps.settlement.prices.queries import list_missing_prices


@dataclass(frozen=True, slots=True)
class PodHours:
    """One POD of the month: of `expected` hours `missing` are not known, `suspect` of them for a quarter nobody can believe.

    Without any curve all are missing.
    """

    pod: str
    expected: int
    missing: int
    suspect: int = 0

    @property
    def has_curves(self) -> bool:
        return self.missing < self.expected or self.suspect > 0


@dataclass(frozen=True, slots=True)
class KnownHours:
    """The measures of a month. `known` (P, D): share of known hours per POD and day, NaN where none is expected."""

    pods: tuple[PodHours, ...]
    days: tuple[date, ...]
    known: NDArray[np.float64]

    @property
    def incomplete(self) -> tuple[PodHours, ...]:
        return tuple(row for row in self.pods if row.missing)

    @property
    def expected_hours(self) -> int:
        return sum(row.expected for row in self.pods)

    @property
    def missing_hours(self) -> int:
        return sum(row.missing for row in self.pods)

    @property
    def suspect_hours(self) -> int:
        return sum(row.suspect for row in self.pods)


@dataclass(frozen=True, slots=True)
class PriceGap:
    """Hours of one zone that cannot be priced, and the first of them (aware, local)."""

    zone: str
    hours: int
    first_at: datetime


@dataclass(frozen=True, slots=True)
class Readiness:
    """What is there and what is missing."""

    measures: KnownHours
    price_gaps: tuple[PriceGap, ...]
    unknown_parameters: tuple[str, ...]
    has_distribution: bool
    without_plant: tuple[tuple[str, int], ...]  # (POD, Wh injected)
    months_without_run: tuple[date, ...]

    @property
    def stops(self) -> bool:
        """A run would be parked for a reason other than missing measures."""
        mendable = self.price_gaps or self.unknown_parameters or self.without_plant
        return not self.measures.pods or not self.has_distribution or bool(mendable)


def get_readiness(configuration: Configuration, month: date, *, kind: str) -> Readiness:
    """Everything that a person should know before starting a run of this kind.

    An advance is what GSE estimates of each plant: it needs the values of that estimate, no price of an hour, and no earlier
    month, because it has no excess.
    """
    year, number = month.year, month.month
    is_advance = kind == SettlementRun.Kind.ADVANCE
    perimeter = get_perimeter(configuration, year, number)
    points = points_of_month(perimeter, year, number)
    plants = tuple(sorted(perimeter.plants, key=lambda plant: plant.code))
    without = sorted({point.pod for point in points} - {plant.pod for plant in plants})
    return Readiness(
        measures=_known_hours(points, plants, month),
        price_gaps=() if is_advance else _price_gaps(sorted({plant.market_zone for plant in plants}), month),
        unknown_parameters=_unknown_parameters(configuration, month, is_advance=is_advance),
        has_distribution=_has_distribution(configuration, month),
        without_plant=tuple(sorted(list_injecting_pods(without, year, number).items())),
        months_without_run=() if is_advance else _months_without_run(configuration, month),
    )


def get_known_hours(configuration: Configuration, month: date, *, until: datetime | None = None) -> KnownHours:
    """Which hours of the month are known, POD by POD and day by day. Of a month that goes on, those over at `until` (aware)."""
    perimeter = get_perimeter(configuration, month.year, month.month)
    return _known_hours(points_of_month(perimeter, month.year, month.month), perimeter.plants, month, until=until)


def _known_hours(points: Sequence[Point], plants: Sequence[Plant], month: date, *, until: datetime | None = None) -> KnownHours:
    """An hour counts as the engine counts it: all quarters of the withdrawal, and of the injection where a plant stands."""
    year, number = month.year, month.month
    days, _hours = local_hours(year, number)
    over = len(days) if until is None else max(0, (until - month_starts_at(year, number)) // timedelta(hours=1))
    order = {pod: row for row, pod in enumerate(sorted({point.pod for point in points}))}
    expected = np.zeros((len(order), len(days)), np.bool_)
    missing, suspect = np.zeros_like(expected), np.zeros_like(expected)
    injections = injections_of(points, plants)
    looked_at = (
        (Channel.WITHDRAWN, list(points)),
        (Channel.INJECTED, [points[row.point] for row in injections]),
    )
    for channel, rows in looked_at:
        pods = sorted({point.pod for point in rows})
        quality = dict(zip(pods, get_month_quality(pods, channel, year, number), strict=True))
        for point in rows:
            slots = quality[point.pod]
            doubtful = (slots == Quality.SUSPECT).reshape(-1, QUARTERS_PER_HOUR).any(axis=1)
            valid = slice(min(point.first_hour, over), min(point.last_hour, over))
            expected[order[point.pod], valid] = True
            missing[order[point.pod], valid] |= unknown_hours(slots)[valid]
            suspect[order[point.pod], valid] |= doubtful[valid]
    firsts = np.flatnonzero(np.diff(days, prepend=0))
    per_day = np.add.reduceat(expected, firsts, axis=1, dtype=np.int64) if points else np.zeros((0, len(firsts)), np.int64)
    lacking = np.add.reduceat(missing, firsts, axis=1, dtype=np.int64) if points else per_day
    known = np.where(per_day > 0, 1 - lacking / np.maximum(per_day, 1), np.nan)
    counts = zip(order, *(marks.sum(axis=1).tolist() for marks in (expected, missing, suspect)), strict=True)
    found = tuple(PodHours(*row) for row in counts)
    return KnownHours(found, month_days(year, number), known)


def _price_gaps(zones: Sequence[str], month: date) -> tuple[PriceGap, ...]:
    hours: dict[str, list[datetime]] = {}
    for gap in list_missing_prices(zones, month.year, month.month):
        hours.setdefault(gap.zone, []).append(gap.starts_at)
    return tuple(PriceGap(zone, len(starts), min(starts)) for zone, starts in sorted(hours.items()))


def _unknown_parameters(configuration: Configuration, month: date, *, is_advance: bool) -> tuple[str, ...]:
    """The keys without a value on the first day: the required ones, TRASE, and what the kind of run or configuration adds."""
    wanted = {*REQUIRED, "trase_eur_per_mwh"}
    if is_advance:
        wanted |= ADVANCE_KEYS
    elif configuration.kind == Kind.GROUP.value:
        wanted.add("btau_eur_per_mwh")
    recorded = RuleParameter.objects.filter(valid_from__lte=month).exclude(valid_to__lte=month)
    return tuple(sorted(wanted - set(recorded.values_list("key", flat=True))))


def _has_distribution(configuration: Configuration, month: date) -> bool:
    try:
        get_distribution(configuration, month.year, month.month)
    except DistributionMissing:
        return False
    return True


def _months_without_run(configuration: Configuration, month: date) -> tuple[date, ...]:
    """Earlier months of the year that post nothing to the year-to-date of the excess (settlement-rules 5)."""
    january = date(month.year, 1, 1)
    first = max(january, configuration.starts_on.replace(day=1))
    runs = list_effective_runs(configuration_id=configuration.pk, from_month=january, before=month)
    have = {run.month for run in runs}
    months = (date(month.year, number, 1) for number in range(1, month.month))
    return tuple(candidate for candidate in months if candidate >= first and candidate not in have)
