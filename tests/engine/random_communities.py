"""Random communities from a seed: every kind, month, rule and oddity, small enough for the oracle to follow.

The numbers are chosen to hurt: energies of a few Wh make ties in nearly every hour, others are as large as real ones; powers,
grants and dates lie on the limits of the law; points change member, join and leave inside the month.
"""

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import numpy as np

from apps.engine.calendar import hours_in_month, month_days, validity_hours
from apps.engine.distribution import CONSUMERS_KEYS, PRODUCERS_KEYS
from apps.engine.identifiers import MARKET_ZONES, MEMBER_KINDS, REGIONS, SOURCES
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
    YearToDate,
)
from apps.engine.ordering import canonical
from tests.engine.facts import PARAMETERS, SINCE_JUNE_2025, pod

MONTHS = ((2023, 3), (2023, 10), (2024, 2), (2023, 11), (2024, 10), (2025, 3), (2025, 10), (2024, 7))
POWERS = ("3", "99.9", "200", "200.01", "600", "600.01", "1000", "1000.01")
GRANTS = ("0", "0", "0", "0.2", "0.333", "0.4", "0.401")
DATES = (date(2020, 5, 1), date(2021, 12, 15), date(2021, 12, 16), date(2022, 3, 1), date(2024, 1, 1))


def random_inputs(seed: int) -> MonthInputs:
    """Return the community of a seed, in canonical order."""
    dice = random.Random(seed)
    year, month = dice.choice(MONTHS)
    hours = hours_in_month(year, month)
    members = {f"M{n:03d}": dice.choice(MEMBER_KINDS) for n in dice.sample(range(1000), dice.randint(1, 7))}
    points = _points(dice, year, month, members)
    plants = _plants(dice, points)
    injections = [Injection(i, p) for i, point in enumerate(points) for p, plant in enumerate(plants) if plant.pod == point.pod]
    rng = np.random.default_rng(seed)
    scale = dice.choice((3, 8, 300, 30_000))
    withdrawn_wh, withdrawn_quality = _curves(dice, rng, points, hours, scale)
    owners = [points[row.point] for row in injections]
    injected_wh, injected_quality = _curves(dice, rng, owners, hours, scale * dice.choice((1, 3)))
    zones = tuple(sorted({plant.market_zone for plant in plants} | {"NORD"}))
    prices = rng.integers(-60_000_000, 260_000_000, (len(zones), hours), np.int64)
    prices -= prices % dice.choice((1, 10_000, 1_000_000))
    final = dice.random() < 0.3
    return canonical(
        MonthInputs(
            configuration=f"CER-{seed}-A",
            kind=dice.choice(tuple(Kind)),
            run_kind=RunKind.FINAL if final else RunKind.PROVISIONAL,
            year=year,
            month=month,
            members=tuple(members.items()),
            points=tuple(points),
            plants=tuple(plants),
            injections=tuple(injections),
            withdrawn_wh=withdrawn_wh,
            withdrawn_quality=withdrawn_quality,
            injected_wh=injected_wh,
            injected_quality=injected_quality,
            zones=zones,
            prices_ueur_per_mwh=prices,
            distribution=_distribution(dice, list(members)),
            parameters=replace(
                PARAMETERS,
                grant_exempt_kinds=dice.choice((PARAMETERS.grant_exempt_kinds, SINCE_JUNE_2025, ())),
                existing_plants_in_cascade=dice.random() < 0.7,
                trase_eur_per_mwh=Decimal(dice.choice(("7.78", "8.48", "10.57"))),
                btau_eur_per_mwh=Decimal(dice.choice(("0.59", "0.65"))),
            ),
            year_to_date=_year_to_date(dice, scale),
            accepted_missing=tuple({point.pod for point in points}) if final else (),
        )
    )


def _points(dice: random.Random, year: int, month: int, members: dict[str, str]) -> list[Point]:
    """Some points stay all month, some join or leave inside it, some pass to another member, some come back."""
    days = month_days(year, month)
    points: list[Point] = []
    for number in range(dice.randint(1, 9)):
        cuts = sorted(dice.sample(days[1:], dice.choice((0, 0, 0, 1, 2))))
        edges: list[date | None] = [days[0] - timedelta(days=dice.choice((0, 400))), *cuts, None]
        spans = list(pairwise(edges))
        kept = [span for span in spans if dice.random() < 0.8] or spans[:1]
        voltage, efficiency = Voltage(dice.choice(("BT", "BT", "MT", "AT"))), dice.choice((None, None, None, "0.9", "0.837", "1"))
        for valid_from, valid_to in kept:
            assert valid_from is not None
            member = dice.choice(list(members))
            first, last = validity_hours(year, month, valid_from, valid_to)
            storage = None if efficiency is None else Decimal(efficiency)
            points.append(Point(pod(number), member, members[member], voltage, valid_from, valid_to, first, last, storage))
    return points


