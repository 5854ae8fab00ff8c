"""kWh to Wh, €/MWh to µ€/MWh: exact, rounded half-up once, and hostile numbers refused quickly."""

from decimal import Decimal
from fractions import Fraction

import pytest

from apps.engine.decimals import exact
from apps.engine.energy import LARGEST_SLOT_WH, wh_from_kwh
from apps.engine.errors import InvalidNumber, NegativeEnergy
from apps.engine.prices import hourly_mean, ueur_per_mwh


@pytest.mark.parametrize(
    ("kwh", "wh"),
    [
        ("0.125", 125),
        ("0", 0),
        ("-0", 0),
        ("0.0005", 1),
        ("0.00049999", 0),
        ("1.2345", 1235),
        (Decimal("1.2344999999999999999999999999999"), 1234),
        (3, 3000),
        ("1E-60", 0),
        ("2147483.647", LARGEST_SLOT_WH),
    ],
)
def test_kwh_become_whole_wh_half_up_once(kwh: Decimal | str | int, wh: int) -> None:
    assert wh_from_kwh(kwh) == wh


def test_energy_below_zero_is_refused() -> None:
    with pytest.raises(NegativeEnergy, match=r"-0\.001 kWh is below zero"):
        wh_from_kwh("-0.001")


@pytest.mark.parametrize("kwh", ["2147483.648", "1e9"])
def test_energy_beyond_a_slot_is_refused(kwh: str) -> None:
    with pytest.raises(InvalidNumber, match="Check the unit"):
        wh_from_kwh(kwh)


@pytest.mark.parametrize(
    "text",
    ["", "abc", "1,5", "NaN", "sNaN", "Infinity", "-inf", "1e400", "1e999999999", "1e-999999999", "1" * 65, "0x10", "1_0e30"],
)
def test_what_is_no_sensible_number_is_refused(text: str) -> None:
    with pytest.raises(InvalidNumber):
        exact(text)


def test_decimals_with_too_many_digits_or_not_finite_are_refused_too() -> None:
    for number in (Decimal("NaN"), Decimal("1e400"), Decimal("1." + "1" * 70)):
        with pytest.raises(InvalidNumber):
            exact(number)


def test_the_limits_of_a_sensible_number() -> None:
    assert exact("0." + "1" * 62) == Fraction(int("1" * 62), 10**62)
    assert exact(Decimal("0." + "1" * 64)) == Fraction(int("1" * 64), 10**64)
    assert exact("9e18") == 9 * 10**18
    assert exact("1e-64") == Fraction(1, 10**64)
    for beyond in ("0." + "1" * 63, Decimal("0." + "1" * 65), "1e19", "1e-65"):
        with pytest.raises(InvalidNumber):
            exact(beyond)


def test_exact_is_exact() -> None:
    assert exact("0.333") == Fraction(333, 1000)
    assert exact(Decimal("0E-9")) == 0
    assert exact(-4) == -4


@pytest.mark.parametrize(
    ("price", "expected"),
    [
        ("93.50", 93_500_000),
        ("95.123456", 95_123_456),
        ("-10", -10_000_000),
        ("0.0000005", 1),
        ("-0.0000005", -1),
        ("136.38", 136_380_000),
    ],
)
def test_prices(price: str, expected: int) -> None:
    assert ueur_per_mwh(price) == expected
    assert ueur_per_mwh(Decimal(price)) == expected


@pytest.mark.parametrize("price", ["500000.01", "-500000.01"])
def test_prices_beyond_any_market_are_refused(price: str) -> None:
    with pytest.raises(InvalidNumber, match="beyond any market limit"):
        ueur_per_mwh(price)


def test_quarter_prices_are_averaged_exactly_and_rounded_half_up_only_when_they_must() -> None:
    assert hourly_mean([100, 200, 300, 400]) == 250
    assert hourly_mean([1, 1, 0, 0]) == 1
    assert hourly_mean([-1, -1, 0, 0]) == -1
    assert hourly_mean([1, 0, 0, 0]) == 0
    with pytest.raises(InvalidNumber, match="3 prices were given"):
        hourly_mean([1, 2, 3])
