"""The core of a settlement: 10 000 PODs x 2 976 quarters to members, in exact integers, beside what else could be done.

Five contenders take turns, each in a process of its own, several rounds: ours (all of `settle`: checks, gaps, premium, split,
every posting), a loop over rows with Decimals (on a tenth of the PODs, times ten), pandas, plain NumPy of the same
exact rule written the straightforward way, and one pass that only adds the matrix up. A contender whose members do not get the
same Wh as ours makes the benchmark fail: pandas and the loop stop there, plain NumPy goes on to the cents of every member.
"""

import json
import os
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from pathlib import Path
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from apps.engine.calendar import month_hours
from apps.engine.inputs import MonthInputs
from apps.engine.settlement import settle
from tests.engine.large_community import large_inputs

PODS = 10_000
PLANTS = 40
ROUNDS = 3
REPEATS = 9
SAMPLE = 10  # one POD in so many goes through the loop of Decimals
WH = Decimal("0.001")
ROME = ZoneInfo("Europe/Rome")
Answer = dict[str, Any]


def ours(inputs: MonthInputs) -> Answer:
    result = settle(inputs)
    return {
        "shared": [member.shared_wh for member in result.members],
        "cents": [member.premium_cents + member.valorisation_cents for member in result.members],
    }


def one_pass(inputs: MonthInputs) -> Answer:
    return {"sum": int(inputs.withdrawn_wh.sum(dtype=np.int64))}


# --- plain NumPy: the same exact rule, whole matrices, no thought for memory or cache ---


def _largest_remainder(amounts: np.ndarray, weights: np.ndarray) -> np.ndarray:
    totals = np.maximum(weights.sum(axis=0), 1)
    products = weights * amounts
    parts: np.ndarray = products // totals
    left = amounts - parts.sum(axis=0)
    order = np.argsort(-(products - parts * totals), axis=0, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(len(order))[:, None], axis=0)
    parts += rank < left
    return parts


def _cents(amount_numerator: int, denominator: int) -> int:
    return (2 * amount_numerator + denominator) // (2 * denominator)


def plain_numpy(inputs: MonthInputs) -> Answer:
    hours = inputs.prices_ueur_per_mwh.shape[1]
    if (inputs.withdrawn_quality == 0).any() or (inputs.injected_quality == 0).any() or inputs.withdrawn_wh.min() < 0:
        raise ValueError("measures are missing or below zero")
    withdrawn = inputs.withdrawn_wh.reshape(-1, hours, 4).sum(axis=2, dtype=np.int64)
    injected = inputs.injected_wh.reshape(-1, hours, 4).sum(axis=2, dtype=np.int64)
    total = withdrawn.sum(axis=0)
    shared = np.minimum(injected.sum(axis=0), total)
    points = _largest_remainder(shared, withdrawn)
    order = sorted(range(len(inputs.plants)), key=lambda p: (inputs.plants[p].entered_operation_on, inputs.plants[p].code))
    served = np.minimum(injected[order].cumsum(axis=0), total)
    taken = np.diff(served, axis=0, prepend=0)
    exempt_rows = np.array([point.member_kind in inputs.parameters.grant_exempt_kinds for point in inputs.points])
    exempt_left = points[exempt_rows].sum(axis=0)
    sets: dict[bool, list[int]] = {False: [0, 0, 0], True: [0, 0, 0]}
    gross = 0
    for row, p in enumerate(order):
        plant = inputs.plants[p]
        granted = plant.grant_intensity > 0
        exempt = np.minimum(taken[row], exempt_left) if granted else 0 * taken[row]
        exempt_left = exempt_left - exempt
        base = 80 if plant.power_kw <= 200 else 70 if plant.power_kw <= 600 else 60
        correction = 10 if plant.source == "photovoltaic" else 0
        spread = np.maximum(0, 180_000_000 - inputs.prices_ueur_per_mwh[0])
        tariff = np.minimum((base + 40) * 10**6, base * 10**6 + spread) + correction * 10**6
        # F = grant x 1.25, so that four hundredths of it are 5 x grant in percent
        kept = 400 - 5 * int(plant.grant_intensity * 100)
        cents = _cents(int(((taken[row] - exempt) * tariff).sum()) * kept + int((exempt * tariff).sum()) * 400, 400 * 10**10)
        gross += cents
        for i, value in enumerate((int(injected[p].sum()), int(taken[row].sum()), cents)):
            sets[granted][i] += value
    excess = 0
    for granted, (put_in, eaci, paid) in sets.items():
        percent = 45 if granted else 55
        excess += _cents(max(0, 100 * eaci - percent * put_in) * paid, 100 * put_in)
    premium = gross - excess
    rest = premium - _cents(premium * 10, 100)
    producers = _cents(rest * 50, 100)
    valorisation = _cents(int(shared.sum()) * 8_480_000, 10**10)
    injected_by_member = np.zeros(len(inputs.members), np.int64)
    for j, row_of in enumerate(inputs.injections):
        injected_by_member[row_of.point] += injected[j].sum()
    shared_by_member = points.sum(axis=1)
    both = np.array([rest - producers, valorisation])
    amounts = _largest_remainder(both, np.stack([shared_by_member, shared_by_member], axis=1)).sum(axis=1)
    amounts += _largest_remainder(np.array([producers]), injected_by_member[:, None])[:, 0]
    return {"shared": shared_by_member.tolist(), "cents": amounts.tolist()}


