"""Working days of Rome and the dates of GSE, against calendars that were printed."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.engine.gse_dates import (
    advance_due_on,
    late_true_up_due_on,
    measures_final_on,
    payment_due_on,
    recalculations_due_on,
    true_up_due_on,
)
from apps.engine.working_days import easter, is_working_day, last_working_day, public_holidays


@pytest.mark.parametrize(
    "day",
    [
        date(2000, 4, 23),
        date(2008, 3, 23),
        date(2024, 3, 31),
        date(2025, 4, 20),
        date(2026, 4, 5),
        date(2027, 3, 28),
        date(2038, 4, 25),  # the latest there is
        date(1954, 4, 18),  # the exception of the golden number
        date(1981, 4, 19),  # the exception of the 19th of April
    ],
)
def test_easter_of_known_years(day):
    assert easter(day.year) == day


def easter_by_butcher(year):
    """The rule printed in the Ecclesiastical Calendar of 1876, by another path: no exceptions, divisions only."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    last = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 19 * last) // 433
    month = (h + last - 7 * m + 90) // 25
    return date(year, month, (h + last - 7 * m + 33 * month + 19) % 32)


def test_easter_is_that_of_another_computation_for_five_centuries():
    assert [easter(year) for year in range(1800, 2300)] == [easter_by_butcher(year) for year in range(1800, 2300)]


def test_the_public_holidays_of_2024_and_2026():
    assert sorted(public_holidays(2024)) == [
        date(2024, month, day)
        for month, day in [
            (1, 1),
            (1, 6),
            (4, 1),
            (4, 25),
            (5, 1),
            (6, 2),
            (6, 29),
            (8, 15),
            (11, 1),
            (12, 8),
            (12, 25),
            (12, 26),
        ]
    ]
    assert date(2026, 4, 6) in public_holidays(2026)
    assert date(2026, 10, 4) in public_holidays(2026)
    assert date(2025, 10, 4) not in public_holidays(2025)
    assert date(2000, 6, 2) not in public_holidays(2000)


@pytest.mark.parametrize(
    ("year", "month", "day"),
    [
        (2024, 3, 29),  # the 30th and 31st are Saturday and Easter
        (2024, 6, 28),  # Saturday the 29th, Sunday the 30th
        (2024, 8, 30),
        (2024, 12, 31),
        (2025, 5, 30),
        (2027, 2, 26),
        (2029, 6, 28),  # Friday the 29th are the patrons of Rome, the 30th is Saturday
        (2018, 3, 30),  # 1 April is Easter: Good Friday is a working day
        (2024, 2, 29),
    ],
)
def test_the_last_working_day_of_a_month(year, month, day):
    assert last_working_day(year, month) == date(year, month, day)


@given(st.integers(2021, 2100), st.integers(1, 12))
def test_after_the_last_working_day_nobody_works_until_the_month_is_over(year, month):
    day = last_working_day(year, month)
    assert is_working_day(day)
    while (day := day + timedelta(days=1)).month == month:
        assert not is_working_day(day)


def test_easter_monday_is_no_working_day_and_the_days_around_it_are():
    assert [is_working_day(date(2025, 4, day)) for day in (18, 19, 20, 21, 22)] == [True, False, False, False, True]


def test_when_gse_publishes():
    assert advance_due_on(2024, 1) == date(2024, 2, 25)
    assert advance_due_on(2024, 12) == date(2025, 1, 25)
    assert true_up_due_on(2024) == date(2025, 5, 15)
    assert late_true_up_due_on(2025, 7) == date(2025, 8, 25)
    assert recalculations_due_on(2025) == (date(2025, 6, 30), date(2025, 12, 31))


@pytest.mark.parametrize(
    ("year", "month", "last"),
    [
        (2024, 1, date(2029, 2, 28)),
        (2024, 11, date(2029, 12, 31)),
        (2024, 12, date(2030, 1, 31)),
        (2022, 12, date(2028, 1, 31)),
        (2023, 1, date(2028, 2, 29)),
    ],
)
def test_measures_are_final_with_the_61st_month(year, month, last):
    assert measures_final_on(year, month) == last


def test_a_published_amount_is_paid_on_the_last_working_day_of_the_next_month():
    assert payment_due_on(date(2024, 2, 25)) == date(2024, 3, 29)
    assert payment_due_on(date(2024, 5, 15)) == date(2024, 6, 28)
    assert payment_due_on(date(2024, 11, 30)) == date(2024, 12, 31)
    assert payment_due_on(date(2024, 12, 2)) == date(2025, 1, 31)