def _plants(dice: random.Random, points: list[Point]) -> list[Plant]:
    plants = []
    for number in range(dice.randint(0, 5)):
        power = Decimal(dice.choice(POWERS))
        plants.append(
            Plant(
                code=f"P{number}",
                pod=dice.choice(points).pod,
                source=dice.choice(("photovoltaic", "photovoltaic", *SOURCES)),
                power_kw=power,
                region=dice.choice(REGIONS),
                market_zone=dice.choice(MARKET_ZONES),
                entered_operation_on=dice.choice(DATES),
                grant_intensity=Decimal(dice.choice(GRANTS)),
                obligation_power_kw=dice.choice((Decimal(0), Decimal(0), Decimal(1), power)),
                in_building=dice.random() < 0.7,
            )
        )
    return plants


def _curves(
    dice: random.Random, rng: np.random.Generator, points: list[Point], hours: int, scale: int
) -> tuple[np.ndarray, np.ndarray]:
    """Curves with quiet hours, hourly sources (whole energy in the first quarter), quarters missing and quarters suspect."""
    wh = np.zeros((len(points), 4 * hours), np.int32)
    quality = np.zeros((len(points), 4 * hours), np.uint8)
    holes = dice.choice((0, 0, 1, 5))
    for i, point in enumerate(points):
        valid = slice(4 * point.first_hour, 4 * point.last_hour)
        width = 4 * (point.last_hour - point.first_hour)
        curve = rng.integers(0, scale + 1, width, np.int32)
        curve[rng.random(width) < dice.choice((0.0, 0.3, 0.9, 1.0))] = 0
        known = rng.choice(np.array([1, 2, 2, 2, 3, 3], np.uint8), width)
        if dice.random() < 0.3:
            curve.reshape(-1, 4)[:, 1:] = 0
            known.reshape(-1, 4)[:, 1:] = 5
        for slot in rng.integers(0, width, holes if width else 0):
            known[slot] = Quality.SUSPECT if slot % 2 else Quality.MISSING
            curve[slot] = dice.choice((0, 7, -7))
        wh[i, valid], quality[i, valid] = curve, known
    return wh, quality


def _split(dice: random.Random, codes: list[str]) -> Split:
    percents = dice.choice(((), ("10",), ("2.5", "33.333"), ("50", "50"), ("0",)))
    return Split(
        deductions=tuple(Deduction(f"account{n}", Decimal(percent)) for n, percent in enumerate(percents)),
        producers_percent=Decimal(dice.choice(("0", "50", "33.3", "100"))),
        producers_key=dice.choice(PRODUCERS_KEYS),
        consumers_key=dice.choice(CONSUMERS_KEYS),
        fixed=_fixed(dice, codes),
    )


def _fixed(dice: random.Random, codes: list[str]) -> tuple[tuple[str, Decimal], ...]:
    """Shares in thousandths that sum to 1; some members may have none."""
    chosen = dice.sample(codes, dice.randint(1, len(codes)))
    cuts = sorted(dice.randint(0, 1000) for _ in chosen[1:])
    edges = [0, *cuts, 1000]
    return tuple((code, Decimal(high - low) / 1000) for code, low, high in zip(chosen, edges[:-1], edges[1:], strict=True))


def _distribution(dice: random.Random, codes: list[str]) -> Distribution:
    excess = ExcessSplit(Decimal(dice.choice(("0", "50", "33.3", "100"))), dice.choice(CONSUMERS_KEYS), _fixed(dice, codes))
    return Distribution(
        valid_from=date(2021, 1, 1),
        premium=_split(dice, codes),
        valorisation=_split(dice, codes),
        excess=dice.choice((None, excess, excess)),
    )


def _year_to_date(dice: random.Random, scale: int) -> tuple[YearToDate, ...]:
    rows = []
    for granted in (False, True):
        if dice.random() < 0.5:
            injected = dice.randint(0, 100_000 * scale)
            premium = injected * dice.randint(0, 120) // 10_000
            rows.append(YearToDate(granted, injected, dice.randint(0, injected), premium, dice.randint(0, premium)))
    return tuple(rows)
