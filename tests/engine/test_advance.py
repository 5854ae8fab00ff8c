"""The advance of GSE: worked by hand from the formula of RO p.36 and p.40."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.engine.advance import AdvanceParameters, advance_of, hours_per_year
from apps.engine.errors import InvalidIdentifier, InvalidPlant, ParameterMissing
from apps.engine.identifiers import REGIONS, SOURCES
from apps.engine.inputs import Plant
from apps.engine.tariff import EXISTING, NOT_RENEWABLE
from tests.engine.facts import CENTRE, NORTH, PARAMETERS

SOUTH = ("Puglia", "Campania", "Molise", "Basilicata", "Calabria", "Sicilia", "Sardegna")
ADVANCE_2024 = AdvanceParameters(
    coincidence=Decimal("0.60"),
    variable_part_eur_per_mwh=Decimal(20),
    photovoltaic_hours=(
        *((region, 900) for region in NORTH),
        *((region, 1050) for region in CENTRE),
        *((region, 1100) for region in SOUTH),
    ),
    hours_by_source=(("wind", 1500), ("hydro", 1500), ("biogas", 5000), ("biomass", 5000), ("other", 500)),
)
TRASE_2024 = replace(PARAMETERS, trase_eur_per_mwh=Decimal("10.57"))


def plant(power="100", source="photovoltaic", region="Lombardia", *, since=date(2024, 3, 1), grant="0", obligation="0"):
    return Plant("P1", "IT001E00000001", source, Decimal(power), region, "NORD", since, Decimal(grant), Decimal(obligation))


@pytest.mark.parametrize(
    ("one", "premium", "valorisation"),
    [
        # 100 x 900/12 x 0.60 = 4 500 kWh; x (80 + 20 + 10) €/MWh = 495.00 €; x 10.57 = 47.565 €
        (plant(), 495_00, 47_57),
        # Centre: 100 x 1050/12 x 0.60 = 5 250 kWh x 104 = 546.00; x 10.57 = 55.4925
        (plant(region="Abruzzo"), 546_00, 55_49),
        # South: 100 x 1100/12 x 0.60 = 5 500 kWh x 100 = 550.00; x 10.57 = 58.135
        (plant(region="Sicilia"), 550_00, 58_14),
        # the class limits: 200 kW is in the lowest, 200.01 kW is not: 9 000.45 kWh x 100 = 900.045
        (plant("200"), 990_00, 95_13),
        (plant("200.01"), 900_05, 95_13),
        # 700 kW: 31 500 kWh x (60 + 20 + 10) = 2 835.00; x 10.57 = 332.955
        (plant("700"), 2_835_00, 332_96),
        # grant 40 %: F = 0.5, half the premium and the whole valorisation
        (plant(grant="0.40"), 247_50, 47_57),
        # obligation 30 of 100 kW: 70 % of the premium and the whole valorisation (RO p.14)
        (plant(obligation="30"), 346_50, 47_57),
        # a whole obligation leaves nothing incentivable
        (plant(obligation="100"), 0, 47_57),
        # hydro has no regional correction: 100 x 1500/12 x 0.60 = 7 500 kWh x 100 = 750.00; x 10.57 = 79.275
        (plant(source="hydro"), 750_00, 79_28),
        (plant(source="wind", region="Puglia"), 750_00, 79_28),
        # 100 x 5000/12 x 0.60 = 25 000 kWh x 100 = 2 500.00; x 10.57 = 264.25
        (plant(source="biogas"), 2_500_00, 264_25),
        (plant(source="biomass"), 2_500_00, 264_25),
    ],
)
def test_the_advance_is_worked_from_the_formula_and_rounded_once(one, premium, valorisation):
    advance = advance_of(one, TRASE_2024, ADVANCE_2024)
    assert (advance.premium_cents, advance.valorisation_cents) == (premium, valorisation)
    assert advance.not_incentivised_because == ""


def test_a_plant_that_does_not_earn_gets_the_valorisation_alone():
    existing = advance_of(plant(since=date(2021, 12, 15)), TRASE_2024, ADVANCE_2024)
    assert (existing.premium_cents, existing.valorisation_cents) == (0, 47_57)
    assert existing.not_incentivised_because == EXISTING
    # 100 x 500/12 x 0.60 = 2 500 kWh x 10.57 = 26.425
    unnamed = advance_of(plant(source="other"), TRASE_2024, ADVANCE_2024)
    assert (unnamed.premium_cents, unnamed.valorisation_cents, unnamed.hours_per_year) == (0, 26_43, 500)
    assert unnamed.not_incentivised_because == NOT_RENEWABLE


def test_every_region_and_source_has_its_hours():
    hours = {region: hours_per_year(plant(region=region), ADVANCE_2024) for region in REGIONS}
    assert {count: list(hours.values()).count(count) for count in (900, 1050, 1100)} == {900: 8, 1050: 5, 1100: 7}
    assert all(hours_per_year(plant(source=source), ADVANCE_2024) > 0 for source in SOURCES)


def test_a_year_without_trase_is_refused_by_name():
    with pytest.raises(ParameterMissing, match=r"plant P1 .* TRASE"):
        advance_of(plant(), replace(PARAMETERS, trase_eur_per_mwh=None), ADVANCE_2024)


def test_an_estimate_without_hours_is_refused_by_name():
    with pytest.raises(ParameterMissing, match="no estimated hours for wind"):
        advance_of(plant(source="wind"), TRASE_2024, replace(ADVANCE_2024, hours_by_source=()))


def test_what_is_no_plant_is_refused():
    with pytest.raises(InvalidPlant):
        advance_of(plant("0"), TRASE_2024, ADVANCE_2024)
    with pytest.raises(InvalidIdentifier):
        advance_of(plant(region="Padania"), TRASE_2024, ADVANCE_2024)
    with pytest.raises(InvalidIdentifier):
        advance_of(plant(source="moonlight"), TRASE_2024, ADVANCE_2024)


@given(
    st.decimals("0.01", "1000", places=3),
    st.sampled_from(REGIONS),
    st.decimals("0", "0.40", places=4),
    st.decimals("0", "1", places=3),
)
def test_the_advance_is_the_exact_product_rounded_once(power, region, grant, share):
    obligation = min(power, (power * share).quantize(Decimal("0.001")))
    one = plant(str(power), region=region, grant=str(grant), obligation=str(obligation))
    hours = {900: 900, 1050: 1050, 1100: 1100}[hours_per_year(one, ADVANCE_2024)]
    base = 80 if power <= 200 else 70 if power <= 600 else 60
    correction = {900: 10, 1050: 4, 1100: 0}[hours]
    tip = (base + 20 + correction) * (1 - Fraction(grant) * Fraction(5, 4))
    exact = (Fraction(power) - Fraction(obligation)) * Fraction(hours, 12) * Fraction(6, 10) * tip / 10
    found = advance_of(one, TRASE_2024, ADVANCE_2024).premium_cents
    assert found - Fraction(1, 2) <= exact < found + Fraction(1, 2)
