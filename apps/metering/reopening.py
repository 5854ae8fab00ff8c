"""What a device measures is changed afterwards: the points that gained it and those that lost it are computed again."""

import re
from collections.abc import Iterable
from datetime import datetime

import numpy as np
from django.db import transaction

from apps.engine.telemetry.messages import EPOCH, MICROSECOND
from apps.metering.bindings import POD_FORM
from apps.metering.columns import Column, fetch_columns
from apps.metering.ingest.binary import Moments, Wholes
from apps.metering.marks import mark_points
from apps.metering.models import DeviceAssignment, RegisterSeries
from apps.metering.register_readings import find_reach

_NEWEST = """
SELECT array_agg(greatest(found.at, w.from_at) ORDER BY w.n)
FROM unnest(%s, %s) WITH ORDINALITY AS w (series_id, from_at, n)
CROSS JOIN LATERAL (SELECT max(measured_at) AS at FROM metering_reading WHERE series_id = w.series_id) AS found
"""


@transaction.atomic
def reopen_assignments(assignment_ids: Iterable[int], *, pods_before: Iterable[str] = (), from_at: datetime | None = None) -> int:
    """Have the curves of points computed again whose devices were changed; returns how many points.

    Call it in the transaction of the change, with every assignment that was made, ended, moved or dated otherwise, and with the
    PODs that they measured before where that is not in their rows any more. Changed from `from_at` on; default: from where the
    assignments begin. Where nobody measures a point any more, its quarters become missing. Other roles than the exchange make
    no curves, so there is nothing to do for them.
    """
    assignments = list(DeviceAssignment.objects.filter(pk__in=list(assignment_ids)))
    if not assignments:
        return 0
    starts_at = from_at or min(assignment.starts_at for assignment in assignments)
    pods = {one.pod_key for one in assignments if one.role == DeviceAssignment.Role.EXCHANGE} | set(pods_before)
    devices = {assignment.device_id for assignment in assignments}
    series = np.array(sorted(RegisterSeries.objects.filter(device__in=devices).values_list("pk", flat=True)), np.int64)
    from_us, to_us = _stretch(series, (starts_at - EPOCH) // MICROSECOND)
    names = sorted(pod for pod in pods if re.fullmatch(POD_FORM, pod))
    mark_points(names, np.full(len(names), from_us), np.full(len(names), to_us))
    return len(names)


def _stretch(series: Column, from_us: int) -> tuple[int, int]:
    """Return from when to when readings can count otherwise, if the time of a device changes from an instant on.

    Readings around the instant are judged beside each other, so it begins as many of them before.
    """
    starts_us = np.full(len(series), from_us)
    if not series.size:
        return from_us, from_us
    earliest_us, _ = find_reach(series, starts_us, starts_us)
    (newest_us,) = fetch_columns(_NEWEST, Wholes(series), Moments(starts_us))
    return int(earliest_us.min()), int(newest_us.max())
