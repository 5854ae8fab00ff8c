"""An input made of two: some groups of facts from one run, the others from another run of the same month.

A curve belongs to the data where both runs hold its POD in that hour. The energy of a POD-hour that only one of the runs holds
comes and goes with the perimeter: there is nothing to exchange it for. The same holds for the prices of a zone.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from apps.engine.calendar import QUARTERS_PER_HOUR
from apps.engine.digest import inputs_sha256
from apps.engine.identifiers import pod_key
from apps.engine.inputs import MonthInputs, Point, RunKind

GROUPS = ("data", "price", "perimeter", "rule", "given", "distribution")
Slot = TypeVar("Slot", bound=np.generic)
Row = tuple[tuple[str, str], Point]  # the POD with the plant behind it ("" for a withdrawal), and who holds it when


def exchange(before: MonthInputs, now: MonthInputs, groups: frozenset[str]) -> MonthInputs:
    """Return `before` with these groups taken from `now`: `data price perimeter rule given earlier_months distribution`.

    The result stands in canonical order when both inputs do. It is always provisional: hours that nobody measured were
    accepted or refused when the runs themselves were computed. Members of either run stand in it; those without a point and
    without a share weigh nothing. Errors: none; whether the rules accept the mixture is theirs to say.
    """

    def side(group: str) -> MonthInputs:
        return now if group in groups else before

    perimeter, data = side("perimeter"), side("data")
    members = {**dict(before.members), **dict(now.members), **dict(perimeter.members)}
    return replace(
        perimeter,
        run_kind=RunKind.PROVISIONAL,
        accepted_missing=(),
        members=tuple(sorted(members.items())),
        withdrawn_wh=_filled(perimeter, data, _withdrawal_rows, perimeter.withdrawn_wh, data.withdrawn_wh),
        withdrawn_quality=_filled(perimeter, data, _withdrawal_rows, perimeter.withdrawn_quality, data.withdrawn_quality),
        injected_wh=_filled(perimeter, data, _injection_rows, perimeter.injected_wh, data.injected_wh),
        injected_quality=_filled(perimeter, data, _injection_rows, perimeter.injected_quality, data.injected_quality),
        prices_ueur_per_mwh=_prices(perimeter, side("price")),
        parameters=side("rule").parameters,
        year_to_date=side("earlier_months").year_to_date,
        distribution=side("distribution").distribution,
        given=side("given").given,
    )


def changed_groups(before: MonthInputs, now: MonthInputs) -> tuple[str, ...]:
    """Return which groups of `now` differ from `before`, in the order of `GROUPS`; the year to date is not looked at.

    Each group is exchanged alone, so a point that joined with its energy is perimeter, and data only what both hold.
    """
    same = inputs_sha256(exchange(before, now, frozenset()))
    return tuple(group for group in GROUPS if inputs_sha256(exchange(before, now, frozenset({group}))) != same)


def _withdrawal_rows(inputs: MonthInputs) -> list[Row]:
    return [((pod_key(point.pod), ""), point) for point in inputs.points]


def _injection_rows(inputs: MonthInputs) -> list[Row]:
    rows = []
    for row in inputs.injections:
        point = inputs.points[row.point]
        rows.append(((pod_key(point.pod), inputs.plants[row.plant].code), point))
    return rows


def _filled(
    perimeter: MonthInputs,
    data: MonthInputs,
    rows_of: Callable[[MonthInputs], list[Row]],
    own: NDArray[Slot],
    other: NDArray[Slot],
) -> NDArray[Slot]:
    """Return the matrix of the perimeter's rows, with the data's quarters wherever the data hold the same POD in that hour.

    Shapes: `own` (rows of `perimeter`, 4 H), `other` (rows of `data`, 4 H); untouched where both are one input.
    """
    if perimeter is data:
        return own
    held: dict[tuple[str, str], list[tuple[int, Point]]] = {}
    for index, (key, point) in enumerate(rows_of(data)):
        held.setdefault(key, []).append((index, point))
    filled: NDArray[Any] = own.copy()
    for index, (key, point) in enumerate(rows_of(perimeter)):
        for source, holder in held.get(key, ()):
            first = max(point.first_hour, holder.first_hour) * QUARTERS_PER_HOUR
            last = min(point.last_hour, holder.last_hour) * QUARTERS_PER_HOUR
            if first < last:
                filled[index, first:last] = other[source, first:last]
    return filled


def _prices(perimeter: MonthInputs, prices: MonthInputs) -> NDArray[np.int64]:
    """Return the prices of the perimeter's zones, (Z, H) µ€/MWh; a zone that the other run does not know keeps its own."""
    known = {zone: row for row, zone in enumerate(prices.zones)}
    filled = perimeter.prices_ueur_per_mwh.copy()
    for row, zone in enumerate(perimeter.zones):
        if zone in known:
            filled[row] = prices.prices_ueur_per_mwh[known[zone]]
    return filled
