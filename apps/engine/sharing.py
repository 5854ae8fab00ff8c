"""Who shared what in each hour: the hourly minimum, the cascade of plants and the voltage levels (settlement-rules 2.4-2.8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from apps.engine.identifiers import VOLTAGES_UPWARD
from apps.engine.inputs import MonthInputs, Voltage
from apps.engine.money import allocate_columns
from apps.engine.tariff import Terms

_ROWS_PER_BLOCK = 128


@dataclass(frozen=True, slots=True)
class Sharing:
    """Energy of each hour, int64 Wh, with H hours and N plants in cascade order.

    `injected_wh`, `withdrawn_wh`, `shared_wh` (H,); `plant_injected_wh`, `taken_wh` (N, H).
    """

    injected_wh: NDArray[np.int64]
    withdrawn_wh: NDArray[np.int64]
    shared_wh: NDArray[np.int64]
    plant_injected_wh: NDArray[np.int64]
    taken_wh: NDArray[np.int64]


def cascade_order(inputs: MonthInputs, terms: tuple[Terms, ...]) -> tuple[int, ...]:
    """Return the plants' indexes by seniority: entry into operation, then code (RO p.143).

    With `existing_plants_in_cascade` false the plants that earn no premium stand after all the others instead of being left
    out: what they inject is shared all the same, and so the plants still add up to the shared energy of every hour.
    """

    def seniority(index: int) -> tuple[bool, date, str]:
        plant = inputs.plants[index]
        waits = not inputs.parameters.existing_plants_in_cascade and not terms[index].earns
        return waits, plant.entered_operation_on, plant.code

    return tuple(sorted(range(len(inputs.plants)), key=seniority))


def take_in_order(offered: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return what each row takes when the rows serve one after the other: `min(its offer, what is still wanted)`.

    Shapes: `offered` (N, H), `wanted` (H,) -> (N, H). After n rows min(Σ offered, wanted) is served, so each row's part is a
    difference of two such figures, and the rows add up to min(Σ, wanted) by construction.
    """
    served = np.minimum(np.cumsum(offered, axis=0, dtype=np.int64), wanted)
    served[1:] -= served[:-1].copy()
    return served


def sum_of_rows(matrix: NDArray[np.int64], rows: Sequence[int]) -> NDArray[np.int64]:
    """Return the sum of some rows of a (P, H) matrix, (H,), without copying more than a few of them at a time."""
    total = np.zeros(matrix.shape[1], np.int64)
    for start in range(0, len(rows), _ROWS_PER_BLOCK):
        total += matrix[rows[start : start + _ROWS_PER_BLOCK]].sum(axis=0)
    return total


def share(inputs: MonthInputs, order: tuple[int, ...], withdrawn: NDArray[np.int64], injected: NDArray[np.int64]) -> Sharing:
    """Return the shared energy of each hour and what each plant takes of it (RO p.38, 143-144).

    Shapes: `withdrawn` (P, H), `injected` (J, H), int64 Wh.
    """
    plants = np.zeros((len(order), withdrawn.shape[1]), np.int64)
    place = {plant: n for n, plant in enumerate(order)}
    for j, row in enumerate(inputs.injections):
        plants[place[row.plant]] += injected[j]
    injected_wh = plants.sum(axis=0)
    withdrawn_wh = withdrawn.sum(axis=0)
    return Sharing(
        injected_wh=injected_wh,
        withdrawn_wh=withdrawn_wh,
        shared_wh=np.minimum(injected_wh, withdrawn_wh),
        plant_injected_wh=plants,
        taken_wh=take_in_order(plants, withdrawn_wh),
    )


def attribute(shared: NDArray[np.int64], withdrawn: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return what of the shared energy each point consumed, (P, H) Wh. Takes the matrix `withdrawn` over: it is overwritten.

    In each hour the shared energy is split over the points by their withdrawal of that hour, in whole Wh by largest remainder,
    ties to the lower POD, so that every hour closes exactly (settlement-rules 2.7). Shapes: `shared` (H,), `withdrawn` (P, H).
    """
    allocate_columns(shared, withdrawn)
    return withdrawn


@dataclass(frozen=True, slots=True)
class BuildingEnergy:
    """What plants inside the building shared: `taken_wh` (N, H) per (voltage, plant) row, `shared_wh` (H,) altogether.

    `rows` says whose each row is: the voltage of the connection and the plant's index in the input.
    """

    rows: tuple[tuple[Voltage, int], ...]
    taken_wh: NDArray[np.int64]
    shared_wh: NDArray[np.int64]


def share_in_building(
    inputs: MonthInputs, order: tuple[int, ...], withdrawn: NDArray[np.int64], injected: NDArray[np.int64]
) -> BuildingEnergy:
    """Return EACVC and EACVC,i of a group: only plants in the building (RO p.41, 144).

    `shared_wh` is EACVC, the hourly minimum of what those plants inject and all withdrawals. The energy per voltage level,
    EACVC,i, starts from the lowest level; a level serves the withdrawals at the same or a lower level that are still free,
    inside a level the plants stand in cascade order.
    """
    hours = withdrawn.shape[1]
    building = np.zeros(hours, np.int64)
    rows: list[tuple[Voltage, int]] = []
    taken: list[NDArray[np.int64]] = []
    free = np.zeros(hours, np.int64)
    for level in VOLTAGES_UPWARD:
        free += sum_of_rows(withdrawn, [i for i, point in enumerate(inputs.points) if point.voltage is level])
        offered = {plant: np.zeros(hours, np.int64) for plant in order}
        for j, row in enumerate(inputs.injections):
            if inputs.points[row.point].voltage is level and inputs.plants[row.plant].in_building:
                offered[row.plant] += injected[j]
        served = take_in_order(np.array(list(offered.values()), np.int64).reshape(len(order), hours), free)
        building += sum(offered.values(), np.zeros(hours, np.int64))
        free -= served.sum(axis=0)
        rows.extend((level, plant) for plant in order)
        taken.append(served)
    return BuildingEnergy(
        rows=tuple(rows),
        taken_wh=np.concatenate(taken),
        shared_wh=np.minimum(building, withdrawn.sum(axis=0)),
    )
