"""The causes of a difference: worked by hand one at a time, and exact for whatever two communities come along."""

from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.engine.errors import InputsInconsistent, ParameterMissing
from apps.engine.inputs import Contribution, Distribution, Kind, MonthInputs, RunKind, Split, YearToDate
from apps.engine.payees import amounts_of
from apps.engine.run_diff import CAUSES, STEPS, Booked, Cause, Change, compare
from apps.engine.run_mixture import changed_groups
from apps.engine.settlement import settle
from tests.engine.facts import WITHDRAWAL, Facts, with_parameters
from tests.engine.random_communities import random_inputs

TO_PRODUCERS = Split((), Decimal(100), "injected", "coincident")


def village() -> Facts:
    """1000 kWh injected in hour 5 and 400 kWh drawn by H: 400 kWh shared at 120 €/MWh = 48.00 €, no excess below 55 %.

    Valorisation 400 × 8.48 €/MWh = 3.392 → 3.39 €. Both go to consumers by coincident energy: H.
    """
    facts = Facts()
    facts.point(1, "P")
    facts.point(2, "H")
    facts.plant("A", 1, source="hydro")
    facts.hourly(1, "A", {5: 1_000_000})
    facts.hourly(2, WITHDRAWAL, {5: 400_000})
    return facts


def booked(inputs: MonthInputs) -> Booked:
    return Booked(inputs, amounts_of(settle(inputs).lines))


def causes(changes: tuple[Change, ...]) -> dict[tuple[str, str, str], int]:
    """(contribution, member or account, cause) -> cents, without zeros."""
    return {
        (row.payee.contribution.value, row.payee.member or row.payee.account, cause.value): cents
        for row in changes
        for cause, cents in zip(CAUSES, row.causes, strict=True)
        if cents
    }


def between(before: Facts, now: Facts) -> dict[tuple[str, str, str], int]:
    changes = compare(booked(before.inputs()), booked(now.inputs()))
    assert_exact(changes)
    return causes(changes)


def assert_exact(changes: tuple[Change, ...]) -> None:
    for row in changes:
        assert sum(row.causes) == row.difference_cents, row


def test_nothing_changed_has_no_cause() -> None:
    assert between(village(), village()) == {}


def test_a_corrected_curve_is_data() -> None:
    """300 instead of 400 kWh: 100 × 0.12 = 12.00 € less premium; 300 × 8.48 = 2.544 → 2.54, 0.85 less."""
    now = village()
    now.hourly(2, WITHDRAWAL, {5: 300_000})
    assert between(village(), now) == {("premium", "H", "data"): -1200, ("valorisation", "H", "data"): -85}


def test_another_price_is_price() -> None:
    """At Pz 150 the tariff is 80 + 30 = 110 instead of 120 €/MWh: 400 × 10 = 4.00 € less."""
    now = village()
    now.prices["NORD", 5] = 150_000_000
    before = village()
    before.prices["NORD", 6] = 100_000_000
    assert between(before, now) == {("premium", "H", "price"): -400}


def test_a_point_that_joins_brings_its_energy_as_perimeter() -> None:
    """K draws 100 kWh in the hour: 500 kWh shared. The 12.00 € and 0.85 € more go to K, nothing moves at H."""
    now = village()
    now.point(3, "K")
    now.hourly(3, WITHDRAWAL, {5: 100_000})
    expected = {("premium", "K", "perimeter"): 1200, ("valorisation", "K", "perimeter"): 85}
    assert between(village(), now) == expected
    assert between(now, village()) == {key: -cents for key, cents in expected.items()}


def test_a_point_that_changes_member_keeps_its_data() -> None:
    """H's POD belongs to K in the second run and its curve was corrected by 100 kWh: the curve is data, the rest perimeter."""
    now = Facts()
    now.point(1, "P")
    now.point(2, "K")
    now.plant("A", 1, source="hydro")
    now.hourly(1, "A", {5: 1_000_000})
    now.hourly(2, WITHDRAWAL, {5: 300_000})
    assert between(village(), now) == {
        ("premium", "H", "data"): -1200,
        ("valorisation", "H", "data"): -85,
        ("premium", "H", "perimeter"): -3600,
        ("valorisation", "H", "perimeter"): -254,
        ("premium", "K", "perimeter"): 3600,
        ("valorisation", "K", "perimeter"): 254,
    }


def test_a_value_of_the_law_is_rule_and_a_share_is_distribution() -> None:
    """TRASE 10 instead of 8.48: 4.00 instead of 3.39 €. All premium to producers: 48.00 € from H to P."""
    now = with_parameters(village(), trase_eur_per_mwh=Decimal(10))
    now.distribution = Distribution(date(2021, 1, 1), TO_PRODUCERS, now.distribution.valorisation, None)
    assert between(village(), now) == {
        ("valorisation", "H", "rule"): 61,
        ("premium", "H", "distribution"): -4800,
        ("premium", "P", "distribution"): 4800,
    }


def test_earlier_months_move_the_excess() -> None:
    """With 1000 of 1000 kWh and 52.00 € before, the year is 1400 of 2000 kWh, 100.00 €: 15 points of it, 15.00 € of excess.

    The premium gives it up; half stays with the fund, half with H, the only consumer.
    """
    now = village()
    now.year_to_date = (YearToDate(False, 1_000_000, 1_000_000, 5200, 0),)
    assert between(village(), now) == {
        ("premium", "H", "earlier_months"): -1500,
        ("excess", "H", "earlier_months"): 750,
        ("excess", "social_fund", "earlier_months"): 750,
    }


