"""The conservation laws of settlement-rules 7 on communities that hypothesis invents and shrinks."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.engine.calendar import hours_in_month
from apps.engine.distribution import CONSUMERS_KEYS, PRODUCERS_KEYS
from apps.engine.errors import InvalidDistribution, NegativeEnergy, NegativeWeight
from apps.engine.inputs import Deduction, Distribution, ExcessSplit, Kind, Split, YearToDate
from apps.engine.settlement import settle
from tests.engine import oracle
from tests.engine.comparison import assert_laws, differences
from tests.engine.facts import PARAMETERS, SINCE_JUNE_2025, WITHDRAWAL, Facts, pod, with_parameters

MONTHS = [(2023, 3), (2023, 10), (2024, 2), (2025, 10)]
PERCENTS = st.sampled_from(["0", "1", "10", "33.333", "50", "99.99", "100"]).map(Decimal)
KINDS = st.sampled_from(["household", "sme", "large_enterprise", "local_authority", "other"])
# Few hours, so that points, changes of member and clock changes meet in them.
HOURS = st.one_of(st.integers(0, 3), st.integers(600, 671))
HALF = Decimal("0.5")
ENERGIES = st.one_of(st.integers(0, 7), st.integers(0, 100_000), st.none())


@st.composite
def fixed_shares(draw: st.DrawFn, codes: list[str]) -> tuple[tuple[str, Decimal], ...]:
    cuts = sorted(draw(st.lists(st.integers(0, 1000), min_size=len(codes) - 1, max_size=len(codes) - 1)))
    edges = [0, *cuts, 1000]
    return tuple((code, Decimal(high - low) / 1000) for code, low, high in zip(codes, edges, edges[1:], strict=False))


@st.composite
def splits(draw: st.DrawFn, codes: list[str]) -> Split:
    percent = draw(PERCENTS)
    return Split(
        deductions=draw(
            st.sampled_from([(), (Deduction("fund", percent),), (Deduction("a", percent / 2), Deduction("b", percent / 2))])
        ),
        producers_percent=draw(PERCENTS),
        producers_key=draw(st.sampled_from(PRODUCERS_KEYS)),
        consumers_key=draw(st.sampled_from(CONSUMERS_KEYS)),
        fixed=draw(fixed_shares(codes)),
    )


@st.composite
def communities(draw: st.DrawFn) -> Facts:
    year, month = draw(st.sampled_from(MONTHS))
    facts = Facts(year=year, month=month, kind=draw(st.sampled_from(tuple(Kind))))
    codes = draw(st.lists(st.sampled_from("ABCDEF"), min_size=1, max_size=4, unique=True))
    for code in codes:
        facts.member(code, draw(KINDS))
    count = draw(st.integers(1, 4))
    for number in range(count):
        change = draw(st.none() | st.integers(1, 28).map(lambda n: date(year, month, 1) + timedelta(days=n)))
        voltage = draw(st.sampled_from(["BT", "MT"]))
        efficiency = draw(st.sampled_from([None, None, Decimal("0.9"), Decimal("0.123456789")]))
        holder, heir = draw(st.sampled_from(codes)), draw(st.none() | st.sampled_from(codes))
        joins = draw(st.sampled_from([date(2020, 1, 1), date(year, month, 1)]))
        facts.point(number, holder, voltage=voltage, valid_from=joins, valid_to=change, efficiency=efficiency)
        if change and heir:
            facts.point(number, heir, voltage=voltage, valid_from=change, efficiency=efficiency)
        for hour, wh in draw(st.dictionaries(HOURS, ENERGIES, max_size=4)).items():
            facts.curves[pod(number), WITHDRAWAL, 4 * hour + draw(st.integers(0, 3))] = wh
    for number in range(draw(st.integers(0, 3))):
        code = facts.plant(
            f"P{number}",
            draw(st.integers(0, count - 1)),
            source=draw(st.sampled_from(["photovoltaic", "hydro", "other"])),
            power=draw(st.sampled_from(["10", "200.01", "1000.01"])),
            since=draw(st.sampled_from([date(2021, 12, 15), date(2021, 12, 16), date(2023, 1, 1)])),
            grant=draw(st.sampled_from(["0", "0.333", "0.40", "0.401"])),
            obligation=draw(st.sampled_from(["0", "3", "10"])),
            in_building=draw(st.booleans()),
        )
        for hour, wh in draw(st.dictionaries(HOURS, ENERGIES, max_size=4)).items():
            facts.curves[facts.plants[-1].pod, code, 4 * hour] = wh
    hours = hours_in_month(year, month)
    for hour, price in draw(st.dictionaries(HOURS, st.integers(-500_000_000, 500_000_000), max_size=6)).items():
        facts.prices["NORD", min(hour, hours - 1)] = price
    facts.distribution = Distribution(
        valid_from=date(2021, 1, 1),
        premium=draw(splits(codes)),
        valorisation=draw(splits(codes)),
        excess=draw(st.none() | st.builds(ExcessSplit, PERCENTS, st.sampled_from(CONSUMERS_KEYS), fixed_shares(codes))),
    )
    facts.year_to_date = draw(
        st.sampled_from([(), (YearToDate(False, 10**6, 9 * 10**5, 7000, 2450),), (YearToDate(True, 5000, 5000, 40, 22),)])
    )
    exempt = draw(st.sampled_from([PARAMETERS.grant_exempt_kinds, SINCE_JUNE_2025]))
    return with_parameters(facts, grant_exempt_kinds=exempt, existing_plants_in_cascade=draw(st.booleans()))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(communities())
def test_every_law_holds_and_the_oracle_agrees(facts: Facts) -> None:
    inputs = facts.inputs()
    result = settle(inputs)
    assert_laws(inputs, result)
    assert differences(result, oracle.settle(inputs)) == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(communities(), st.integers(1, 1000))
def test_negative_energy_is_refused_by_pod_and_hour(facts: Facts, wh: int) -> None:
    point = facts.points[0]
    if point.first_hour < point.last_hour:
        hour = (point.first_hour + point.last_hour) // 2
        for slot in range(4 * hour, 4 * hour + 4):
            facts.curves[point.pod, WITHDRAWAL, slot] = -wh
        with pytest.raises(NegativeEnergy, match=f"withdrawal of {point.pod} is below zero in hour {hour}"):
            settle(facts.inputs())


def _two_members(fixed: tuple[tuple[str, Decimal], ...]) -> Facts:
    facts = Facts()
    facts.point(1, "A")
    facts.point(2, "B")
    facts.plant("P", 1)
    facts.hourly(1, "P", {5: 1000})
    facts.hourly(2, WITHDRAWAL, {5: 1000})
    rule = Split((), Decimal(0), "injected", "fixed", fixed)
    facts.distribution = Distribution(date(2021, 1, 1), rule, rule, None)
    return facts


def test_negative_fixed_shares_are_refused() -> None:
    facts = _two_members((("A", Decimal("1.5")), ("B", Decimal("-0.5"))))
    with pytest.raises(NegativeWeight, match=r"fixed share of B is -0\.5"):
        settle(facts.inputs())


@pytest.mark.parametrize(
    "fixed",
    [
        (),
        (("A", Decimal("0.5")),),
        (("A", Decimal("0.5")), ("A", Decimal("0.5"))),
        (("A", Decimal("0.5")), ("Z", Decimal("0.5"))),
    ],
)
def test_fixed_shares_that_do_not_make_a_whole_are_refused(fixed: tuple[tuple[str, Decimal], ...]) -> None:
    with pytest.raises(InvalidDistribution, match="fixed share"):
        settle(_two_members(fixed).inputs())
