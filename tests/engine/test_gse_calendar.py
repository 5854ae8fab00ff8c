"""The coming dates of a configuration, worked by hand from the printed rules (RO p.35, 37, 39)."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from apps.engine.gse_calendar import GseDate, GseEvent, list_gse_dates

START = date(2024, 3, 1)


def listed(from_day, before, starts_on=START, ends_on=None):
    return list_gse_dates(starts_on=starts_on, ends_on=ends_on, from_day=from_day, before=before)


def test_spring_2025_as_the_rules_print_it():
    assert listed(date(2025, 4, 20), date(2025, 7, 1)) == (
        GseDate(date(2025, 4, 25), GseEvent.ADVANCE, 2025, 3),
        GseDate(date(2025, 4, 30), GseEvent.ADVANCE_PAID, 2025, 2),
        GseDate(date(2025, 5, 15), GseEvent.TRUE_UP, 2024),
        GseDate(date(2025, 5, 25), GseEvent.ADVANCE, 2025, 4),
        GseDate(date(2025, 5, 30), GseEvent.ADVANCE_PAID, 2025, 3),
        GseDate(date(2025, 6, 25), GseEvent.ADVANCE, 2025, 5),
        GseDate(date(2025, 6, 30), GseEvent.ADVANCE_PAID, 2025, 4),
        GseDate(date(2025, 6, 30), GseEvent.RECALCULATION, 2025, 6),
        GseDate(date(2025, 6, 30), GseEvent.TRUE_UP_PAID, 2024),
        GseDate(date(2025, 6, 30), GseEvent.YEARLY_REPORT, 2024),
    )


def test_december_and_the_turn_of_the_year():
    assert [(one.on, one.event) for one in listed(date(2025, 12, 26), date(2026, 2, 1)) if one.month in (12, 11)] == [
        (date(2025, 12, 31), GseEvent.RECALCULATION),
        (date(2026, 1, 25), GseEvent.ADVANCE),
        (date(2026, 1, 30), GseEvent.ADVANCE_PAID),
        (date(2026, 1, 30), GseEvent.RECALCULATION_PAID),
    ]


def test_nothing_is_expected_before_the_first_month_and_true_ups_follow_the_last():
    assert listed(date(2024, 1, 1), date(2024, 4, 25)) == ()
    ended = listed(date(2025, 1, 1), date(2025, 12, 31), ends_on=date(2025, 1, 1))
    assert [one.on for one in ended if one.event == GseEvent.ADVANCE] == [date(2025, 1, 25)]
    assert [one.on for one in ended if one.event == GseEvent.TRUE_UP] == [date(2025, 5, 15)]


@given(st.dates(date(2024, 1, 1), date(2030, 1, 1)), st.integers(0, 500), st.integers(0, 500))
def test_a_stretch_is_the_sum_of_its_parts(first, length, cut):
    middle, end = first + timedelta(days=cut), first + timedelta(days=cut + length)
    assert listed(first, end) == listed(first, middle) + listed(middle, end)