def test_what_the_inputs_do_not_explain_is_the_program() -> None:
    """The run before had booked 1 cent less than today's rules find, and the run now 2 cents more."""
    before, now = booked(village().inputs()), booked(village().inputs())
    premium = next(payee for payee in before.amounts if payee.contribution is Contribution.PREMIUM)
    less = replace(before, amounts={**before.amounts, premium: before.amounts[premium] - 1})
    more = replace(now, amounts={**now.amounts, premium: now.amounts[premium] + 2})
    changes = compare(less, more)
    assert_exact(changes)
    assert causes(changes) == {("premium", "H", "program"): 3}


def test_a_mixture_that_the_rules_refuse_is_told_with_the_next_cause() -> None:
    """The old law refuses K's point, so its energy is told with the law that knows it."""
    refused: list[int] = []

    def picky(inputs: MonthInputs):
        if len(inputs.points) == 3 and inputs.parameters.trase_eur_per_mwh == Decimal("8.48"):
            refused.append(1)
            raise ParameterMissing("The old law does not know the new point.")
        return settle(inputs)

    now = with_parameters(village(), trase_eur_per_mwh=Decimal(10))
    now.point(3, "K")
    now.hourly(3, WITHDRAWAL, {5: 100_000})
    changes = compare(booked(village().inputs()), booked(now.inputs()), picky)
    assert refused
    assert_exact(changes)
    assert causes(changes) == {
        ("premium", "K", "rule"): 1200,
        ("valorisation", "K", "rule"): 100,
        ("valorisation", "H", "rule"): 61,
    }


def test_a_final_run_compares_with_a_provisional_one_that_missed_hours() -> None:
    before = village()
    before.hourly(2, WITHDRAWAL, {5: None})
    now = village()
    now.run_kind = RunKind.FINAL
    assert between(before, now) == {("premium", "H", "data"): 4800, ("valorisation", "H", "data"): 339}


def test_a_zone_that_only_one_run_knows_keeps_its_prices() -> None:
    now = village()
    now.plant("B", 2, source="hydro", zone="SUD")
    now.hourly(2, "B", {5: 0})
    assert between(village(), now) == {}


def test_two_plants_behind_one_pod_keep_their_own_curves() -> None:
    """400 kWh are free; B is younger and takes what A leaves. A corrected to 100, B to 50: 150 of 150 kWh are shared."""
    before, now = village(), village()
    for facts in (before, now):
        facts.plant("B", 1, source="hydro", since=date(2023, 1, 1))
        facts.point(1, "Q", valid_from=date(2024, 1, 1))
    before.hourly(1, "B", {5: 10})
    now.hourly(1, "A", {5: 100_000})
    now.hourly(1, "B", {5: 50_000})
    changes = compare(booked(before.inputs()), booked(now.inputs()))
    assert_exact(changes)
    assert {cause for _, _, cause in causes(changes)} == {"data"}


@pytest.mark.parametrize("change", [{"month": 12}, {"configuration": "CER-OTHER"}])
def test_two_months_are_not_compared(change) -> None:
    inputs = village().inputs()
    with pytest.raises(InputsInconsistent, match="Choose two runs of one configuration and month"):
        compare(Booked(inputs, {}), Booked(replace(inputs, **change), {}))


def _another(seed: int, other: int) -> tuple[MonthInputs, MonthInputs]:
    """Two random communities brought to one configuration, month and kind; both settle by the same law."""
    before, now = random_inputs(seed), random_inputs(other)
    common = {"configuration": "CER-X", "kind": Kind.CER, "run_kind": RunKind.PROVISIONAL}
    return replace(before, **common), replace(now, **common)  # type: ignore[arg-type]


@given(st.integers(0, 400), st.integers(0, 400))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
def test_causes_sum_to_the_difference_and_contributions_to_their_totals(seed: int, other: int) -> None:
    before, now = _another(seed, other)
    if (before.year, before.month) != (now.year, now.month):
        now = replace(
            before,
            distribution=before.distribution,
            year_to_date=now.year_to_date,
            prices_ueur_per_mwh=before.prices_ueur_per_mwh + seed * 1000,
            withdrawn_wh=before.withdrawn_wh // 2,
        )
    changes = compare(booked(before), booked(now))
    assert_exact(changes)
    results = settle(before), settle(now)
    for contribution in Contribution:
        rows = [row for row in changes if row.payee.contribution is contribution]
        totals = [getattr(result, f"{contribution.value}_cents") for result in results]
        assert [sum(row.before_cents for row in rows), sum(row.now_cents for row in rows)] == totals
        assert sum(sum(row.causes) for row in rows) == totals[1] - totals[0]
    assert Cause.PROGRAM.value not in {cause for _, _, cause in causes(changes)}


def test_the_order_of_the_causes_decides_where_a_common_effect_goes() -> None:
    """Negative control: a cheaper hour and less energy at once. By data first, the price acts on what is left."""
    now = village()
    now.hourly(2, WITHDRAWAL, {5: 300_000})
    now.prices["NORD", 5] = 150_000_000
    found = Counter(between(village(), now))
    assert found["premium", "H", "data"] == -1200
    assert found["premium", "H", "price"] == -300
    assert STEPS.index(Cause.DATA) < STEPS.index(Cause.PRICE)


def test_groups_that_changed_are_named_each_alone() -> None:
    now = with_parameters(village(), trase_eur_per_mwh=Decimal(10))
    now.point(3, "K")
    now.hourly(3, WITHDRAWAL, {5: 100_000})
    now.year_to_date = (YearToDate(False, 1_000_000, 1_000_000, 5200, 0),)
    assert changed_groups(village().inputs(), now.inputs()) == ("perimeter", "rule")
    assert changed_groups(now.inputs(), now.inputs()) == ()
