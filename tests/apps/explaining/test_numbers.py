"""Numbers of explanations: exact until they are cut, in the reader's format."""

from datetime import date
from fractions import Fraction

import pytest
from django.utils import translation

from apps.explaining import numbers
from apps.explaining.moments import hour_name
from apps.explaining.numbers import NBSP


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (Fraction(1, 8), "0,125"), (Fraction(1, 3), "0,333333…"), (Fraction(-2, 3), "−0,666666…"), (1234, "1.234")],
)
def test_every_decimal_that_says_something_and_an_ellipsis_where_it_is_cut(value, text):
    with translation.override("it"):
        assert numbers.short(value) == text


def test_amounts_prices_and_shares():
    with translation.override("it"):
        assert numbers.euro(-5) == f"−0,05{NBSP}€"
        assert numbers.exact_euro(Fraction(2_688, 1)) == f"26,88{NBSP}€"
        assert numbers.exact_euro(Fraction(26_884, 10)) == f"26,884{NBSP}€"
        assert numbers.price(150_000_000) == "150,00"
        assert numbers.price(150_123_456) == "150,123456"
        assert numbers.eur_per_mwh(80_000_000) == "80"
        assert numbers.percent(Fraction(1, 3)) == f"33,33{NBSP}%"
        assert numbers.percent(Fraction(1, 100_000)) == f"< 0,01{NBSP}%"
    with translation.override("en"):
        assert numbers.euro(123_456) == f"1,234.56{NBSP}€"


def test_hours_of_the_days_when_the_clocks_change():
    with translation.override("it"):
        assert hour_name(date(2023, 3, 26), 1) == "01:00–02:00"
        assert hour_name(date(2023, 3, 26), 2) == "03:00–04:00"
        names = [hour_name(date(2023, 10, 29), hour) for hour in range(1, 5)]
    assert names == ["01:00–02:00", "02:00–03:00 (ora legale)", "02:00–03:00 (ora solare)", "03:00–04:00"]
