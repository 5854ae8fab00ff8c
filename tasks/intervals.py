"""The workers' door to quarters of an hour: close those whose readings have come in."""

import logging
import time
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from apps.metering.closing import close_quarters

log = logging.getLogger(__name__)
# Most devices speak once a minute or more: with a reading after its end, a quarter is measured and not estimated.
SETTLES_AFTER = timedelta(seconds=90)
LONGEST_S = 50.0  # shorter than the beat: what is left waits for the next tick


@shared_task(name="intervals.close_quarters")
def close_marked_quarters() -> None:
    """Close what is marked, batch by batch. May be lost, may run twice at once: marks go only with what was closed."""
    ends = time.monotonic() + LONGEST_S
    as_of = timezone.now() - SETTLES_AFTER
    last_series = batches = series = quarters = 0
    while time.monotonic() < ends:
        closed = close_quarters(as_of=as_of, after_series=last_series)
        if not closed.series and not closed.points:
            break
        last_series = closed.last_series
        batches, series, quarters = batches + 1, series + closed.series, quarters + closed.quarters_changed
    if quarters:
        log.info("Quarters changed: %s, of %s registers in %s batches", quarters, series, batches)
