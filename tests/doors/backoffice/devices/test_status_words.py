"""How long something took and what a sensor said, as a person can picture it."""

from datetime import timedelta

import pytest

from apps.backoffice.devices.sensors import _number
from apps.backoffice.devices.status import say_milliseconds


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.034, "34 ms"), (1.25, "1.250 ms"), (10, "10.000 ms"), (12, "12 s"), (287.915, "4 min")]
)
def test_more_than_ten_seconds_are_not_told_in_milliseconds(seconds, words):
    assert say_milliseconds(timedelta(seconds=seconds)).replace("\u00a0", " ") == words


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("0.0035640000000000003", "0,003564"),  # what a sensor makes of three times 0.001188
        ("-1250.250", "\u22121.250,25"),
        ("3", "3"),
        ("1E+3", "1.000"),
        ("-0.0000000001", "0"),
        ("12345678901234567890123.0123456789", "12345678901234567890123.0123456789"),  # too long to be cut exactly
        ("NaN", "NaN"),
        ("closed", "closed"),
        (None, "–"),
    ],
)
def test_a_sensor_is_told_to_nine_places_without_idle_noughts(said, shown):
    assert _number(said) == shown
