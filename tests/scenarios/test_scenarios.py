"""Every folder `given_…` is settled and held against its `then`, the oracle and the laws."""

import json
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from apps.engine import errors
from apps.engine.calendar import month_hours
from apps.engine.inputs import MonthInputs
from apps.engine.results import MonthResult
from apps.engine.settlement import settle
from tests.engine import oracle
from tests.engine.comparison import assert_laws, differences
from tests.scenarios.reader import read_inputs, read_rows

FOLDERS = sorted(path for path in Path(__file__).parent.glob("given_*") if path.is_dir())


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_scenario(folder: Path) -> None:
    inputs = read_inputs(folder)
    assert (folder / "README.md").exists(), "a scenario says where its figures come from"
    expected = {path.name for path in (folder / "then").iterdir()}
    assert expected, "a scenario expects something"
    if expected == {"error.json"}:
        _assert_refused(folder, inputs)
        return
    assert expected <= {"totals.json", "plants.csv", "members.csv", "accounts.csv", "hours.csv"}
    result = settle(inputs)
    _assert_totals(folder, result)
    _assert_rows(folder / "then" / "plants.csv", {row.code: _plant(row) for row in result.plants}, ordered=True)
    _assert_rows(folder / "then" / "members.csv", {row.code: _member(row) for row in result.members})
    _assert_accounts(folder, result)
    _assert_hours(folder, inputs, result)
    assert differences(result, oracle.settle(inputs)) == []
    assert_laws(inputs, result)


def test_there_are_scenarios() -> None:
    assert len(FOLDERS) >= 30


def _assert_refused(folder: Path, inputs: MonthInputs) -> None:
    expected = json.loads((folder / "then" / "error.json").read_text(encoding="utf-8"))
    with pytest.raises(getattr(errors, expected["error"])) as caught:
        settle(inputs)
    assert type(caught.value).__name__ == expected["error"]
    for words in expected["mentions"]:
        assert words in str(caught.value)


def kwh(wh: int) -> Decimal:
    return Decimal(wh) / 1000


def eur(cents: int) -> Decimal:
    return Decimal(cents) / 100


def _plant(row: Any) -> dict[str, Any]:
    return {
        "injected_kwh": kwh(row.injected_wh),
        "taken_kwh": kwh(row.taken_wh),
        "incentivised_kwh": kwh(row.incentivised_wh),
        "exempt_kwh": kwh(row.exempt_wh),
        "premium_eur": eur(row.premium_cents),
        "because": row.not_incentivised_because,
    }


def _member(row: Any) -> dict[str, Any]:
    return {
        "injected_kwh": kwh(row.injected_wh),
        "withdrawn_kwh": kwh(row.withdrawn_wh),
        "shared_kwh": kwh(row.shared_wh),
        "incentivised_kwh": kwh(row.incentivised_wh),
        "premium_eur": eur(row.premium_cents),
        "valorisation_eur": eur(row.valorisation_cents),
        "excess_eur": eur(row.excess_cents),
        "total_eur": eur(row.total_cents),
    }


def _same(text: str, value: Any) -> bool:
    return text == value if isinstance(value, str) else Decimal(text) == value


def _assert_totals(folder: Path, result: MonthResult) -> None:
    path = folder / "then" / "totals.json"
    got = {
        "hours": Decimal(result.hours),
        "missing_hours": Decimal(result.missing_hours),
        "injected_kwh": kwh(int(result.injected_wh.sum())),
        "withdrawn_kwh": kwh(int(result.withdrawn_wh.sum())),
        "shared_kwh": kwh(int(result.shared_wh.sum())),
        "building_shared_kwh": kwh(result.valorisation.building_shared_wh),
        "premium_gross_eur": eur(result.premium_gross_cents),
        "premium_eur": eur(result.premium_cents),
        "valorisation_eur": eur(result.valorisation_cents),
        "excess_eur": eur(result.excess_cents),
    }
    expected = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    assert {name: Decimal(text) for name, text in expected.items()} == {name: got[name] for name in expected}


def _assert_rows(path: Path, got: dict[str, dict[str, Any]], *, ordered: bool = False) -> None:
    expected = read_rows(path)
    if not expected:
        return
    codes = [row["code"] for row in expected]
    assert codes == (list(got) if ordered else sorted(got)), "every row, in order"
    for row in expected:
        values = got[row.pop("code")]
        assert {name: text for name, text in row.items() if not _same(text, values[name])} == {}, values


def _assert_accounts(folder: Path, result: MonthResult) -> None:
    path = folder / "then" / "accounts.csv"
    if not path.exists():
        return
    got: dict[tuple[str, str], int] = defaultdict(int)
    for line in result.lines:
        if line.account:
            got[str(line.contribution), line.account] += line.cents
    expected = {(row["contribution"], row["account"]): Decimal(row["amount_eur"]) for row in read_rows(path)}
    assert expected == {key: eur(cents) for key, cents in got.items()}


def _assert_hours(folder: Path, inputs: MonthInputs, result: MonthResult) -> None:
    places = {instant: hour for hour, instant in enumerate(month_hours(inputs.year, inputs.month))}
    for row in read_rows(folder / "then" / "hours.csv"):
        hour = places[_instant(row.pop("starts_at"))]
        for name, text in row.items():
            series = getattr(result, name.replace("_kwh", "_wh"))
            assert Decimal(text) == kwh(int(series[hour])), name


def _instant(text: str) -> Any:

    return datetime.fromisoformat(text).astimezone(UTC)
