"""The engine's own calendar against the time zone database, and the days on which hours are lost and come twice."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from apps.engine import calendar
from apps.engine.errors import InputsInconsistent, YearNotSupported

ROME = ZoneInfo("Europe/Rome")


@pytest.mark.parametrize("year", range(1996, 2101))
def test_every_day_opens_when_the_time_zone_database_says(year: int) -> None:
    day = date(year, 1, 1)
    while day.year == year:
        local = datetime(day.year, day.month, day.day, tzinfo=ROME)
        assert calendar.day_starts_at(day) == local.astimezone(UTC)
        day += timedelta(days=1)


@pytest.mark.parametrize("year", [1996, 2023, 2024, 2026, 2099])
def test_the_offset_of_every_hour_is_the_one_of_the_time_zone_database(year: int) -> None:
    instant = datetime(year, 1, 1, tzinfo=UTC)
    while instant.year == year:
        assert calendar.utc_offset(instant) == instant.astimezone(ROME).utcoffset()
        instant += timedelta(hours=1)


@pytest.mark.parametrize(
    ("year", "month", "hours"),
    [(2023, 2, 672), (2024, 2, 696), (2023, 3, 743), (2023, 4, 720), (2023, 10, 745), (2023, 12, 744), (2026, 3, 743)],
)
def test_hours_of_a_month(year: int, month: int, hours: int) -> None:
    assert calendar.hours_in_month(year, month) == hours
    instants = calendar.month_hours(year, month)
    assert len(instants) == hours
    assert instants[0] == datetime(year, month, 1, tzinfo=ROME)
    assert instants[-1] + timedelta(hours=1) == datetime(year + month // 12, month % 12 + 1, 1, tzinfo=ROME)
    array = calendar.month_hours_array(year, month)
    assert array.dtype == np.dtype("datetime64[s]")
    assert array.tolist() == [instant.replace(tzinfo=None) for instant in instants]


@pytest.mark.parametrize(
    ("day", "quarters"),
    [
        (date(2026, 3, 29), 92),
        (date(2026, 10, 25), 100),
        (date(2026, 6, 1), 96),
        (date(2023, 3, 26), 92),
        (date(2023, 12, 31), 96),
    ],
)
def test_quarters_of_a_day(day: date, quarters: int) -> None:
    assert calendar.quarters_in_day(day) == quarters
    assert 4 * calendar.hours_in_day(day) == quarters


@pytest.mark.parametrize(("year", "month"), [(2023, 2), (2023, 3), (2023, 10), (2024, 12)])
def test_the_slots_of_the_days_cover_the_month_once(year: int, month: int) -> None:
    end = 0
    for day in calendar.month_days(year, month):
        slots = calendar.day_slots(day)
        assert slots.start == end
        assert slots.start == 4 * calendar.hour_of_day(day)
        end = slots.stop
    assert end == 4 * calendar.hours_in_month(year, month)


@pytest.mark.parametrize(("year", "month"), [(2023, 3), (2023, 10), (2024, 2)])
def test_local_day_and_hour_of_each_hour(year: int, month: int) -> None:
    days, hours = calendar.local_hours(year, month)
    local = [instant.astimezone(ROME) for instant in calendar.month_hours(year, month)]
    assert days.tolist() == [at.day for at in local]
    assert hours.tolist() == [at.hour for at in local]


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "expected"),
    [
        (date(2020, 1, 1), None, (0, 745)),
        (date(2023, 10, 1), date(2023, 11, 1), (0, 745)),
        (date(2023, 10, 2), date(2023, 10, 3), (24, 48)),
        (date(2023, 10, 29), date(2023, 10, 30), (672, 697)),
        (date(2023, 10, 30), None, (697, 745)),
        (date(2023, 11, 1), None, (0, 0)),
        (date(2020, 1, 1), date(2023, 10, 1), (0, 0)),
        (date(2023, 10, 5), date(2023, 10, 5), (0, 0)),
        (date(2020, 1, 1), date(2030, 1, 1), (0, 745)),
    ],
)
def test_validity_cut_to_the_month(valid_from: date, valid_to: date | None, expected: tuple[int, int]) -> None:
    assert calendar.validity_hours(2023, 10, valid_from, valid_to) == expected


@pytest.mark.parametrize("year", [2023, 2026])
def test_days_and_slots_in_bulk_are_those_of_the_time_zone_database(year: int) -> None:
    first = int(datetime(year, 1, 1, tzinfo=UTC).timestamp())
    instants = np.arange(first, first + 366 * 86400, 900, dtype=np.int64)
    days, slots = calendar.days_and_slots(instants + 7)
    for instant, day, slot in zip(instants.tolist()[::3], days.tolist()[::3], slots.tolist()[::3], strict=True):
        local = datetime.fromtimestamp(instant, ROME)
        midnight = datetime(local.year, local.month, local.day, tzinfo=ROME)
        assert day == local.date()
        assert slot == (instant - int(midnight.timestamp())) // 900


def test_days_and_slots_of_nothing_and_of_floats() -> None:
    days, slots = calendar.days_and_slots(np.empty(0, np.int64))
    assert days.size == slots.size == 0
    with pytest.raises(InputsInconsistent, match="whole seconds"):
        calendar.days_and_slots(np.array([0.5]))


def test_the_first_and_the_last_year_are_known() -> None:
    assert calendar.hours_in_month(1996, 3) == calendar.hours_in_month(2199, 3) == 743


@pytest.mark.parametrize("year", [1995, 2200])
def test_a_year_without_known_summer_time_is_refused(year: int) -> None:
    with pytest.raises(YearNotSupported, match=str(year)):
        calendar.hours_in_month(year, 5)
    with pytest.raises(YearNotSupported):
        calendar.utc_offset(datetime(year, 5, 1, tzinfo=UTC))
