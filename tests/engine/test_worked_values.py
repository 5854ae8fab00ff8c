"""The worked values of settlement-rules 9, exactly."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from apps.engine.distribution import Members, split
from apps.engine.excess import excess_cents
from apps.engine.inputs import Contribution, Deduction, Plant, Split
from apps.engine.settlement import settle
from apps.engine.tariff import hourly_tariff, terms_of
from tests.engine.facts import PARAMETERS, WITHDRAWAL, Facts


def tip_eur_per_mwh(power: str, price: int, region: str, source: str, grant: str = "0") -> Fraction:
    plant = Plant("P", "IT001E00000001", source, Decimal(power), region, "NORD", date(2022, 1, 1), Decimal(grant))
    terms = terms_of(plant, PARAMETERS)
    tariff = hourly_tariff(terms, np.array([price * 10**6], np.int64), PARAMETERS)
    return Fraction(int(tariff[0]), 10**6) * (1 - terms.reduction)


@pytest.mark.parametrize(
    ("power", "price", "region", "source", "grant", "expected"),
    [
        ("100", 150, "Lombardia", "photovoltaic", "0", 120),
        ("100", 100, "Lombardia", "photovoltaic", "0", 130),
        ("100", 150, "Puglia", "hydro", "0", 110),
        ("100", 150, "Lombardia", "photovoltaic", "0.40", 60),
        ("300", 0, "Puglia", "hydro", "0", 110),
        ("700", 100, "Puglia", "photovoltaic", "0", 100),
    ],
)
def test_tariff(power: str, price: int, region: str, source: str, grant: str, expected: int) -> None:
    assert tip_eur_per_mwh(power, price, region, source, grant) == expected


def cascade_facts() -> Facts:
    facts = Facts()
    facts.point(1, facts.member("PRODUCER", "other"))
    facts.point(2, facts.member("PRODUCER", "other"))
    facts.point(3, facts.member("HOUSEHOLD", "household"))
    facts.point(4, facts.member("COMPANY", "sme"))
    facts.plant("P1", 1, power="100", since=date(2022, 1, 1))
    facts.plant("P2", 2, power="400", since=date(2024, 1, 1), grant="0.40")
    facts.prices = {("NORD", 0): 100_000_000, ("NORD", 1): 150_000_000, ("NORD", 2): 200_000_000}
    facts.hourly(1, "P1", {0: 30_000, 1: 60_000, 2: 10_000})
    facts.hourly(2, "P2", {0: 100_000, 1: 200_000, 2: 40_000})
    facts.hourly(3, WITHDRAWAL, {0: 20_000, 1: 30_000, 2: 80_000})
    facts.hourly(4, WITHDRAWAL, {0: 60_000, 1: 120_000, 2: 20_000})
    return facts


def test_cascade_without_exemption() -> None:
    result = settle(cascade_facts().inputs())
    assert [(plant.code, plant.taken_wh, plant.premium_cents) for plant in result.plants] == [
        ("P1", 100_000, 1200),
        ("P2", 180_000, 955),
    ]


def test_cascade_with_the_household_exempt() -> None:
    facts = cascade_facts()
    facts.parameters = replace(PARAMETERS, grant_exempt_kinds=("household",))
    result = settle(facts.inputs())
    assert [(plant.code, plant.taken_wh, plant.premium_cents) for plant in result.plants] == [
        ("P1", 100_000, 1200),
        ("P2", 180_000, 1400),
    ]


def test_excess() -> None:
    assert excess_cents(60_000, 100_000, 10_000, Decimal("0.55")) == 500
    assert excess_cents(60_000, 100_000, 10_000, Decimal("0.45")) == 1500


def test_split() -> None:
    members = Members(["A"], [1], [1], [1], [1])
    rule = Split((Deduction("fund", Decimal(10)),), Decimal(50), "injected", "coincident")
    lines = split(Contribution.PREMIUM, 10_001, rule, members)
    assert [(line.block, line.account, line.member, line.cents) for line in lines] == [
        ("deduction", "fund", "", 1000),
        ("producers", "", "A", 4501),
        ("consumers", "", "A", 4500),
    ]


def test_power_of_200_kw_is_in_the_lowest_class_and_a_hundredth_more_is_not() -> None:
    assert tip_eur_per_mwh("200", 200, "Puglia", "hydro") == 80
    assert tip_eur_per_mwh("200.01", 200, "Puglia", "hydro") == 70
