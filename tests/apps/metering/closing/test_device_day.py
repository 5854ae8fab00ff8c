"""What a person sees of a device on one day."""

from datetime import date

import pytest

from apps.engine.intervals import NoteKind, day_span
from apps.metering.device_day import get_device_day
from tests.apps.metering.closing.rows import (
    DAY,
    HOUR,
    MINUTE,
    ON,
    START_US,
    WH,
    M,
    S,
    U,
    X,
    arrive,
    assign,
    close,
    every,
    hour,
    make_device,
    make_series,
    meter,
)

pytestmark = pytest.mark.django_db
HOUR_OF_MINUTES = [n * 50 * WH for n in range(61)]


def test_quarters_power_and_readings_of_every_register():
    device = make_device()
    assign(device, power_w=6000)
    for channel, factor in (("production", 2), ("import", 1)):
        arrive(make_series(device, channel), every(60, [value * factor for value in HOUR_OF_MINUTES]))
    day = get_device_day(device.pk, ON)
    assert (day.device_id, day.day, day.connection_power_w) == (device.pk, ON, 6000)
    assert [(one.component, one.channel) for one in day.registers] == [("em:0", "import"), ("em:0", "production")]
    drawn = day.registers[0]
    assert (drawn.values_wh.tolist()[:5], drawn.quality.tolist()[:5]) == ([750] * 4 + [0], [M] * 4 + [X])
    assert drawn.power_w.tolist()[:5] == [3000] * 4 + [0]
    assert len(drawn.values_wh) == 96
    assert (drawn.measured_us.tolist(), drawn.register_milliwh.tolist()) == (
        [START_US + n * MINUTE for n in range(61)],
        HOUR_OF_MINUTES,
    )
    assert day.registers[1].values_wh.tolist()[:4] == [1500] * 4


def test_it_is_what_closing_found_with_the_notes_and_common_gaps():
    series = meter()
    arrive(series, every(60, HOUR_OF_MINUTES[:21] + [value + 500_000 * WH for value in HOUR_OF_MINUTES[21:]]))
    arrive(series, [(START_US + 3 * HOUR, 504_000 * WH)])
    close()
    (register,) = get_device_day(series.device_id, ON).registers
    assert (register.values_wh.tolist()[:4], register.quality.tolist()[:4]) == hour()
    assert register.quality.tolist()[1] == U
    assert [note.kind for note in register.notes] == [NoteKind.JUMP, NoteKind.GAP]


def test_doubt_about_the_unit_reaches_into_later_days():
    series = meter()
    rows = every(600, [2000 * WH + n * WH for n in range(500)])
    arrive(series, [(at, value * 1000 if n >= 20 else value) for n, (at, value) in enumerate(rows)])
    close()
    (register,) = get_device_day(series.device_id, date(2026, 9, 9)).registers
    assert set(register.quality.tolist()) == {U}
    assert not register.values_wh.any()


def test_a_device_that_is_bound_to_nothing_and_one_that_never_counted():
    device = make_device()
    assert get_device_day(device.pk, ON).registers == ()
    arrive(make_series(device), [(START_US, 0), (START_US + MINUTE, 90_000 * WH)])
    day = get_device_day(device.pk, ON)
    assert (day.connection_power_w, day.registers[0].notes) == (None, ())
    assert day.registers[0].values_wh[0] == 90_000


@pytest.mark.parametrize(("on", "quarters"), [(date(2026, 3, 29), 92), (date(2026, 10, 25), 100)])
def test_days_when_the_clocks_change(on: date, quarters: int):
    series = meter()
    starts_us = day_span(on).starts_us
    arrive(series, [(starts_us + n * 300 * S, n * 1000) for n in range(quarters * 3 + 1)])
    (register,) = get_device_day(series.device_id, on).registers
    assert (len(register.values_wh), set(register.quality.tolist())) == (quarters, {M})
    assert len(register.measured_us) == quarters * 3 + 1


def test_readings_of_other_days_are_not_shown():
    series = meter()
    arrive(series, every(3600, [n * WH for n in range(72)], START_US - DAY))
    (register,) = get_device_day(series.device_id, ON).registers
    assert len(register.measured_us) == 25
