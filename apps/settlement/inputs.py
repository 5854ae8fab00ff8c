"""Gather: the facts of one configuration and month, from the rows of four rooms into one frozen value."""

from collections.abc import Mapping, Sequence

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from apps.communities.queries import Perimeter, get_distribution, get_perimeter
from apps.engine.calendar import validity_hours
from apps.engine.inputs import Injection, Kind, MonthInputs, Plant, Point, RunKind
from apps.engine.ordering import canonical
from apps.metering.models import Channel
from apps.metering.queries import get_month_curves, list_injecting_pods
from apps.settlement.errors import ConfigurationEmpty, PlantMissing
from apps.settlement.given_inputs import get_given_amounts, get_reversal_inputs
from apps.settlement.history import get_year_of_run
from apps.settlement.models import SettlementRun
from apps.settlement.parameters import get_rule_parameters
from apps.settlement.prices.queries import get_hourly_prices
from apps.settlement.units import kwh


def get_month_inputs(*, run_id: int) -> MonthInputs:
    """Everything that the rules may look at for this run, in canonical order.

    Errors: `SettlementError` and the errors of communities and metering, each a sentence that says what to mend.
    """
    run = SettlementRun.objects.select_related("configuration", "corrects").get(pk=run_id)
    run_kind = RunKind(run.settled_as)
    if run_kind is RunKind.REVERSAL:
        return get_reversal_inputs(run)
    year, month = run.month.year, run.month.month
    perimeter = get_perimeter(run.configuration, year, month)
    points = points_of_month(perimeter, year, month)
    if not points:
        raise ConfigurationEmpty(
            _(
                "Run %(month)s of %(configuration)s cannot start: no metering point is valid in the month. "
                "Add the metering points, then retry the run."
            )
            % {"month": run.month_text, "configuration": run.configuration.code}
        )
    plants = tuple(sorted(perimeter.plants, key=lambda plant: plant.code))
    refuse_injection_without_plant(run.configuration.code, points, plants, year, month)
    injections = injections_of(points, plants)
    withdrawn_wh, withdrawn_quality = _curves([point.pod for point in points], Channel.WITHDRAWN, year, month)
    injected_wh, injected_quality = _curves([points[row.point].pod for row in injections], Channel.INJECTED, year, month)
    # an advance is priced by GSE's formula: the market has no say in it
    zones = () if run_kind is RunKind.ADVANCE else tuple(sorted({plant.market_zone for plant in plants}))
    distribution = get_distribution(run.configuration, year, month)
    parameters = get_rule_parameters(on=run.month)
    return canonical(
        MonthInputs(
            configuration=run.configuration.code,
            kind=Kind(run.configuration.kind),
            run_kind=run_kind,
            year=year,
            month=month,
            members=perimeter.members,
            points=points,
            plants=plants,
            injections=injections,
            withdrawn_wh=withdrawn_wh,
            withdrawn_quality=withdrawn_quality,
            injected_wh=injected_wh,
            injected_quality=injected_quality,
            zones=zones,
            prices_ueur_per_mwh=get_hourly_prices(zones, year, month, configuration=run.configuration.code),
            distribution=distribution,
            parameters=parameters,
            year_to_date=get_year_of_run(run),
            accepted_missing=tuple(sorted(run.accepted_missing)),
            given=get_given_amounts(run, points, plants, parameters),
        )
    )


def points_of_month(perimeter: Perimeter, year: int, month: int) -> tuple[Point, ...]:
    """The points whose validity touches the month, by (pod, valid_from, member), cut to its hours."""
    found = []
    for point in perimeter.points:
        first_hour, last_hour = validity_hours(year, month, point.valid_from, point.valid_to)
        if first_hour < last_hour:
            found.append(
                Point(
                    pod=point.pod_key,
                    member=point.member,
                    member_kind=point.member_kind,
                    voltage=point.voltage,
                    valid_from=point.valid_from,
                    valid_to=point.valid_to,
                    first_hour=first_hour,
                    last_hour=last_hour,
                    storage_efficiency=point.storage_efficiency,
                )
            )
    return tuple(sorted(found, key=lambda point: (point.pod, point.valid_from, point.member)))


def injections_of(points: Sequence[Point], plants: Sequence[Plant]) -> tuple[Injection, ...]:
    """Which rows of injection the rules need: every point of the month behind which a plant stands."""
    by_pod: Mapping[str, int] = {plant.pod: i for i, plant in enumerate(plants)}
    return tuple(Injection(point=i, plant=by_pod[point.pod]) for i, point in enumerate(points) if point.pod in by_pod)


def refuse_injection_without_plant(
    configuration: str, points: Sequence[Point], plants: Sequence[Plant], year: int, month: int
) -> None:
    """Energy that nobody can be credited for is an error in the records, not a plant of its own (settlement-rules 2.5)."""
    with_plant = {plant.pod for plant in plants}
    without = sorted({point.pod for point in points} - with_plant)
    for pod, energy_wh in sorted(list_injecting_pods(without, year, month).items()):
        raise PlantMissing(
            _(
                "Run %(month)s of %(configuration)s cannot start: %(pod)s injected %(energy)s kWh but no plant is registered "
                "behind it. Add the plant or correct the measures, then retry the run."
            )
            % {"month": f"{year}-{month:02d}", "configuration": configuration, "pod": pod, "energy": kwh(energy_wh)}
        )


def _curves(pods: Sequence[str], channel: Channel, year: int, month: int) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    matrix = get_month_curves(pods, channel, year, month)
    return matrix.values, matrix.quality