# --- pandas: one long table, as it comes from a database ---


def _long_table(inputs: MonthInputs) -> Any:
    import pandas as pd

    pods, quarters = inputs.withdrawn_wh.shape
    return pd.DataFrame(
        {
            "pod": np.repeat(np.arange(pods, dtype=np.int32), quarters),
            "hour": np.tile(np.arange(quarters, dtype=np.int32) // 4, pods),
            "wh": inputs.withdrawn_wh.ravel(),
        }
    )


def pandas_groupby(inputs: MonthInputs, table: Any) -> Answer:
    hours = inputs.prices_ueur_per_mwh.shape[1]
    injected = inputs.injected_wh.reshape(-1, hours, 4).sum(axis=(0, 2), dtype=np.int64)
    hourly = table.groupby(["pod", "hour"], sort=False)["wh"].sum().astype(np.int64).reset_index()
    total = hourly.groupby("hour")["wh"].transform("sum")
    amount = np.minimum(injected[hourly["hour"]], total)
    product = hourly["wh"] * amount
    hourly["part"] = product // total
    hourly["rest"] = product % total
    left = amount - hourly.groupby("hour")["part"].transform("sum")
    hourly["part"] += hourly.groupby("hour")["rest"].rank(method="first", ascending=False) <= left
    return {"shared": hourly.groupby("pod")["part"].sum().tolist()}


# --- the loop over rows ---

Row = tuple[str, datetime, Decimal, int]


def _rows(inputs: MonthInputs) -> list[Row]:
    """The rows of one POD in so many, as an ORM hands them over: POD, instant, kWh, quality."""
    instants = [hour.replace(minute=15 * quarter) for hour in month_hours(inputs.year, inputs.month) for quarter in range(4)]
    return [
        (inputs.points[i].pod, at, Decimal(wh) / 1000, 2)
        for i in range(0, len(inputs.points), SAMPLE)
        for at, wh in zip(instants, inputs.withdrawn_wh[i].tolist(), strict=True)
    ]


def decimal_loop(inputs: MonthInputs, rows: list[Row]) -> Answer:
    """Energy only: rows inside the validity of their point, summed per hour, shared, split in whole Wh, summed per POD."""
    hours = inputs.prices_ueur_per_mwh.shape[1]
    pods = len(inputs.points)
    injected_wh = inputs.injected_wh.reshape(-1, hours, 4).sum(axis=(0, 2), dtype=np.int64).tolist()
    # a sample of the PODs gets its share of what is injected
    injected = {
        at: Decimal(wh * len(range(0, pods, SAMPLE)) // pods) / 1000
        for at, wh in zip(month_hours(inputs.year, inputs.month), injected_wh, strict=True)
    }
    points = {point.pod: point for point in inputs.points}
    withdrawn: dict[datetime, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for pod, at, kwh, quality in rows:
        if quality == 0:
            raise ValueError(f"{pod} misses {at}")
        point = points[pod]
        day = at.astimezone(ROME).date()
        if point.valid_from <= day and (point.valid_to is None or day < point.valid_to):
            withdrawn[at.replace(minute=0)][pod] += kwh
    members: dict[str, Decimal] = defaultdict(Decimal)
    for at, by_pod in withdrawn.items():
        total = sum(by_pod.values())
        shared = min(injected[at], total)
        if not shared:
            continue
        exact = {pod: shared * kwh / total for pod, kwh in by_pod.items()}
        parts = {pod: share.quantize(WH, ROUND_DOWN) for pod, share in exact.items()}
        left = int((shared - sum(parts.values())) / WH)
        for pod in sorted(exact, key=lambda pod: (parts[pod] - exact[pod], pod))[:left]:
            parts[pod] += WH
        for pod, kwh in parts.items():
            members[pod] += kwh
    return {"sum": str(sum(members.values()))}


PREPARATIONS: dict[str, Callable[[MonthInputs], Any]] = {"pandas_groupby": _long_table, "decimal_loop": _rows}
CONTENDERS: dict[str, Callable[..., Answer]] = {
    "ours": ours,
    "plain_numpy": plain_numpy,
    "one_pass": one_pass,
    "pandas_groupby": pandas_groupby,
    "decimal_loop": decimal_loop,
}


def _child(contender: str, folder: Path) -> None:
    """Load the community, do the work, print the median time, the peak memory and the answer.

    The quick ones repeat, as a worker does that settles one configuration after the other; the slow ones have their table or
    their rows ready before the clock starts, and do the work once.
    """
    inputs = _load(folder)
    prepare = PREPARATIONS.get(contender)
    prepared = () if prepare is None else (prepare(inputs),)
    repeats = 1 if prepare else REPEATS
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        answer = CONTENDERS[contender](inputs, *prepared)
        times.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"seconds": median(times), "peak": peak, "answer": answer}))


