"""The dark of the table lies inside every night of Italy's edges, and not far inside."""

import math
from datetime import UTC, datetime, timedelta

import pytest

from apps.engine.darkness import MARGIN, dark_since

PLACES = {
    "Bardonecchia": (45.07, 6.63),
    "Vetta d'Italia": (47.09, 12.0),
    "Trieste": (45.6, 13.9),
    "Otranto": (40.15, 18.52),
    "Lampedusa": (35.5, 12.6),
    "Sant'Antioco": (38.9, 8.2),
}


def sun(day: datetime, latitude: float, longitude: float) -> tuple[datetime, datetime]:
    """Sunrise and sunset by NOAA's formula, good to a minute."""
    year = 2 * math.pi / 365 * (day.timetuple().tm_yday - 0.5)
    equation = 229.18 * (
        0.000075
        + 0.001868 * math.cos(year)
        - 0.032077 * math.sin(year)
        - 0.014615 * math.cos(2 * year)
        - 0.040849 * math.sin(2 * year)
    )
    declination = (
        0.006918
        - 0.399912 * math.cos(year)
        + 0.070257 * math.sin(year)
        - 0.006758 * math.cos(2 * year)
        + 0.000907 * math.sin(2 * year)
        - 0.002697 * math.cos(3 * year)
        + 0.00148 * math.sin(3 * year)
    )
    north = math.radians(latitude)
    cosine = math.sin(math.radians(-0.833)) / (math.cos(north) * math.cos(declination)) - math.tan(north) * math.tan(declination)
    half = math.degrees(math.acos(cosine))
    noon = 720 - 4 * longitude - equation
    return day + timedelta(minutes=noon - 4 * half), day + timedelta(minutes=noon + 4 * half)


@pytest.mark.parametrize("place", PLACES)
def test_no_plant_is_expected_to_work_in_weak_light_nor_excused_at_noon(place: str) -> None:
    day = datetime(2026, 1, 1, tzinfo=UTC)
    minute = timedelta(minutes=2)
    while day.year < 2030:
        rise, set_ = sun(day, *PLACES[place])
        for weak in (rise, rise + MARGIN - minute, set_ - MARGIN + minute, set_, day):
            assert dark_since(weak) is not None, weak
        for bright in (day + timedelta(hours=11), rise + timedelta(hours=3.8), set_ - timedelta(hours=3.8)):
            assert dark_since(bright) is None, bright
        day += timedelta(days=1)


def test_one_dark_has_one_beginning() -> None:
    dusk = dark_since(datetime(2026, 3, 15, 22, tzinfo=UTC))
    assert dusk == datetime(2026, 3, 15, 16, 36, tzinfo=UTC) - MARGIN
    assert dark_since(datetime(2026, 3, 16, 3, tzinfo=UTC)) == dusk
    assert dark_since(dusk) == dusk
    assert dark_since(dusk - timedelta(microseconds=1)) is None
    dawn = datetime(2026, 3, 16, 5, 46, tzinfo=UTC) + MARGIN
    assert dark_since(dawn) is None
    assert dark_since(dawn - timedelta(microseconds=1)) == dusk


def test_the_first_night_of_a_year_began_in_the_year_before() -> None:
    assert dark_since(datetime(2027, 1, 1, 0, 30, tzinfo=UTC)) == datetime(2026, 12, 31, 15, 21, tzinfo=UTC) - MARGIN
