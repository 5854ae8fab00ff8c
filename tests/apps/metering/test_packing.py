"""Packing: what goes in comes out, equal curves are equal bytes, and common curves are small."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.engine.inputs import Quality
from apps.metering.packing import (
    WIDTH,
    are_hourly,
    hours_to_quarters,
    pack,
    unpack_quality,
    unpack_values,
)

LENGTHS = (92, 96, 100)
KNOWN = (Quality.ESTIMATED, Quality.MEASURED, Quality.OFFICIAL, Quality.SUSPECT)


def unpack(values, quality, quarters):
    """Pack and unpack many curves, as loading does."""
    n = len(values)
    found_values, found_quality = np.zeros((n, WIDTH), np.int32), np.zeros((n, WIDTH), np.uint8)
    for group in pack(values, quality, quarters):
        for k, row in enumerate(group.rows):
            slots = int(quarters[row]) if group.minutes == 15 else int(quarters[row]) // 4
            curve = unpack_values(group.values[k : k + 1], slots), unpack_quality(group.quality[k : k + 1], slots)
            if group.minutes == 60:
                curve = hours_to_quarters(*curve)
            found_values[row, : quarters[row]], found_quality[row, : quarters[row]] = curve[0][0], curve[1][0]
    return found_values, found_quality


@st.composite
def curves(draw):
    """A curve of some day: by the quarter, by the hour, mixed, all the same or empty; missing slots hold 0 Wh."""
    length = draw(st.sampled_from(LENGTHS))
    quality = np.zeros(WIDTH, np.uint8)
    values = np.zeros(WIDTH, np.int32)
    form = draw(st.sampled_from(["quarters", "hours", "mixed", "uniform"]))
    level = draw(st.sampled_from([0, 1, 2**31 - 1]))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    if form == "uniform":
        quality[:length] = draw(st.sampled_from([Quality.MISSING, *KNOWN]))
        values[:length] = level if quality[0] else 0
        return values, quality, length
    for hour in range(length // 4):
        slots = slice(4 * hour, 4 * hour + 4)
        if form == "hours" or (form == "mixed" and generator.random() < 0.5):
            if generator.random() < 0.8:
                quality[slots] = [generator.choice(KNOWN), *[Quality.PART_OF_HOUR] * 3]
                values[4 * hour] = generator.integers(0, level, endpoint=True)
        else:
            quality[slots] = generator.choice([Quality.MISSING, *KNOWN], 4)
            values[slots] = np.where(quality[slots] != 0, generator.integers(0, level, 4, endpoint=True), 0)
    return values, quality, length


@given(st.lists(curves(), min_size=1, max_size=8))
def test_curves_survive_packing(drawn):
    values, quality, quarters = (np.array(column) for column in zip(*drawn, strict=True))
    found_values, found_quality = unpack(values, quality, quarters)
    np.testing.assert_array_equal(found_values, values)
    np.testing.assert_array_equal(found_quality, quality)


@given(st.lists(curves(), min_size=2, max_size=6))
def test_a_curve_is_packed_alike_whatever_stands_beside_it(drawn):
    values, quality, quarters = (np.array(column) for column in zip(*drawn, strict=True))
    together = {
        int(row): (group.minutes, group.values[k].tobytes(), group.quality[k].tobytes())
        for group in pack(values, quality, quarters)
        for k, row in enumerate(group.rows)
    }
    for row in range(len(values)):
        (alone,) = pack(values[row : row + 1], quality[row : row + 1], quarters[row : row + 1])
        assert together[row] == (alone.minutes, alone.values[0].tobytes(), alone.quality[0].tobytes())


@pytest.mark.parametrize("length", LENGTHS)
def test_values_are_little_endian_int32_and_one_quality_is_one_byte(length):
    values, quality = np.zeros((1, WIDTH), np.int32), np.zeros((1, WIDTH), np.uint8)
    values[0, 1] = 0x01020304
    quality[0, :length] = Quality.OFFICIAL
    (group,) = pack(values, quality, np.array([length]))
    assert group.values[0].tobytes() == bytes(4) + b"\x04\x03\x02\x01" + bytes(4 * (length - 2))
    assert group.quality[0].tobytes() == b"\x03"


def test_a_day_without_energy_has_no_values():
    quality = np.full((1, WIDTH), Quality.OFFICIAL, np.uint8)
    (group,) = pack(np.zeros((1, WIDTH), np.int32), quality, np.array([100]))
    assert (group.values.shape, group.quality.shape) == ((1, 0), (1, 1))


def test_a_day_of_hours_is_kept_in_hours():
    values, quality = hours_to_quarters(np.arange(25, dtype=np.int32)[None], np.full((1, 25), Quality.OFFICIAL, np.uint8))
    (group,) = pack(values, quality, np.array([100]))
    assert (group.minutes, group.values.shape, group.quality.shape) == (60, (1, 100), (1, 1))


def test_a_day_that_knows_one_hour_by_the_quarter_is_kept_in_quarters():
    values, quality = hours_to_quarters(np.ones((1, 25), np.int32), np.full((1, 25), Quality.OFFICIAL, np.uint8))
    quality[0, 0:4] = Quality.MEASURED
    assert not are_hourly(quality).any()
    (group,) = pack(values, quality, np.array([100]))
    assert (group.minutes, group.values.shape) == (15, (1, 400))


def test_a_day_of_which_nothing_is_known_is_not_hourly():
    assert not are_hourly(np.zeros((1, WIDTH), np.uint8)).any()
