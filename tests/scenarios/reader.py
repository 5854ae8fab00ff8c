"""Reads the folders: `when` becomes a frozen input, `then` a list of expectations."""

import csv
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from apps.engine.calendar import hours_in_month, month_starts_at, validity_hours
from apps.engine.inputs import (
    Deduction,
    Distribution,
    ExcessSplit,
    Injection,
    Kind,
    MonthInputs,
    Plant,
    Point,
    Quality,
    RuleParameters,
    RunKind,
    Split,
    TariffClass,
    Voltage,
    YearToDate,
)
from apps.engine.ordering import canonical
from apps.engine.prices import ueur_per_mwh
from tests.engine.facts import PARAMETERS

PLANT: dict[str, Any] = {
    "source": "photovoltaic",
    "power_kw": "100",
    "region": "Lombardia",
    "market_zone": "NORD",
    "entered_operation_on": "2022-01-01",
    "grant_intensity": "0",
    "obligation_power_kw": "0",
    "in_building": True,
}
POINT: dict[str, Any] = {"voltage": "BT", "valid_from": "2021-01-01", "valid_to": None, "storage_efficiency": None}
SPLIT: dict[str, Any] = {
    "deductions": [],
    "producers_percent": "0",
    "producers_key": "injected",
    "consumers_key": "coincident",
    "fixed": {},
}
QUALITIES = {
    "measured": Quality.MEASURED,
    "estimated": Quality.ESTIMATED,
    "official": Quality.OFFICIAL,
    "missing": Quality.MISSING,
}
_KEYS = {
    "month", "kind", "run_kind", "members", "metering_points", "plants", "distribution", "parameters", "year_to_date",
    "accepted_missing", "price_eur_per_mwh", "unmentioned",
}  # fmt: skip


def read_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV with a header; none when there is no such file."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def read_inputs(folder: Path) -> MonthInputs:
    """Return the input that a situation describes. A key that means nothing is an error, so that no typing mistake hides."""
    facts = json.loads((folder / "when" / "community.json").read_text(encoding="utf-8"))
    assert facts.keys() <= _KEYS, f"unknown keys {facts.keys() - _KEYS}"
    year, month = map(int, facts["month"].split("-"))
    kinds = {row["code"]: row["kind"] for row in facts["members"]}
    points = tuple(_point(year, month, row, kinds) for row in facts["metering_points"])
    plants = tuple(_plant(row) for row in facts.get("plants", ()))
    injections = tuple(Injection(i, p) for i, at in enumerate(points) for p, plant in enumerate(plants) if plant.pod == at.pod)
    unmentioned = QUALITIES[facts.get("unmentioned", "measured")]
    curves = _Curves(year, month, read_rows(folder / "when" / "measures.csv"))
    withdrawn = [curves.of(point, "withdrawn_kwh", "", unmentioned) for point in points]
    injected = [curves.of(points[row.point], "injected_kwh", plants[row.plant].code, unmentioned) for row in injections]
    assert not curves.unused(), f"measures of nobody: {curves.unused()}"
    zones = tuple(sorted({plant.market_zone for plant in plants}))
    width = 4 * hours_in_month(year, month)
    return canonical(
        MonthInputs(
            configuration=folder.name,
            kind=Kind(facts.get("kind", "cer")),
            run_kind=RunKind(facts.get("run_kind", "provisional")),
            year=year,
            month=month,
            members=tuple(kinds.items()),
            points=points,
            plants=plants,
            injections=injections,
            withdrawn_wh=np.array([wh for wh, _ in withdrawn], np.int32).reshape(-1, width),
            withdrawn_quality=np.array([quality for _, quality in withdrawn], np.uint8).reshape(-1, width),
            injected_wh=np.array([wh for wh, _ in injected], np.int32).reshape(-1, width),
            injected_quality=np.array([quality for _, quality in injected], np.uint8).reshape(-1, width),
            zones=zones,
            prices_ueur_per_mwh=_prices(folder, year, month, zones, facts.get("price_eur_per_mwh", "180")),
            distribution=_distribution(facts.get("distribution", {})),
            parameters=_parameters(facts.get("parameters", {})),
            year_to_date=tuple(YearToDate(**row) for row in facts.get("year_to_date", ())),
            accepted_missing=tuple(facts.get("accepted_missing", ())),
        )
    )


