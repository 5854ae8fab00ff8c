"""How long something took, in a unit that a person can picture."""

from datetime import timedelta

import pytest

from apps.backoffice.devices.status import say_milliseconds


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.034, "34 ms"), (1.25, "1.250 ms"), (10, "10.000 ms"), (12, "12 s"), (287.915, "4 min")]
)
def test_more_than_ten_seconds_are_not_told_in_milliseconds(seconds, words):
    assert say_milliseconds(timedelta(seconds=seconds)).replace("\u00a0", " ") == words
