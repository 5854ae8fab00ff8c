"""The prices of a month by the hour, the mean of quarters, and hours that have none."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from apps.engine.calendar import hours_in_month, month_hours
from apps.settlement.errors import PriceMissing
from apps.settlement.models import ZonalPrice
from apps.settlement.prices.queries import get_hourly_prices, list_missing_prices

pytestmark = pytest.mark.django_db


def fill(year: int, month: int, *zones: str) -> None:
    ZonalPrice.objects.bulk_create(
        ZonalPrice(zone=zone, starts_at=at, price_eur_per_mwh=Decimal(index) + Decimal("0.000001") * row)
        for row, zone in enumerate(zones)
        for index, at in enumerate(month_hours(year, month))
    )


@pytest.mark.parametrize(("year", "month", "hours"), [(2023, 3, 743), (2023, 10, 745), (2024, 2, 696)])
def test_a_month_is_a_matrix_in_the_order_of_the_zones_asked_for(year: int, month: int, hours: int) -> None:
    fill(year, month, "NORD", "SARD")
    prices = get_hourly_prices(["SARD", "NORD"], year, month)
    assert prices.shape == (2, hours)
    assert prices.dtype == np.int64
    assert prices[1].tolist() == [index * 1_000_000 for index in range(hours)]
    assert (prices[0] - prices[1]).tolist() == [1] * hours


def test_no_zone_is_an_empty_matrix() -> None:
    assert get_hourly_prices([], 2023, 3).shape == (0, 743)


def test_four_quarters_make_their_exact_mean_rounded_half_up_to_the_micro_euro() -> None:
    fill(2025, 11, "NORD")
    hour = datetime(2025, 11, 10, 9, tzinfo=UTC)
    ZonalPrice.objects.filter(starts_at=hour).delete()
    prices = ("10", "20", "30", "40.000002")
    for index, price in enumerate(prices):
        ZonalPrice.objects.create(
            zone="NORD", starts_at=hour + timedelta(minutes=15 * index), minutes=15, price_eur_per_mwh=Decimal(price)
        )
    row = get_hourly_prices(["NORD"], 2025, 11)[0]
    assert row[month_hours(2025, 11).index(hour)] == 25_000_001


def test_three_quarters_are_no_price() -> None:
    fill(2025, 11, "NORD")
    hour = datetime(2025, 11, 10, 9, tzinfo=UTC)
    ZonalPrice.objects.filter(starts_at=hour).update(minutes=15)
    (missing,) = list_missing_prices(["NORD"], 2025, 11)
    assert (missing.zone, missing.hour, missing.starts_at.isoformat()) == ("NORD", 9 * 24 + 10, "2025-11-10T10:00:00+01:00")


def test_a_missing_price_is_a_sentence_that_says_what_to_do() -> None:
    fill(2026, 3, "NORD", "SUD")
    ZonalPrice.objects.filter(zone="NORD", starts_at__in=[datetime(2026, 3, 12, 9, tzinfo=UTC)]).delete()
    assert get_hourly_prices(["SUD"], 2026, 3).shape == (1, 743)
    with pytest.raises(PriceMissing) as error:
        get_hourly_prices(["NORD", "SUD"], 2026, 3, configuration="CER-ALBA-A")
    assert str(error.value) == (
        "Run 2026-03 of CER-ALBA-A cannot start: no zonal price for NORD at 2026-03-12 10:00. "
        "Import the price file, then retry the run."
    )


def test_the_hour_that_october_has_twice_is_named_with_its_offset() -> None:
    fill(2026, 10, "NORD")
    ZonalPrice.objects.filter(starts_at=datetime(2026, 10, 25, 1, tzinfo=UTC)).delete()
    with pytest.raises(PriceMissing, match=r"no zonal price for NORD at 2026-10-25 02:00 \(\+01:00\)\."):
        get_hourly_prices(["NORD"], 2026, 10)


def test_missing_prices_are_listed_by_hour_then_zone_and_never_beyond_the_month() -> None:
    missing = list_missing_prices(["SUD", "NORD"], 2023, 10)
    assert len(missing) == 2 * hours_in_month(2023, 10)
    assert [(row.hour, row.zone) for row in missing[:3]] == [(0, "SUD"), (0, "NORD"), (1, "SUD")]
    fill(2023, 10, "NORD", "SUD")
    assert list_missing_prices(["SUD", "NORD"], 2023, 10) == ()
    assert len(list_missing_prices(["NORD"], 2023, 11)) == 720