def _point(year: int, month: int, row: dict[str, Any], kinds: dict[str, str]) -> Point:
    row = POINT | row
    valid_from = date.fromisoformat(row["valid_from"])
    valid_to = row["valid_to"] and date.fromisoformat(row["valid_to"])
    first, last = validity_hours(year, month, valid_from, valid_to)
    efficiency = row["storage_efficiency"] and Decimal(row["storage_efficiency"])
    voltage = Voltage(row["voltage"])
    return Point(row["pod"], row["member"], kinds[row["member"]], voltage, valid_from, valid_to, first, last, efficiency)


def _plant(row: dict[str, Any]) -> Plant:
    row = PLANT | row
    for name in ("power_kw", "grant_intensity", "obligation_power_kw"):
        row[name] = Decimal(row[name])
    row["entered_operation_on"] = date.fromisoformat(row["entered_operation_on"])
    return Plant(**row)


def _distribution(row: dict[str, Any]) -> Distribution:
    excess = row.get("excess")
    return Distribution(
        valid_from=date(2021, 1, 1),
        premium=_split(row.get("premium", {})),
        valorisation=_split(row.get("valorisation", {})),
        excess=excess and ExcessSplit(Decimal(excess["social_fund_percent"]), excess["consumers_key"], _fixed(excess)),
    )


def _split(row: dict[str, Any]) -> Split:
    row = SPLIT | row
    deductions = tuple(Deduction(item["account"], Decimal(item["percent"])) for item in row["deductions"])
    return Split(deductions, Decimal(row["producers_percent"]), row["producers_key"], row["consumers_key"], _fixed(row))


def _fixed(row: dict[str, Any]) -> tuple[tuple[str, Decimal], ...]:
    return tuple((code, Decimal(share)) for code, share in row.get("fixed", {}).items())


def _parameters(changes: dict[str, Any]) -> RuleParameters:
    values = {name: getattr(PARAMETERS, name) for name in RuleParameters.__dataclass_fields__}
    assert changes.keys() <= values.keys(), f"unknown parameters {changes.keys() - values.keys()}"
    for name, value in changes.items():
        match value:
            case str():
                values[name] = Decimal(value)
            case list() if name == "tariff_classes":
                values[name] = tuple(TariffClass(*map(Decimal, row)) for row in value)
            case list():
                values[name] = tuple(value)
            case _:
                values[name] = value
    return RuleParameters(**values)


def _slot(year: int, month: int, text: str) -> int:
    """Return the quarter of the month in which an instant with offset falls."""
    elapsed = datetime.fromisoformat(text).astimezone(UTC) - month_starts_at(year, month)
    return int(elapsed.total_seconds()) // 900


class _Curves:
    def __init__(self, year: int, month: int, rows: list[dict[str, str]]) -> None:
        self._width = 4 * hours_in_month(year, month)
        self._rows = [(row, _slot(year, month, row["starts_at"])) for row in rows]
        self._used: set[tuple[int, str]] = set()

    def of(self, point: Point, channel: str, plant: str, unmentioned: Quality) -> tuple[np.ndarray, np.ndarray]:
        """Return Wh and quality of one row of the input; what lies outside the point's hours stays 0."""
        wh, quality = np.zeros(self._width, np.int32), np.full(self._width, unmentioned, np.uint8)
        for index, (row, slot) in enumerate(self._rows):
            if row["pod"] != point.pod or (plant and row.get("plant") not in (None, "", plant)):
                continue
            self._used.add((index, channel))
            energy = Decimal(row[channel] or 0) * 1000
            assert energy == int(energy)
            wh[slot] = int(energy)
            known = QUALITIES[row.get("quality") or ("measured" if row[channel] else "missing")]
            quality[slot] = known
            if slot % 4 == 0 and not any(row["pod"] == other["pod"] and slot < s < slot + 4 for other, s in self._rows):
                quality[slot + 1 : slot + 4] = Quality.PART_OF_HOUR if known else Quality.MISSING
        outside = np.ones(self._width, np.bool_)
        outside[4 * point.first_hour : 4 * point.last_hour] = False
        wh[outside], quality[outside] = 0, 0
        return wh, quality

    def unused(self) -> list[dict[str, str]]:
        used = {index for index, _ in self._used}
        return [row for index, (row, _) in enumerate(self._rows) if index not in used]


def _prices(folder: Path, year: int, month: int, zones: tuple[str, ...], everywhere: str) -> np.ndarray:
    prices = np.full((len(zones), hours_in_month(year, month)), ueur_per_mwh(everywhere), np.int64)
    for row in read_rows(folder / "when" / "prices.csv"):
        prices[zones.index(row["zone"]), _slot(year, month, row["starts_at"]) // 4] = ueur_per_mwh(row["price_eur_per_mwh"])
    return prices
