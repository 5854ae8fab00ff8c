"""The input of a run as Parquet tables, and the input again out of them."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.engine.explaining import cut_points
from apps.engine.inputs import (
    Distribution,
    GivenAmount,
    Injection,
    Kind,
    MonthInputs,
    Plant,
    Point,
    RuleParameters,
    RunKind,
    Voltage,
    YearToDate,
)
from reports import snapshot_columns as columns
from reports.errors import SnapshotAltered
from reports.snapshot_quarters import quarter_starts, read_curves, read_slots, write_injected, write_withdrawn
from reports.snapshot_tables import read_rows, read_table, write_table
from reports.snapshot_values import Leaf, LeafReader, leaves_of

Files = dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Given:
    """The amounts that came from outside. Written only where there are any."""

    amounts: tuple[GivenAmount, ...]


@dataclass(frozen=True, slots=True)
class Month:
    """The small facts of an input: everything that is neither a row nor a curve."""

    configuration: str
    kind: Kind
    run_kind: RunKind
    year: int
    month: int
    zones: tuple[str, ...]
    hours: int
    accepted_missing: tuple[str, ...]
    year_to_date: tuple[YearToDate, ...]


def write_inputs(inputs: MonthInputs) -> Files:
    """One file per noun. `inputs` is canonical."""
    month = Month(
        configuration=inputs.configuration,
        kind=inputs.kind,
        run_kind=inputs.run_kind,
        year=inputs.year,
        month=inputs.month,
        zones=inputs.zones,
        hours=int(inputs.prices_ueur_per_mwh.shape[1]),
        accepted_missing=inputs.accepted_missing,
        year_to_date=inputs.year_to_date,
    )
    given = {"inputs_given.parquet": _write_values(Given(inputs.given))} if inputs.given else {}
    return given | {
        "inputs_month.parquet": _write_values(month),
        "inputs_parameters.parquet": _write_values(inputs.parameters),
        "inputs_distribution.parquet": _write_values(inputs.distribution),
        "inputs_members.parquet": write_table(
            {"member": [code for code, _ in inputs.members], "kind": [kind for _, kind in inputs.members]}
        ),
        "inputs_points.parquet": _write_points(inputs),
        "inputs_plants.parquet": _write_plants(inputs),
        "inputs_injections.parquet": write_table(
            {
                "point": np.array([row.point for row in inputs.injections], np.int32),
                "plant": np.array([row.plant for row in inputs.injections], np.int32),
            }
        ),
        "inputs_prices.parquet": _write_prices(inputs),
        "inputs_withdrawn.parquet": write_withdrawn(inputs),
        "inputs_injected.parquet": write_injected(inputs),
    }


def _write_values(value: object) -> bytes:
    leaves = list(leaves_of(value))
    return write_table({name: [getattr(leaf, name) for leaf in leaves] for name in Leaf._fields})


def _write_points(inputs: MonthInputs) -> bytes:
    points = inputs.points
    return write_table(
        {
            "pod": [point.pod for point in points],
            "member": [point.member for point in points],
            "member_kind": [point.member_kind for point in points],
            "voltage": [point.voltage.value for point in points],
            "valid_from": columns.days([point.valid_from for point in points]),
            "valid_to": columns.days([point.valid_to for point in points]),
            "first_hour": np.array([point.first_hour for point in points], np.int32),
            "last_hour": np.array([point.last_hour for point in points], np.int32),
            "storage_efficiency": columns.exact_decimals([point.storage_efficiency for point in points]),
        }
    )


def _write_plants(inputs: MonthInputs) -> bytes:
    plants = inputs.plants
    return write_table(
        {
            "plant": [plant.code for plant in plants],
            "pod": [plant.pod for plant in plants],
            "source": [plant.source for plant in plants],
            "power_kw": columns.exact_decimals([plant.power_kw for plant in plants]),
            "region": [plant.region for plant in plants],
            "market_zone": [plant.market_zone for plant in plants],
            "entered_operation_on": columns.days([plant.entered_operation_on for plant in plants]),
            "grant_intensity": columns.exact_decimals([plant.grant_intensity for plant in plants]),
            "obligation_power_kw": columns.exact_decimals([plant.obligation_power_kw for plant in plants]),
            "in_building": np.array([plant.in_building for plant in plants], np.bool_),
        }
    )


def _write_prices(inputs: MonthInputs) -> bytes:
    zones, hours = inputs.prices_ueur_per_mwh.shape
    starts = quarter_starts(inputs.year, inputs.month, 4 * hours)[::4]
    return write_table(
        {
            "zone": columns.repeated(list(inputs.zones), hours),
            "starts_at": columns.instants(np.tile(starts, zones)),
            "price_eur_per_mwh": columns.decimals(inputs.prices_ueur_per_mwh, columns.PRICE_PLACES),
        }
    )


def read_inputs_of(files: Files) -> MonthInputs:
    """The input that `write_inputs` was given, value for value. Errors: `SnapshotAltered` when rows do not fit together."""
    month: Month = _read_values(files["inputs_month.parquet"], Month)
    return _read(files, month, slice(0, month.hours))


def read_hours_of(files: Files, hours: slice) -> MonthInputs:
    """The same input cut to some hours of its month, as `engine.explaining.cut_hours` would. For no hours at all the two files of
    curves are not needed. A group of curves at a time is unpacked, and what lies outside the hours is dropped at once.
    """
    month: Month = _read_values(files["inputs_month.parquet"], Month)
    return _read(files, month, slice(hours.start, min(hours.stop, month.hours)))


def read_prices_of(files: Files) -> MonthInputs:
    """The same input with all its prices and none of its curves."""
    month: Month = _read_values(files["inputs_month.parquet"], Month)
    return replace(_read(files, month, slice(0, 0)), prices_ueur_per_mwh=_read_prices(files["inputs_prices.parquet"], month))


def _read(files: Files, month: Month, hours: slice) -> MonthInputs:
    points = tuple(_point(row) for row in read_rows(files["inputs_points.parquet"]))
    if hours != slice(0, month.hours):
        points = cut_points(points, hours)
    plants = tuple(_plant(row) for row in read_rows(files["inputs_plants.parquet"]))
    injections = tuple(Injection(row["point"], row["plant"]) for row in read_rows(files["inputs_injections.parquet"]))
    withdrawn = _curves(files, "withdrawn", len(points), month, hours)
    injected = _curves(files, "injected", len(injections), month, hours)
    return MonthInputs(
        configuration=month.configuration,
        kind=month.kind,
        run_kind=month.run_kind,
        year=month.year,
        month=month.month,
        members=tuple((row["member"], row["kind"]) for row in read_rows(files["inputs_members.parquet"])),
        points=points,
        plants=plants,
        injections=injections,
        withdrawn_wh=withdrawn[0],
        withdrawn_quality=withdrawn[1],
        injected_wh=injected[0],
        injected_quality=injected[1],
        zones=month.zones,
        prices_ueur_per_mwh=_read_prices(files["inputs_prices.parquet"], month)[:, hours],
        distribution=_read_values(files["inputs_distribution.parquet"], Distribution),
        parameters=_read_values(files["inputs_parameters.parquet"], RuleParameters),
        year_to_date=month.year_to_date,
        accepted_missing=month.accepted_missing,
        given=_read_given(files),
    )


def _curves(files: Files, name: str, curves: int, month: Month, hours: slice) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    if hours.start >= hours.stop:
        return np.empty((curves, 0), np.int32), np.empty((curves, 0), np.uint8)
    content, column, quarters = files[f"inputs_{name}.parquet"], f"{name}_kwh", 4 * month.hours
    if hours == slice(0, month.hours):
        return read_curves(content, column, curves=curves, quarters=quarters)
    return read_slots(content, column, curves=curves, quarters=quarters, slots=slice(4 * hours.start, 4 * hours.stop))


def _read_given(files: Files) -> tuple[GivenAmount, ...]:
    content = files.get("inputs_given.parquet")
    if content is None:
        return ()
    given: Given = _read_values(content, Given)
    return given.amounts


def _read_values(content: bytes, kind: type[Any]) -> Any:
    reader = LeafReader([Leaf(**row) for row in read_rows(content)])
    value = reader.read(kind)
    reader.finish()
    return value


def _point(row: dict[str, Any]) -> Point:
    efficiency = row["storage_efficiency"]
    values = row | {"voltage": Voltage(row["voltage"])}
    return Point(**(values | {"storage_efficiency": None if efficiency is None else columns.trimmed(efficiency)}))


def _plant(row: dict[str, Any]) -> Plant:
    values = {name: value for name, value in row.items() if name != "plant"}
    for name in ("power_kw", "grant_intensity", "obligation_power_kw"):
        values[name] = columns.trimmed(values[name])
    return Plant(code=row["plant"], **values)


def _read_prices(content: bytes, month: Month) -> Any:
    prices = columns.whole_numbers(read_table(content).column("price_eur_per_mwh"))
    if prices.size != len(month.zones) * month.hours:
        raise SnapshotAltered(f"The snapshot has {prices.size} prices, not {len(month.zones) * month.hours}.")
    return prices.reshape(len(month.zones), month.hours)