def _save(inputs: MonthInputs, folder: Path) -> None:
    np.save(folder / "withdrawn.npy", inputs.withdrawn_wh)
    nothing = np.empty((0, 0), np.int32)
    with (folder / "rest.pickle").open("wb") as file:
        pickle.dump(replace(inputs, withdrawn_wh=nothing, withdrawn_quality=nothing.astype(np.uint8)), file)


def _load(folder: Path) -> MonthInputs:
    with (folder / "rest.pickle").open("rb") as file:
        inputs: MonthInputs = pickle.load(file)
    withdrawn = np.load(folder / "withdrawn.npy")
    return replace(inputs, withdrawn_wh=withdrawn, withdrawn_quality=np.full(withdrawn.shape, 2, np.uint8))


def _measure(contender: str, folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.benchmarks.settlement_core", "--child", contender, str(folder)]
    seen: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return seen


def run(pods: int = PODS, rounds: int = ROUNDS) -> list[dict[str, Any]]:
    """Return one row against the loop and plain NumPy, one against pandas and one pass, one about growth with the PODs."""
    seed = int(os.environ.get("SEED", "1"))
    seen: dict[str, list[dict[str, Any]]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _save(large_inputs(pods, PLANTS, seed), folder)
        for _ in range(rounds):
            for contender in CONTENDERS:
                seen[contender].append(_measure(contender, folder))
        (folder / "quarter").mkdir()
        _save(large_inputs(pods // 4, PLANTS, seed), folder / "quarter")
        quarter = median(_measure("ours", folder / "quarter")["seconds"] for _ in range(rounds))
    _compare(seen)
    seconds = {contender: median(round_["seconds"] for round_ in rounds_) for contender, rounds_ in seen.items()}
    peak = round(median(round_["peak"] for round_ in seen["ours"]))
    loop = seconds["decimal_loop"] * SAMPLE
    what = f"s, {pods} PODs x 2976 quarters to members"
    return [
        _row("settlement_core", what, seconds["ours"], f"per-row Decimal loop, 1 POD in {SAMPLE} times {SAMPLE}", loop)
        | _limit("plain NumPy of the same exact rule", seconds["plain_numpy"], seconds["ours"], peak),
        _row("settlement_core", what, seconds["ours"], "pandas groupby, energy only", seconds["pandas_groupby"])
        | _limit("one pass over the int32 matrix", seconds["one_pass"], seconds["ours"], peak),
        _row("settlement_core_growth", f"s, {pods} PODs", seconds["ours"], f"{pods // 4} PODs", quarter)
        | _limit("four times as long", 4 * quarter, seconds["ours"], peak),
    ]


def _compare(seen: dict[str, list[dict[str, Any]]]) -> None:
    answer = seen["ours"][0]["answer"]
    for contender in ("ours", "plain_numpy", "pandas_groupby"):
        for round_ in seen[contender]:
            for name, values in round_["answer"].items():
                if values != answer[name]:
                    raise AssertionError(f"{contender} and ours differ in {name}: the benchmark is void")


def _row(bench: str, unit: str, value: float, peer: str, peer_value: float) -> dict[str, Any]:
    return {
        "bench": bench,
        "value": round(value, 4),
        "unit": unit,
        "peer": peer,
        "peer_value": round(peer_value, 4),
        "ratio_to_peer": round(peer_value / value, 1),
    }


def _limit(limit: str, limit_value: float, value: float, peak: float) -> dict[str, Any]:
    return {
        "limit": limit,
        "limit_value": round(limit_value, 4),
        "ratio_to_limit": round(value / limit_value, 2),
        "peak_rss_mb": peak,
    }


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        _child(sys.argv[2], Path(sys.argv[3]))
    else:
        sys.stdout.write("".join(json.dumps(row) + "\n" for row in run()))
