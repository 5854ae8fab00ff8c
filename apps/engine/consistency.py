"""What a frozen input must satisfy before a rule may look at it. A fault here is the builder's, and is named as such."""

from collections.abc import Sequence
from itertools import pairwise

from apps.engine.calendar import QUARTERS_PER_HOUR, hours_in_month
from apps.engine.errors import InputsInconsistent, PointsOverlap
from apps.engine.identifiers import pod_key
from apps.engine.inputs import MonthInputs
from apps.engine.ordering import given_key, injection_key, plant_key, point_key


def check_inputs(inputs: MonthInputs) -> None:
    """Refuse an input whose shapes, order, indexes or hours contradict each other.

    Errors: `InputsInconsistent`; `PointsOverlap` when one POD has two holders in the same hour.
    """
    _check_shapes(inputs)
    _check_order(inputs)
    _check_points(inputs)
    _check_injections(inputs)
    _check_given(inputs)


def _refuse(inputs: MonthInputs, what: str) -> None:
    raise InputsInconsistent(
        f"The input of {inputs.configuration} {inputs.year}-{inputs.month:02d} is inconsistent: {what}. "
        "Build it again from the records."
    )


def _check_shapes(inputs: MonthInputs) -> None:
    hours = hours_in_month(inputs.year, inputs.month)
    quarters = QUARTERS_PER_HOUR * hours
    expected = (
        ("withdrawn_wh", (len(inputs.points), quarters), "int32"),
        ("withdrawn_quality", (len(inputs.points), quarters), "uint8"),
        ("injected_wh", (len(inputs.injections), quarters), "int32"),
        ("injected_quality", (len(inputs.injections), quarters), "uint8"),
        ("prices_ueur_per_mwh", (len(inputs.zones), hours), "int64"),
    )
    for name, shape, dtype in expected:
        array = getattr(inputs, name)
        if array.shape != shape or array.dtype.name != dtype:
            _refuse(inputs, f"{name} is {array.dtype} of shape {array.shape}, expected {dtype} of shape {shape}")


def _check_order(inputs: MonthInputs) -> None:
    """The canonical order of `MonthInputs`: it makes equal facts equal values, and it decides ties."""
    _check_sorted(inputs, "points", [point_key(row) for row in inputs.points])
    _check_sorted(inputs, "plants", [plant_key(row) for row in inputs.plants])
    _check_sorted(inputs, "injections", [injection_key(row) for row in inputs.injections])
    _check_sorted(inputs, "members", [code for code, _ in inputs.members])
    _check_sorted(inputs, "zones", inputs.zones)
    _check_sorted(inputs, "year_to_date", [row.granted for row in inputs.year_to_date])
    _check_sorted(inputs, "given", [given_key(row) for row in inputs.given])


def _check_sorted(inputs: MonthInputs, name: str, keys: Sequence[object]) -> None:
    for left, right in pairwise(keys):
        if left == right:
            _refuse(inputs, f"{name} has {left} twice")
        if left > right:  # type: ignore[operator]
            _refuse(inputs, f"{name} is not in canonical order at {right}; apps.engine.ordering.canonical puts it right")


def _check_points(inputs: MonthInputs) -> None:
    hours = hours_in_month(inputs.year, inputs.month)
    kinds = dict(inputs.members)
    for point in inputs.points:
        if point.member not in kinds:
            _refuse(inputs, f"the point {point.pod} belongs to {point.member}, who is no member")
        if not 0 <= point.first_hour <= point.last_hour <= hours:
            _refuse(inputs, f"the point {point.pod} has hours {point.first_hour}..{point.last_hour} of {hours}")
        if point.storage_efficiency is not None and not 0 <= point.storage_efficiency <= 1:
            _refuse(inputs, f"the storage at {point.pod} has an efficiency of {point.storage_efficiency}, expected 0 to 1")
    held = sorted((pod_key(row.pod), row.first_hour, row.last_hour) for row in inputs.points if row.first_hour < row.last_hour)
    for (pod, _, end), (next_pod, start, _) in pairwise(held):
        if pod == next_pod and start < end:
            raise PointsOverlap(
                f"The POD {pod} is held twice in hour {start} of {inputs.year}-{inputs.month:02d} in {inputs.configuration}. "
                "Close the earlier validity before the later one begins."
            )


def _check_injections(inputs: MonthInputs) -> None:
    for row in inputs.injections:
        if not (0 <= row.point < len(inputs.points) and 0 <= row.plant < len(inputs.plants)):
            _refuse(inputs, f"an injection row names point {row.point} and plant {row.plant}, which do not both exist")
        point, plant = inputs.points[row.point], inputs.plants[row.plant]
        if pod_key(point.pod) != pod_key(plant.pod):
            _refuse(inputs, f"the plant {plant.code} stands behind {plant.pod}, but a row of it is measured at {point.pod}")


def _check_given(inputs: MonthInputs) -> None:
    plants = [plant.code for plant in inputs.plants]
    for row in inputs.given:
        if not row.by_plant:
            continue
        if [code for code, _ in row.by_plant] != plants:
            _refuse(inputs, f"the given {row.contribution.value} does not name each plant once")
        if sum(cents for _, cents in row.by_plant) != row.cents:
            _refuse(inputs, f"the plants of the given {row.contribution.value} do not sum to {row.cents} cents")
