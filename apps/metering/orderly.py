"""Series in good order are closed without looking back: what was stated of them, later readings in order do not change.

A reading can change what becomes of others up to `CONTEXT` readings away, so a closing looks at as many on either side. Nearly
always in vain: where the last `CONTEXT` readings of a series were all lawful, and all that came since is later and lawful, too,
nothing before is judged otherwise. Who closes therefore notes with the mark of a series how far it is in order, when he has seen
it. Whatever comes up to there afterwards, or is deleted there, makes the mark begin earlier, and the note is worth nothing. So
who stores readings keeps no account, and can forget none. A note says:

- `at`: the first reading from the end of the quarters that are closed on; it and all before it were seen.
- `before`: the reading before that one. The quarters from there on need nothing older.
- `power_w`: the connection by which they were judged. Where the point has another one now, the note is worth nothing.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apps.engine.intervals import CONTEXT, QUARTER_US, Readings, are_orderly
from apps.metering.bindings import Parts
from apps.metering.columns import FAR_US, Column
from apps.metering.marks import Marks, Orderly
from apps.metering.register_readings import SeriesReadings, load_since

_LONGEST_US = 3600 * 1_000_000
"""Whoever was not closed for longer is looked at in full: a note saves most where there is little to read."""


@dataclass(frozen=True, slots=True)
class Recent:
    """Series (c,) of which a note says that they were in order, and their readings since."""

    series: Column
    power_w: Column
    readings: SeriesReadings
    trusted: NDArray[np.bool_]

    @property
    def begins_us(self) -> Column:
        """The first quarter of each series that is not closed yet, (c,); of those that are trusted."""
        second = np.minimum(self.readings.starts[:-1] + 1, len(self.readings.measured_us) - 1)
        return self.readings.measured_us[second] // QUARTER_US * QUARTER_US

    def places(self, series: Column) -> NDArray[np.intp]:
        """Return where some series are here; −1 where they are not, or not to be trusted."""
        place = np.searchsorted(self.series, series)
        known = place < len(self.series)
        known[known] = (self.series[place[known]] == series[known]) & self.trusted[place[known]]
        return np.where(known, place, -1)

    def only(self, trusted: NDArray[np.bool_]) -> "Recent":
        return Recent(self.series, self.power_w, self.readings, self.trusted & trusted)

    def fitting(self, parts: Parts) -> NDArray[np.bool_]:
        """Say which series (c,) make one part at most, all the time that is read, with the connection that judged them."""
        place = self.places(parts.series)
        here = np.flatnonzero(place >= 0)
        own = place[here]
        fits = np.bincount(own, minlength=len(self.series)) <= 1
        first_us, last_us = _ends(self.readings)
        wrong = (parts.power_w[here] != self.power_w[own]) | (parts.starts_us[here] > first_us[own])
        fits[own[wrong | (parts.ends_us[here] < last_us[own])]] = False
        return fits


def load_recent(marks: Marks) -> Recent:
    """Return the series that were in order and still are; inside a transaction."""
    orderly = marks.orderly
    noted = (marks.from_us > orderly.at_us) & (marks.to_us - orderly.at_us <= _LONGEST_US) & (marks.doubt_us == FAR_US)
    chosen = orderly.of(noted)
    series = marks.series[noted]
    readings = load_since(series, chosen.before_us)
    trusted = np.diff(readings.starts) >= 2
    first = readings.starts[:-1][trusted]
    trusted[trusted] = (readings.measured_us[first] == chosen.before_us[trusted]) & (
        readings.measured_us[first + 1] == chosen.at_us[trusted]
    )
    trusted &= _are_orderly(readings, chosen.power_w)
    return Recent(series, chosen.power_w, readings, trusted)


def note_recent(parts: Parts, rows_of: NDArray[np.intp], loaded: SeriesReadings, *, closed_until_us: int) -> Orderly:
    """Return what is known of each series (c,) of which some parts were closed from their recent readings alone."""
    power_w, closed = _powers(parts, rows_of, loaded)
    return _noted(loaded, power_w, closed, 1, closed_until_us)


def note_seen(parts: Parts, rows_of: NDArray[np.intp], loaded: SeriesReadings, *, closed_until_us: int) -> Orderly:
    """Return the same of the series (s,) of parts that were looked at in full; `rows_of` (k,) is the place of each series."""
    power_w, lone = _powers(parts, rows_of, loaded)
    first_us, last_us = _ends(loaded)
    outside = (parts.starts_us > first_us[rows_of]) | (parts.ends_us < last_us[rows_of]) | (parts.doubt_us < FAR_US)
    lone[rows_of[outside]] = False
    return _noted(loaded, power_w, lone & _are_orderly(loaded, power_w), CONTEXT, closed_until_us)


def _powers(parts: Parts, rows_of: NDArray[np.intp], loaded: SeriesReadings) -> tuple[Column, NDArray[np.bool_]]:
    """Return the connection of each series, and which of them are one part and no more."""
    count = len(loaded.starts) - 1
    power_w = np.zeros(count, np.int64)
    power_w[rows_of] = parts.power_w
    return power_w, np.bincount(rows_of, minlength=count) == 1


def _noted(readings: SeriesReadings, power_w: Column, orderly: NDArray[np.bool_], least: int, closed_until_us: int) -> Orderly:
    """Say how far orderly series are in order; nothing of those without a reading in the quarter that runs, or few before."""
    count = len(readings.starts) - 1
    owner = np.repeat(np.arange(count), np.diff(readings.starts))
    closed = np.bincount(owner[readings.measured_us < closed_until_us], minlength=count)
    row = readings.starts[:-1] + closed
    known = orderly & (closed >= least) & (row < readings.starts[1:])
    # the mark will begin after that reading, and must be found when the quarter that runs is over
    known[known] = readings.measured_us[row[known]] + 1 < closed_until_us + QUARTER_US
    found = Orderly.nothing(count)
    found.before_us[known], found.at_us[known] = readings.measured_us[row[known] - 1], readings.measured_us[row[known]]
    found.power_w[known] = power_w[known]
    return found


def _are_orderly(readings: SeriesReadings, power_w: Column) -> NDArray[np.bool_]:
    columns = (readings.measured_us, readings.received_us, readings.register_milliwh)
    return are_orderly(Readings(readings.starts, *columns, power_w))


def _ends(readings: SeriesReadings) -> tuple[Column, Column]:
    """Return the first and the last instant of each series; of those without readings, anything."""
    if not readings.measured_us.size:
        nothing = np.zeros(len(readings.starts) - 1, np.int64)
        return nothing, nothing
    at_us, last = readings.measured_us, len(readings.measured_us) - 1
    return at_us[np.minimum(readings.starts[:-1], last)], at_us[np.maximum(readings.starts[1:] - 1, 0)]
