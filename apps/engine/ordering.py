"""The canonical order of an input: the same facts make the same value, whatever the order they arrived in."""

from dataclasses import replace
from datetime import date
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from apps.engine.inputs import Distribution, GivenAmount, Injection, MonthInputs, Plant, Point

Whole = TypeVar("Whole", bound=np.integer[Any])


def point_key(point: Point) -> tuple[str, date, str]:
    """Points stand by POD, then validity, then member; the lower POD wins ties (settlement-rules 2.7)."""
    return point.pod, point.valid_from, point.member


def plant_key(plant: Plant) -> str:
    """Plants stand by code."""
    return plant.code


def injection_key(row: Injection) -> tuple[int, int]:
    """Injection rows stand by point, then plant."""
    return row.point, row.plant


def given_key(row: GivenAmount) -> str:
    """Given amounts stand by the name of their contribution."""
    return row.contribution.value


def canonical(inputs: MonthInputs) -> MonthInputs:
    """Return the same facts in canonical order: rows sorted, matrices permuted along, indexes renumbered.

    An input that already stands in order shares its arrays with the result; nothing is copied.
    """
    point_order = sorted(range(len(inputs.points)), key=lambda i: point_key(inputs.points[i]))
    plant_order = sorted(range(len(inputs.plants)), key=lambda i: plant_key(inputs.plants[i]))
    new_point = {old: new for new, old in enumerate(point_order)}
    new_plant = {old: new for new, old in enumerate(plant_order)}
    injections = [Injection(new_point[row.point], new_plant[row.plant]) for row in inputs.injections]
    injection_order = sorted(range(len(injections)), key=lambda j: injection_key(injections[j]))
    zone_order = sorted(range(len(inputs.zones)), key=lambda z: inputs.zones[z])
    return replace(
        inputs,
        members=tuple(sorted(inputs.members)),
        points=tuple(inputs.points[i] for i in point_order),
        plants=tuple(inputs.plants[i] for i in plant_order),
        injections=tuple(injections[j] for j in injection_order),
        withdrawn_wh=_rows(inputs.withdrawn_wh, point_order),
        withdrawn_quality=_rows(inputs.withdrawn_quality, point_order),
        injected_wh=_rows(inputs.injected_wh, injection_order),
        injected_quality=_rows(inputs.injected_quality, injection_order),
        zones=tuple(inputs.zones[z] for z in zone_order),
        prices_ueur_per_mwh=_rows(inputs.prices_ueur_per_mwh, zone_order),
        distribution=_canonical_distribution(inputs.distribution),
        parameters=replace(
            inputs.parameters,
            tariff_classes=tuple(sorted(inputs.parameters.tariff_classes, key=lambda row: row.max_power_kw)),
            regional_correction_eur_per_mwh=tuple(sorted(inputs.parameters.regional_correction_eur_per_mwh)),
            grant_exempt_kinds=tuple(sorted(inputs.parameters.grant_exempt_kinds)),
            avoided_losses_by_voltage=tuple(sorted(inputs.parameters.avoided_losses_by_voltage)),
            enterprise_kinds=tuple(sorted(inputs.parameters.enterprise_kinds)),
        ),
        year_to_date=tuple(sorted(inputs.year_to_date, key=lambda row: row.granted)),
        accepted_missing=tuple(sorted(inputs.accepted_missing)),
        given=tuple(replace(row, by_plant=tuple(sorted(row.by_plant))) for row in sorted(inputs.given, key=given_key)),
    )


def _canonical_distribution(rule: Distribution) -> Distribution:
    """Fixed shares stand by member. Deductions keep their order: the community chose it."""
    return replace(
        rule,
        premium=replace(rule.premium, fixed=tuple(sorted(rule.premium.fixed))),
        valorisation=replace(rule.valorisation, fixed=tuple(sorted(rule.valorisation.fixed))),
        excess=rule.excess and replace(rule.excess, fixed=tuple(sorted(rule.excess.fixed))),
    )


def _rows(matrix: NDArray[Whole], order: list[int]) -> NDArray[Whole]:
    return matrix if order == list(range(len(order))) else matrix[order]
