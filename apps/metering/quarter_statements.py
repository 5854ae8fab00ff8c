"""Quarters of points as statements about day curves: absolute time cut into local days. Pure arrays, no database."""

from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.engine.calendar import quarters_in_day, utc_offset
from apps.engine.intervals import QUARTER_US, Span, day_span
from apps.engine.telemetry.messages import EPOCH, MICROSECOND
from apps.metering.columns import Column
from apps.metering.packing import WIDTH
from apps.metering.quarter_curves import CHANNELS, Curves
from apps.metering.statements import CurveStatements


def state_quarters(
    pod_keys: NDArray[np.bytes_], starts_us: Column, ends_us: Column, span: Span, curves: Curves
) -> CurveStatements:
    """Return what p points state: all quarters of their own stretch (p,), also those that are missing.

    `curves` are the p × 2 curves of `point_curves` over a span that holds all stretches.
    """
    values, quality = curves
    days = _local_days(span)
    day_of, slot_of = _places(days, span)
    at_us = span.starts_us + np.arange(span.quarters) * QUARTER_US
    own = (at_us >= starts_us[:, None]) & (at_us < ends_us[:, None])
    stated = _by_day(np.repeat(own, len(CHANNELS), axis=0), len(days), day_of, slot_of)
    some = stated.any(axis=2)
    point, day = np.nonzero(some)
    return CurveStatements(
        pod_keys=np.repeat(pod_keys, len(CHANNELS))[point],
        days=np.array(days, "datetime64[D]")[day],
        channels=np.tile(np.array([channel.value for channel in CHANNELS], np.int16), len(pod_keys))[point],
        values=_by_day(values, len(days), day_of, slot_of)[some] * stated[some],
        quality=_by_day(quality, len(days), day_of, slot_of)[some] * stated[some],
        stated=stated[some],
    )


def _local_days(span: Span) -> list[date]:
    first, last = (
        (EPOCH + at_us * MICROSECOND + utc_offset(EPOCH + at_us * MICROSECOND)).date()
        for at_us in (span.starts_us, span.ends_us - QUARTER_US)
    )
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _places(days: list[date], span: Span) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the day and the slot in it of each quarter of a span, (Q,) each."""
    lengths = [quarters_in_day(day) for day in days]
    skipped = (span.starts_us - day_span(days[0]).starts_us) // QUARTER_US
    here = slice(skipped, skipped + span.quarters)
    day_of = np.repeat(np.arange(len(days)), lengths)
    return day_of[here], np.concatenate([np.arange(length) for length in lengths])[here]


def _by_day(matrix: NDArray[np.generic], days: int, day_of: NDArray[np.intp], slot_of: NDArray[np.intp]) -> NDArray[Any]:
    """Return (c, Q) as (c, days, WIDTH); where the span has no quarter, nothing."""
    cut = np.zeros((len(matrix), days, WIDTH), matrix.dtype)
    cut[:, day_of, slot_of] = matrix
    return cut
