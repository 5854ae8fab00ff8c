"""Numbers as people read them, in Italian and in English."""

from datetime import date

import pytest
from django.utils import translation

from apps.backoffice.templatetags import quantities as q


@pytest.mark.parametrize(
    ("text", "italian"),
    [
        (lambda: q.kwh(1_234_567), "1.234,567\u00a0kWh"),
        (lambda: q.kwh(-5), "\u22120,005\u00a0kWh"),
        (lambda: q.euro(123_456_789), "1.234.567,89\u00a0€"),
        (lambda: q.euro(-7), "\u22120,07\u00a0€"),
        (lambda: q.euro_change(150), "+1,50"),
        (lambda: q.euro_change(0), "0,00"),
        (lambda: q.kwh_change(-1500), "\u22121,500"),
        (lambda: q.whole(10_000), "10.000"),
        (lambda: q.eur_per_mwh(80_000_000), "80"),
        (lambda: q.eur_per_mwh(66_670_001), "66,670001"),
        (lambda: q.percent("0.55"), "55\u00a0%"),
        (lambda: q.percent("1/3"), "33,33\u00a0%"),
        (lambda: q.percent("0.5"), "50\u00a0%"),
        (lambda: q.month_name(date(2023, 3, 1)), "marzo 2023"),
    ],
)
def test_in_italian(text, italian):
    with translation.override("it"):
        assert text() == italian


def test_in_english():
    with translation.override("en"):
        assert q.kwh(1_234_567) == "1,234.567\u00a0kWh"
        assert q.month_name(date(2023, 3, 1)) == "March 2023"
