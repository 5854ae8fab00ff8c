"""Italian numbers and harmless texts."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports import formats
from tests.reports.reading import cents


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        (0, "0,00\u00a0€"),
        (5, "0,05\u00a0€"),
        (123_456, "1.234,56\u00a0€"),
        (-123_456_789, "\u22121.234.567,89\u00a0€"),
        (99, "0,99\u00a0€"),
    ],
)
def test_money_is_written_the_italian_way(amount, written):
    assert formats.euro(amount) == written


@given(st.integers(min_value=-(10**14), max_value=10**14))
def test_money_can_be_read_back_to_the_cent(amount):
    assert cents(formats.euro(amount)) == amount


def test_energies_prices_percentages_and_days():
    assert formats.kwh(12_345) == "12,345\u00a0kWh"
    assert formats.kwh(77_820_707) == "77.820,707\u00a0kWh"
    assert formats.eur_per_mwh(8_480_000) == "8,48\u00a0€/MWh"
    assert formats.eur_per_mwh(8_000_000) == "8,00\u00a0€/MWh"
    assert formats.eur_per_mwh(10_123_456) == "10,123456\u00a0€/MWh"
    assert formats.percent(Fraction(1, 3)) == "33,33\u00a0%"
    assert formats.percent(Fraction(1, 2)) == "50\u00a0%"
    assert formats.percent(Fraction(1, 1_000_000)) == "meno di 0,01\u00a0%"
    assert formats.percent(Fraction(0)) == "0\u00a0%"
    assert formats.percent_of_hundred(Decimal("12.50")) == "12,5\u00a0%"
    assert formats.kilowatt(Decimal("200.01")) == "200,01\u00a0kW"
    assert formats.kilowatt(Decimal("100")) == "100\u00a0kW"
    assert formats.day(date(2023, 3, 7)) == "07/03/2023"
    assert formats.month(2023, 8) == "agosto 2023"


def test_rounding_for_the_eye_is_half_up_on_both_sides_of_zero():
    assert formats.number(Fraction(5, 1000), 2) == "0,01"
    assert formats.number(Fraction(-5, 1000), 2) == "\u22120,01"
    assert formats.number(Fraction(-4, 1000), 2) == "0,00"
    assert formats.half_up(Fraction(5, 2)) == 3
    assert formats.half_up(Fraction(-5, 2)) == -3


@pytest.mark.parametrize(
    ("given_text", "written"),
    [
        ("Lucia Ferrero", "Lucia Ferrero"),
        ("  due   blanks\n e\ta capo ", "due blanks e a capo"),
        ("a\x00b\x07c", "abc"),
        ("\u202eOLLORTNOC\u202c \u200f!", "OLLORTNOC !"),
        ("Nicolò Żółć 日本", "Nicolò Żółć 日本"),
        ("e" + "\u0301" * 50, "é\u0301\u0301"),
        ("\ud800x\uffff\ue000", "x"),
        ("x" * 5_000, "x" * 119 + "…"),
    ],
)
def test_a_text_becomes_one_harmless_line(given_text, written):
    assert formats.plain(given_text) == written


@given(st.text(max_size=300))
def test_whatever_it_is_a_text_is_printable_and_short(given_text):
    harmless = formats.plain(given_text, 40)
    assert len(harmless) <= 40
    assert harmless.isprintable()
