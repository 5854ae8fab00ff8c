"""A community of thousands of PODs with believable days, made in a second: what the benchmarks settle.

Households draw in the morning and in the evening, plants follow the sun on clear and cloudy days; at noon more is injected than
withdrawn in many hours, at night nothing, and in between the plants cannot serve everybody, so that the split has to divide.
"""

from datetime import date
from decimal import Decimal

import numpy as np

from apps.engine.calendar import hours_in_month
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
    RunKind,
    Split,
    Voltage,
)
from tests.engine.facts import PARAMETERS, pod

YEAR, MONTH = 2023, 1  # a month of 744 hours: 2 976 quarters
_ROWS_PER_BLOCK = 500


def large_inputs(pods: int = 10_000, plants: int = 40, seed: int = 1) -> MonthInputs:
    """Return a month of `pods` PODs, `plants` of them with a plant that together inject six tenths of what all withdraw."""
    rng = np.random.default_rng(seed)
    hours = hours_in_month(YEAR, MONTH)
    withdrawn = _households(rng, pods, 4 * hours)
    injected = _plants(rng, plants, 4 * hours, int(withdrawn.sum(dtype=np.int64)) * 6 // 10)
    kinds = ("household", "sme", "local_authority")
    members = tuple((f"M{n:05d}", kinds[n % 3]) for n in range(pods))
    points = tuple(
        Point(pod(n), code, kind, Voltage.LOW, date(2021, 1, 1), None, 0, hours) for n, (code, kind) in enumerate(members)
    )
    step = pods // plants
    rows = tuple(
        Plant(
            code=f"P{n:03d}",
            pod=points[n * step].pod,
            source="photovoltaic" if n % 4 else "hydro",
            power_kw=Decimal((100, 300, 700)[n % 3]),
            region="Lombardia",
            market_zone="NORD",
            entered_operation_on=date(2022, 1, 1 + n % 28),
            grant_intensity=Decimal(("0", "0.2", "0.4")[n % 3]),
        )
        for n in range(plants)
    )
    shares = Split((Deduction("management", Decimal(10)),), Decimal(50), "injected", "coincident")
    return MonthInputs(
        configuration="CER-LARGE-A",
        kind=Kind.CER,
        run_kind=RunKind.FINAL,
        year=YEAR,
        month=MONTH,
        members=members,
        points=points,
        plants=rows,
        injections=tuple(Injection(n * step, n) for n in range(plants)),
        withdrawn_wh=withdrawn,
        withdrawn_quality=np.full(withdrawn.shape, Quality.MEASURED, np.uint8),
        injected_wh=injected,
        injected_quality=np.full(injected.shape, Quality.MEASURED, np.uint8),
        zones=("NORD",),
        prices_ueur_per_mwh=rng.integers(-20_000_000, 250_000_000, (1, hours), np.int64),
        distribution=Distribution(
            valid_from=date(2021, 1, 1),
            premium=shares,
            valorisation=Split((), Decimal(0), "injected", "coincident"),
            excess=ExcessSplit(Decimal(50), "coincident"),
        ),
        parameters=PARAMETERS,
    )


def _households(rng: np.random.Generator, pods: int, quarters: int) -> np.ndarray:
    clock = (np.arange(quarters) % 96) / 4
    day = 60 + 80 * np.exp(-(((clock - 20) / 3) ** 2)) + 40 * np.exp(-(((clock - 8) / 2) ** 2))
    withdrawn = np.empty((pods, quarters), np.int32)
    for start in range(0, pods, _ROWS_PER_BLOCK):
        block = withdrawn[start : start + _ROWS_PER_BLOCK]
        block[:] = day * rng.gamma(2, 0.5, block.shape)
    return withdrawn


def _plants(rng: np.random.Generator, plants: int, quarters: int, total_wh: int) -> np.ndarray:
    clock = (np.arange(quarters) % 96) / 4
    sun = np.clip(np.sin((clock - 6) / 12 * np.pi), 0, None)
    clouds = rng.uniform(0.3, 1, (plants, quarters)) * rng.uniform(0.5, 1.5, (plants, 1))
    injected: np.ndarray = sun * clouds
    injected *= total_wh / injected.sum()
    return injected.astype(np.int32)
