"""Read: one device on one day as a person looks at it: every register with its quarters, readings and what happened to it."""

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from django.db import transaction
from django.db.models import Max, Q
from numpy.typing import NDArray

from apps.engine.calendar import day_starts_at
from apps.engine.intervals import Note, Readings, day_span, quarters_of
from apps.engine.intervals.nouns import LARGEST_POWER_W
from apps.engine.telemetry.messages import EPOCH, MICROSECOND
from apps.metering.columns import FAR_US, Column
from apps.metering.models import DeviceAssignment, RegisterSeries
from apps.metering.register_readings import SeriesReadings, load_with_context

QUARTERS_PER_HOUR = 4


@dataclass(frozen=True, slots=True)
class RegisterDay:
    """One register: Q quarters (92, 96 or 100) in Wh with their quality, and the r readings of the day as they are stored.

    `notes` are the engine's, common gaps included, in order of time; instants are microseconds since 1970 UTC.
    """

    series_id: int
    component: str
    channel: str
    values_wh: NDArray[np.int32]
    quality: NDArray[np.uint8]
    measured_us: Column
    register_milliwh: Column
    notes: tuple[Note, ...]

    @property
    def power_w(self) -> NDArray[np.int64]:
        """The mean power of each quarter, (Q,): what flowed, as the energy says it. 0 where the quarter is missing."""
        return self.values_wh.astype(np.int64) * QUARTERS_PER_HOUR


@dataclass(frozen=True, slots=True)
class DeviceDay:
    """One device on one local day; quarter n starts at `starts_at` + n × 15 minutes."""

    device_id: int
    day: date
    starts_at: datetime
    connection_power_w: int | None
    registers: tuple[RegisterDay, ...]


@transaction.atomic
def get_device_day(device_id: int, day: date) -> DeviceDay:
    """Return what a device counted on a local day, whatever it is bound to, computed from its readings as they are now.

    The power of the connection is the largest that the device was bound to on that day; bound to nothing, nothing is a jump.
    """
    span = day_span(day)
    series = list(RegisterSeries.objects.filter(device_id=device_id).order_by("component", "channel"))
    ends_at = EPOCH + span.ends_us * MICROSECOND
    starts_at = day_starts_at(day)
    bound = DeviceAssignment.objects.filter(
        Q(ends_at__isnull=True) | Q(ends_at__gt=starts_at), device_id=device_id, starts_at__lt=ends_at
    )
    power_w: int | None = bound.aggregate(largest=Max("connection_power_w"))["largest"]
    numbers = np.array([one.pk for one in series], np.int64)
    doubt_us = [FAR_US if one.doubt_from is None else (one.doubt_from - EPOCH) // MICROSECOND for one in series]
    from_us = np.minimum(np.array(doubt_us, np.int64), span.starts_us)
    loaded = load_with_context(numbers, from_us, np.full(len(series), span.ends_us))
    limit = LARGEST_POWER_W if power_w is None else min(power_w, LARGEST_POWER_W)
    found = quarters_of(_as_input(loaded, limit), span)
    notes = [tuple(note for note in found.notes if note.series == place) for place in range(len(series))]
    registers = []
    for place, one in enumerate(series):
        measured_us, register_milliwh = _readings_of(loaded, place, span.starts_us, span.ends_us)
        registers.append(
            RegisterDay(
                series_id=one.pk,
                component=one.component,
                channel=one.channel,
                values_wh=found.values_wh[place],
                quality=found.quality[place],
                measured_us=measured_us,
                register_milliwh=register_milliwh,
                notes=notes[place],
            )
        )
    return DeviceDay(device_id, day, starts_at, power_w, tuple(registers))


def _as_input(loaded: SeriesReadings, power_w: int) -> Readings:
    return Readings(
        starts=loaded.starts,
        measured_us=loaded.measured_us,
        received_us=loaded.received_us,
        register_milliwh=loaded.register_milliwh,
        connection_power_w=np.full(len(loaded.starts) - 1, power_w, np.int64),
    )


def _readings_of(loaded: SeriesReadings, place: int, from_us: int, to_us: int) -> tuple[Column, Column]:
    """Return the readings of one series from an instant to another, both included, in order of time."""
    rows = np.arange(loaded.starts[place], loaded.starts[place + 1])
    at_us = loaded.measured_us[rows]
    rows = rows[(at_us >= from_us) & (at_us <= to_us)]
    rows = rows[np.lexsort((loaded.register_milliwh[rows], loaded.measured_us[rows]))]
    return loaded.measured_us[rows], loaded.register_milliwh[rows]
