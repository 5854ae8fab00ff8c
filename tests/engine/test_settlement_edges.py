"""Edges that need more members, larger numbers or stranger inputs than a scenario folder can show."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from apps.engine.errors import InvalidDistribution, InvalidIdentifier, InvalidPlant, MeasuresMissing, PriceMissing
from apps.engine.inputs import (
    Contribution,
    Deduction,
    Distribution,
    ExcessSplit,
    MonthInputs,
    Quality,
    RunKind,
    Split,
    YearToDate,
)
from apps.engine.settlement import settle
from tests.engine import oracle
from tests.engine.comparison import assert_laws, differences
from tests.engine.facts import WITHDRAWAL, Facts, with_parameters

EQUAL = Split((), Decimal(0), "injected", "equal")


def small() -> Facts:
    facts = Facts()
    facts.point(1, "P")
    facts.point(2, "H")
    facts.plant("A", 1, source="hydro")
    facts.hourly(1, "A", {5: 1_000_000})
    facts.hourly(2, WITHDRAWAL, {5: 400_000})
    return facts


def agree(inputs: MonthInputs) -> None:
    result = settle(inputs)
    assert differences(result, oracle.settle(inputs)) == []
    assert_laws(inputs, result)


def test_one_cent_over_a_thousand_members() -> None:
    facts = Facts(distribution=Distribution(date(2021, 1, 1), EQUAL, EQUAL, None))
    for number in range(1000):
        facts.point(number, f"M{number:04d}")
        facts.hourly(number, WITHDRAWAL, {7: 1})
    facts.plant("A", 0, since=date(2010, 1, 1))
    facts.hourly(0, "A", {7: 800})
    result = settle(facts.inputs())
    assert result.valorisation_cents == 1, "800 Wh x 8.48 €/MWh = 0.68 cents"
    assert [member.code for member in result.members if member.valorisation_cents] == ["M0000"]
    assert sum(member.shared_wh for member in result.members) == 800


def test_a_month_without_members_points_or_plants() -> None:
    result = settle(Facts().inputs())
    assert (result.hours, result.lines, result.members, result.plants) == (720, (), (), ())
    assert result.point_shared_wh.shape == (0, 720)
    assert result.taken_wh.shape == (0, 720)


@pytest.mark.parametrize(("joins", "leaves"), [(10, 20), (20, None), (1, 10), (29, 30)])
def test_what_lies_outside_the_hours_of_a_point_is_not_looked_at(joins: int, leaves: int | None) -> None:
    facts = Facts()
    facts.point(1, "P")
    facts.point(2, "H", valid_from=date(2023, 11, joins), valid_to=None if leaves is None else date(2023, 11, leaves))
    facts.plant("A", 1)
    inputs = facts.inputs()
    hour = inputs.points[1].first_hour
    facts.hourly(1, "A", dict.fromkeys(range(720), 1000))
    facts.hourly(2, WITHDRAWAL, {hour: 1000})
    inputs = facts.inputs()
    clean = settle(inputs)
    withdrawn = inputs.withdrawn_wh.copy()
    first, last = 4 * inputs.points[1].first_hour, 4 * inputs.points[1].last_hour
    withdrawn[1, :first], withdrawn[1, last:] = 99, -5
    dirty = settle(replace(inputs, withdrawn_wh=withdrawn))
    assert dirty.withdrawn_wh.tolist() == clean.withdrawn_wh.tolist()
    assert int(clean.shared_wh.sum()) == 1000
    assert dirty.lines == clean.lines
    assert dirty.missing == clean.missing == ()


def test_a_missing_quarter_below_zero_is_missing_and_not_negative() -> None:
    inputs = small().inputs()
    withdrawn, quality = inputs.withdrawn_wh.copy(), inputs.withdrawn_quality.copy()
    withdrawn[1, 40], quality[1, 40] = -3, 0
    result = settle(replace(inputs, withdrawn_wh=withdrawn, withdrawn_quality=quality))
    assert [(row.pod, row.hours) for row in result.missing] == [("IT001E00000002", 1)]


def test_a_suspect_quarter_makes_its_hour_unknown_exactly_like_a_missing_one() -> None:
    inputs = small().inputs()
    found = []
    for quality in (Quality.MISSING, Quality.SUSPECT):
        withdrawn, injected = inputs.withdrawn_quality.copy(), inputs.injected_quality.copy()
        withdrawn[1, 23] = quality  # the last quarter of hour 5, the only one with energy
        injected[0, 24:32] = quality
        found.append(settle(replace(inputs, withdrawn_quality=withdrawn, injected_quality=injected)))
    missing, suspect = found
    assert [(row.pod, row.hours) for row in suspect.missing] == [("IT001E00000001", 2), ("IT001E00000002", 1)]
    assert (suspect.missing_hours, int(suspect.shared_wh.sum()), suspect.premium_gross_cents) == (3, 0, 0)
    assert (suspect.missing, suspect.lines, suspect.members) == (missing.missing, missing.lines, missing.members)


def test_a_final_run_refuses_suspect_hours_that_nobody_accepted() -> None:
    inputs = replace(small().inputs(), run_kind=RunKind.FINAL)
    inputs.withdrawn_quality[1, 20] = Quality.SUSPECT
    with pytest.raises(MeasuresMissing, match="IT001E00000002"):
        settle(inputs)
    assert settle(replace(inputs, accepted_missing=("IT001E00000002",))).missing_hours == 1


def test_quarters_as_large_as_a_slot_can_hold_do_not_overflow() -> None:
    facts = small()
    largest = 2**31 - 1
    for quarter in range(4):
        facts.curves["IT001E00000001", "A", 20 + quarter] = largest
        facts.curves["IT001E00000002", WITHDRAWAL, 20 + quarter] = largest
    inputs = facts.inputs()
    assert int(settle(inputs).shared_wh[5]) == 4 * largest
    agree(inputs)


def test_absurd_energies_and_prices_stay_exact_beyond_64_bits() -> None:
    facts = small()
    largest = 2**31 - 1
    for hour in range(720):
        for quarter in range(4):
            facts.curves["IT001E00000001", "A", 4 * hour + quarter] = largest
            facts.curves["IT001E00000002", WITHDRAWAL, 4 * hour + quarter] = largest - hour
    facts.point(3, "K")
    facts.hourly(3, WITHDRAWAL, dict.fromkeys(range(720), 3))
    inputs = facts.inputs()
    result = settle(inputs)
    wh = sum(4 * (largest - hour) + 3 for hour in range(720))
    # hydro of 100 kW at 100 €/MWh earns min(120, 80 + 80) = 120 €/MWh
    assert wh * 120_000_000 > 2**63
    assert result.premium_gross_cents == (wh * 120_000_000 * 2 + 10**10) // (2 * 10**10)
    agree(inputs)


def test_prices_at_the_ends_of_64_bits_do_not_overflow() -> None:
    facts = small()
    facts.prices = {("NORD", 5): -(2**63), ("NORD", 6): 2**63 - 1}
    facts.hourly(1, "A", {6: 1_000_000})
    facts.hourly(2, WITHDRAWAL, {6: 400_000})
    inputs = facts.inputs()
    assert settle(inputs).premium_gross_cents == 4800 + 3200
    agree(inputs)


def test_a_storage_efficiency_with_many_digits_is_exact() -> None:
    facts = small()
    facts.point(3, "S", efficiency=Decimal("0.83333333333333333333333333"))
    facts.hourly(3, WITHDRAWAL, {5: 3, 6: 6_000_000})
    inputs = facts.inputs()
    # 3 Wh become 2.49999999999999999999999999: not yet a half
    assert [int(settle(inputs).withdrawn_wh[hour]) for hour in (5, 6)] == [400_000 + 2, 5_000_000]
    agree(inputs)


@pytest.mark.parametrize("digits", range(1, 25))
def test_a_storage_efficiency_of_any_length_is_exact(digits: int) -> None:
    facts = small()
    facts.point(3, "S", efficiency=Decimal("0." + "837" * 9).quantize(Decimal(10) ** -digits))
    facts.hourly(3, WITHDRAWAL, {6: 1, 7: 999, 8: 6_000_001, 9: 2**31 - 1})
    agree(facts.inputs())


def test_a_storage_of_halves_rounds_up() -> None:
    facts = small()
    facts.point(3, "S", efficiency=Decimal("0.5"))
    facts.hourly(3, WITHDRAWAL, {6: 1, 7: 2, 8: 3})
    assert settle(facts.inputs()).withdrawn_wh[6:9].tolist() == [1, 1, 2]


def test_lines_carry_how_an_amount_came_about() -> None:
    facts = small()
    facts.distribution = Distribution(
        valid_from=date(2021, 1, 1),
        premium=Split((Deduction("fund", Decimal(10)), Deduction("admin", Decimal(0))), Decimal(25), "injected", "coincident"),
        valorisation=Split((), Decimal(50), "incentivised", "withdrawn"),
        excess=ExcessSplit(Decimal(50), "coincident"),
    )
    facts.hourly(1, "A", {5: 500_000})
    result = settle(facts.inputs())
    # 0.4 MWh x 120 = 48.00; excess (0.8 - 0.55) x 48 = 12.00; premium split 36.00; valorisation 0.4 x 8.48 = 3.392
    assert [
        (line.contribution, line.block, line.member, line.account, line.cents, line.block_cents) for line in result.lines
    ] == [
        (Contribution.PREMIUM, "deduction", "", "fund", 360, 3600),
        (Contribution.PREMIUM, "producers", "P", "", 810, 810),
        (Contribution.PREMIUM, "consumers", "H", "", 2430, 2430),
        (Contribution.VALORISATION, "producers", "P", "", 170, 170),
        (Contribution.VALORISATION, "consumers", "H", "", 169, 169),
        (Contribution.EXCESS, "consumers", "H", "", 600, 600),
        (Contribution.EXCESS, "social_fund", "", "social_fund", 600, 1200),
    ]
    assert [(line.key, line.weight, line.weight_total, line.percent) for line in result.lines] == [
        ("", 0, 0, Decimal(10)),
        ("injected", 500_000, 500_000, None),
        ("coincident", 400_000, 400_000, None),
        ("incentivised", 400_000, 400_000, None),
        ("withdrawn", 400_000, 400_000, None),
        ("coincident", 400_000, 400_000, None),
        ("", 0, 0, Decimal(50)),
    ]
    assert [member.total_cents for member in result.members] == [2430 + 169 + 600, 810 + 170]


def test_only_a_group_is_valorised_by_building_and_losses() -> None:
    valorisation = settle(small().inputs()).valorisation
    assert (valorisation.shared_wh, valorisation.trase_ueur_per_mwh, valorisation.amount_cents) == (400_000, 8_480_000, 339)
    assert (valorisation.building_shared_wh, valorisation.btau_ueur_per_mwh) == (0, 0)
    assert valorisation.avoided_losses_cents_unrounded == 0


def test_a_plant_smaller_than_a_kilowatt_earns() -> None:
    facts = small()
    facts.plants[0] = replace(facts.plants[0], power_kw=Decimal("0.35"))
    assert settle(facts.inputs()).premium_gross_cents == 4800


def test_equal_parts_weigh_one_each() -> None:
    facts = small()
    facts.distribution = Distribution(date(2021, 1, 1), EQUAL, EQUAL, None)
    lines = [line for line in settle(facts.inputs()).lines if line.member]
    assert {(line.key, line.weight, line.weight_total) for line in lines} == {("equal", 1, 1)}


def test_the_twelve_months_of_a_year_close_on_the_annual_formula() -> None:
    """Months with very different shares post changes that add up to the excess of the year, to the cent."""
    history = YearToDate(granted=False)
    for month in range(1, 13):
        facts = Facts(month=month, year_to_date=(history,) if month > 1 else ())
        facts.point(1, "P")
        facts.point(2, "H")
        facts.plant("A", 1, source="hydro")
        facts.hourly(1, "A", {5: 1_000_003, 6: 7})
        facts.hourly(2, WITHDRAWAL, {5: 97_001 * month})
        result = settle(facts.inputs())
        [row] = result.excess_sets
        assert row.excess_year_cents == history.excess_cents + row.excess_month_cents
        history = YearToDate(False, row.injected_wh, row.incentivised_wh, row.premium_cents, row.excess_year_cents)
    ratio = Fraction(history.incentivised_wh, history.injected_wh)
    exact = max(Fraction(0), ratio - Fraction(55, 100)) * history.premium_cents
    assert history.excess_cents == (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)
    assert history.excess_cents > 0


def test_a_set_without_plants_this_month_keeps_what_the_year_posted() -> None:
    facts = small()
    facts.year_to_date = (YearToDate(True, 1000, 900, 500, 225),)
    sets = settle(facts.inputs()).excess_sets
    assert [(row.granted, row.excess_year_cents, row.excess_month_cents) for row in sets] == [(False, 0, 0), (True, 225, 0)]


def test_nothing_injected_is_no_excess() -> None:
    facts = Facts()
    facts.point(1, "P")
    facts.plant("A", 1)
    [row] = settle(facts.inputs()).excess_sets
    assert (row.injected_wh, row.excess_year_cents) == (0, 0)


def test_a_final_run_names_the_first_twenty_pods_and_counts_the_rest() -> None:
    facts = Facts(run_kind=RunKind.FINAL)
    for number in range(1, 24):
        facts.point(number, "H")
        facts.hourly(number, WITHDRAWAL, {0: None, 1: None})
    with pytest.raises(MeasuresMissing, match=r"IT001E00000020 \(2 hours\) and 3 more") as caught:
        settle(facts.inputs())
    assert len(caught.value.missing) == 23


def test_a_pod_is_accepted_with_or_without_its_fifteenth_character() -> None:
    facts = Facts(run_kind=RunKind.FINAL, accepted_missing=("IT001E000000019",))
    facts.point(1, "H")
    facts.hourly(1, WITHDRAWAL, {0: None})
    assert settle(facts.inputs()).missing_hours == 1


def test_a_plant_in_a_zone_without_prices_stops_the_run() -> None:
    inputs = small().inputs()
    with pytest.raises(PriceMissing, match="no zonal price for NORD, the market zone of plant A"):
        settle(replace(inputs, zones=(), prices_ueur_per_mwh=np.zeros((0, 720), np.int64)))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"power_kw": Decimal(0)}, "power of 0 kW"),
        ({"power_kw": Decimal(-5)}, "power of -5 kW"),
        ({"obligation_power_kw": Decimal("100.1")}, "obligation of 100.1 kW out of 100 kW"),
        ({"obligation_power_kw": Decimal(-1)}, "obligation of -1 kW"),
        ({"grant_intensity": Decimal("-0.1")}, "capital grant of -0.1"),
    ],
)
def test_plants_that_cannot_be_are_refused(changes: dict[str, Decimal], words: str) -> None:
    inputs = small().inputs()
    with pytest.raises(InvalidPlant, match=words):
        settle(replace(inputs, plants=(replace(inputs.plants[0], **changes),)))  # type: ignore[arg-type]


def test_a_power_without_a_tariff_class_is_refused() -> None:
    facts = small()
    with pytest.raises(InvalidPlant, match="fits no tariff class"):
        settle(with_parameters(facts, tariff_classes=facts.parameters.tariff_classes[:0]).inputs())


def test_a_photovoltaic_plant_in_no_region_is_refused_rather_than_paid_less() -> None:
    facts = Facts()
    facts.point(1, "P")
    facts.plant("A", 1, region="Lombardy")
    with pytest.raises(InvalidIdentifier, match="is not a region"):
        settle(facts.inputs())


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Split((Deduction("a", Decimal(60)), Deduction("b", Decimal(41))), Decimal(0), "injected", "coincident"), "60, 41"),
        (Split((Deduction("a", Decimal(-1)),), Decimal(0), "injected", "coincident"), "-1"),
        (Split((), Decimal(101), "injected", "coincident"), "101"),
        (Split((), Decimal(0), "coincident", "coincident"), "'coincident' is no key for the producers"),
        (Split((), Decimal(0), "injected", "injected"), "'injected' is no key for the consumers"),
    ],
)
def test_rules_that_cannot_be_applied_are_refused(rule: Split, words: str) -> None:
    facts = small()
    facts.distribution = replace(facts.distribution, valorisation=rule)
    with pytest.raises(InvalidDistribution, match=words):
        settle(facts.inputs())


def test_an_excess_rule_beyond_a_hundred_percent_is_refused() -> None:
    facts = small()
    facts.distribution = replace(facts.distribution, excess=ExcessSplit(Decimal("100.5"), "coincident"))
    with pytest.raises(InvalidDistribution, match=r"100\.5"):
        settle(facts.inputs())


def test_deductions_of_the_whole_leave_nothing_to_divide() -> None:
    facts = small()
    rule = Split((Deduction("a", Decimal(100)),), Decimal(50), "injected", "coincident")
    facts.distribution = replace(facts.distribution, premium=rule)
    result = settle(facts.inputs())
    lines = [line for line in result.lines if line.contribution is Contribution.PREMIUM]
    assert [(line.account, line.cents) for line in lines] == [("a", result.premium_cents)]
