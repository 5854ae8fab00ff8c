"""Hours or quarters? What a file's rows of one POD and day stand for. The rule is written in `resolve`."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from apps.engine.inputs import Quality
from apps.metering.loading import load_curves
from apps.metering.measures_file.days import QUALITY, SEEN, STATED, StatedDays
from apps.metering.measures_file.instants import FIRST_DAY, local_label, quarters_of_days
from apps.metering.measures_file.rejects import Reason, Reject, reject
from apps.metering.models import Channel, Source
from apps.metering.packing import QUARTERS, WIDTH, whole_hours

_HOURS = WIDTH // QUARTERS


@dataclass(frozen=True, slots=True)
class Resolved:
    """`hourly` (k, 25): which hours of k cells are stated as a whole; `rejects` in order of lines."""

    hourly: NDArray[np.bool_]
    rejects: list[Reject]


def list_pods_by_quarter(days: StatedDays) -> NDArray[np.bool_]:
    """Which PODs have, on any day held, a row that does not start an hour."""
    pods = np.zeros(len(days.pods.keys), np.bool_)
    off_hour = _off_hour(days.state[: days.count, 0] & SEEN)
    pods[days.pod[: days.count][off_hour]] = True
    return pods


def resolve(days: StatedDays, cells: NDArray[np.intp], by_quarter: NDArray[np.bool_], source: Source) -> Resolved:
    """Decide for each hour of the cells whether it was stated by the quarter or as a whole. The first that applies:

    1. The day has a row that does not start an hour: it is stated by the quarter. Two or more of its hours that have only
       their first row, with energy, and are not stored by the quarter already, are hours among quarters: rejected as
       mixed. (One gap in a day of quarters leaves at most one such hour.)
    2. The day has a row for each of its hours: by the hour.
    3. A curve of the same source is stored for the day: each hour as it is stored, unknown hours as the rest of that day is.
       So a correction that holds a few whole hours of a day of quarters corrects their first quarters.
    4. Another day of the file has the POD by the quarter: by the quarter. The hours stay incomplete, visibly.
    5. By the hour.
    """
    seen = (days.state[cells, 0] & SEEN) != 0
    length = quarters_of_days()[days.day[cells]]
    off_hour = _off_hour(seen)
    real = np.arange(_HOURS) < (length // QUARTERS)[:, None]
    complete = (seen[:, ::QUARTERS] | ~real).all(axis=1)
    energy = (days.state[cells, :, ::QUARTERS] & STATED != 0) & (days.state[cells, :, ::QUARTERS] & QUALITY != Quality.MISSING)
    bare = energy.any(axis=1) & ~_later_quarters(seen).any(axis=2)
    suspect: NDArray[np.bool_] = off_hour & (np.count_nonzero(bare, axis=1) >= 2)
    hourly = np.repeat((~off_hour & (complete | ~by_quarter[days.pod[cells]]))[:, None], _HOURS, axis=1)
    unsure = np.flatnonzero(suspect | ~(off_hour | complete))
    rejects: list[Reject] = []
    if unsure.size:
        stored_whole, stored_quarters = _load_forms(days, cells[unsure], source)
        known = stored_whole.any(axis=1) | stored_quarters.any(axis=1)
        by_hours = known & ~off_hour[unsure]
        form = stored_whole | (~stored_quarters & ~stored_quarters.any(axis=1, keepdims=True))
        hourly[unsure[by_hours]] = form[by_hours]
        mixed = bare[unsure] & suspect[unsure, None] & ~stored_quarters
        mixed[np.count_nonzero(mixed, axis=1) < 2] = False
        rejects = _refuse(days, cells[unsure], mixed)
    return Resolved(hourly, rejects)


def _off_hour(seen: NDArray[np.generic]) -> NDArray[np.bool_]:
    return np.asarray(_later_quarters(seen).any(axis=(1, 2)))


def _later_quarters(seen: NDArray[np.generic]) -> NDArray[np.generic]:
    return seen.reshape(len(seen), _HOURS, QUARTERS)[:, :, 1:]


def _refuse(days: StatedDays, cells: NDArray[np.intp], hours: NDArray[np.bool_]) -> list[Reject]:
    """Take back what the rows of these hours (k, 25) stated and name their lines."""
    rejects = []
    for cell, hour in zip(*(places.tolist() for places in np.nonzero(hours)), strict=True):
        row, slot = int(cells[cell]), QUARTERS * hour
        state = days.state[row, :, slot]
        lines = {int(line) for line in days.lines[row, (state & STATED) != 0, hour]}
        label = f"{days.pods.keys[days.pod[row]]} {local_label(int(days.day[row]), slot)}"
        rejects += [reject(line, Reason.MIXED, label) for line in lines]
        days.state[row, :, slot] = SEEN
        days.values[row, :, slot] = 0
    return sorted(rejects)


def _load_forms(days: StatedDays, cells: NDArray[np.intp], source: Source) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which hours of the cells are stored as a whole in either channel, and which others by the quarter, (k, 25) each.

    One channel as a whole is enough: a first quarter would leave the rest of that hour unknown, where it was known.
    """
    whole = np.zeros((cells.size, _HOURS), np.bool_)
    quarters = np.zeros((cells.size, _HOURS), np.bool_)
    pods, pod_of = np.unique(days.pod[cells], return_inverse=True)
    first, last = int(days.day[cells].min()), int(days.day[cells].max())
    wanted = np.full((pods.size, last - first + 1), -1, np.intp)
    wanted[pod_of, days.day[cells] - first] = np.arange(cells.size)
    for group in load_curves(
        [days.pods.keys[pod] for pod in pods.tolist()],
        FIRST_DAY + timedelta(days=first),
        FIRST_DAY + timedelta(days=last + 1),
        channels=Channel.values,
        sources=[source.value],
        with_values=False,
    ):
        rows = wanted[group.pods, group.days]
        chosen = rows >= 0
        quality = np.zeros((int(chosen.sum()), WIDTH), np.uint8)
        quality[:, : group.quality.shape[1]] = group.quality[chosen]
        as_whole = whole_hours(quality)
        np.logical_or.at(whole, rows[chosen], as_whole)
        known = (quality != Quality.MISSING).reshape(len(quality), _HOURS, QUARTERS).any(axis=2)
        np.logical_or.at(quarters, rows[chosen], known & ~as_whole)
    return whole, quarters & ~whole
