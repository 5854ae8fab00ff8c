"""Measured energy: kWh become whole Wh once, quarters become hours first, and unknown stays unknown (settlement-rules 2)."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from apps.engine.decimals import exact
from apps.engine.errors import InvalidNumber, MeasuresMissing, NegativeEnergy
from apps.engine.identifiers import pod_key
from apps.engine.inputs import MonthInputs, Point, RunKind
from apps.engine.money import INT64_MAX, round_half_up
from apps.engine.quality import unknown_hours, unknown_quarters
from apps.engine.results import MissingHours

WH_PER_KWH = 1000
# A slot of a curve is an int32: 2.1 GWh in a quarter is a thousand times the largest plant of a community.
LARGEST_SLOT_WH = 2**31 - 1
# Four quarters up to this size still fit the int32 they are summed in.
_LARGEST_NARROW_WH = LARGEST_SLOT_WH // 4
ROWS_PER_BLOCK = 64


@dataclass(frozen=True, slots=True)
class HourlyEnergy:
    """The hours of the month, with P points, J injections, H hours: `withdrawn_wh` (P, H), `injected_wh` (J, H), int64.

    Outside a point's hours and where a quarter is missing or suspect the energy is 0. `withdrawn_wh` is after storage efficiency.
    `missing` counts per POD the hours that are not known; PODs without any are not in it.
    """

    withdrawn_wh: NDArray[np.int64]
    injected_wh: NDArray[np.int64]
    missing: tuple[MissingHours, ...]


def wh_from_kwh(kwh: Decimal | str | int) -> int:
    """Return a meter value in whole Wh, half-up once: three decimals of kWh are exact, further ones are rounded here.

    Errors: `InvalidNumber` for a text that is no number or for more than a slot can hold; `NegativeEnergy`.
    """
    energy = exact(kwh)
    if energy < 0:
        raise NegativeEnergy(f"{kwh} kWh is below zero, which no meter counts. Correct the measure or leave it empty.")
    wh = round_half_up(energy * WH_PER_KWH)
    if wh > LARGEST_SLOT_WH:
        raise InvalidNumber(f"{kwh} kWh in one interval is beyond any plant of a community. Check the unit of the file.")
    return wh


def hourly_energy(inputs: MonthInputs) -> HourlyEnergy:
    """Sum quarters to hours, cut every row to the hours of its point, and count the (POD, hour) pairs that are not known.

    A channel matters where the rules look at it: the withdrawal of every point, the injection of points with a plant. A pair
    counts once even when both channels are missing; the channel that is known keeps its value (settlement-rules 2.9).
    Errors: `NegativeEnergy`.
    """
    hours = inputs.prices_ueur_per_mwh.shape[1]
    gaps: dict[str, NDArray[np.bool_]] = {}
    withdrawn = _hours_of_rows(inputs.withdrawn_wh, inputs.withdrawn_quality, inputs.points, hours, "withdrawal", gaps)
    holders = tuple(inputs.points[row.point] for row in inputs.injections)
    injected = _hours_of_rows(inputs.injected_wh, inputs.injected_quality, holders, hours, "injection", gaps)
    count_storage(withdrawn, inputs.points)
    missing = tuple(MissingHours(pod, int(np.count_nonzero(gaps[pod]))) for pod in sorted(gaps))
    return HourlyEnergy(withdrawn_wh=withdrawn, injected_wh=injected, missing=missing)


def refuse_missing(inputs: MonthInputs, missing: tuple[MissingHours, ...]) -> None:
    """Stop a final run with unknown hours that no person accepted by POD. Errors: `MeasuresMissing`, naming each POD."""
    accepted = {pod_key(pod) for pod in inputs.accepted_missing}
    open_rows = tuple(row for row in missing if pod_key(row.pod) not in accepted)
    if open_rows and inputs.run_kind is RunKind.FINAL:
        raise MeasuresMissing(inputs.configuration, inputs.year, inputs.month, open_rows)


def _hours_of_rows(
    energy: NDArray[np.int32],
    quality: NDArray[np.uint8],
    points: tuple[Point, ...],
    hours: int,
    channel: str,
    gaps: dict[str, NDArray[np.bool_]],
) -> NDArray[np.int64]:
    """Return (rows, H) int64 from (rows, 4 H) quarters, in blocks that stay in the processor's cache; mark gaps per POD."""
    result = np.empty((len(points), hours), np.int64)
    for start in range(0, len(points), ROWS_PER_BLOCK):
        rows = slice(start, start + ROWS_PER_BLOCK)
        hours_of_block(energy[rows], quality[rows], points[rows], channel, gaps, result[rows])
    return result


def hours_of_block(
    energy: NDArray[np.int32],
    quality: NDArray[np.uint8],
    points: tuple[Point, ...],
    channel: str,
    gaps: dict[str, NDArray[np.bool_]],
    out: NDArray[np.int64],
) -> None:
    """Write the hours of a few rows to `out` (n, H) from (n, 4 H) quarters, and mark gaps per POD. Errors: `NegativeEnergy`."""
    hours = out.shape[1]
    _sum_quarters(energy, out)
    careful = int(energy.min()) < 0 or bool(unknown_quarters(quality).any())
    for i, point in enumerate(points):
        if careful:
            _mask_unknown(out[i], energy[i], quality[i], point, channel, gaps)
        if point.last_hour - point.first_hour < hours:
            out[i, : point.first_hour] = 0
            out[i, point.last_hour :] = 0


def _sum_quarters(block: NDArray[np.int32], out: NDArray[np.int64]) -> None:
    """Write the sum of each four columns to `out`. Adds in int32, twice as fast, when the largest slot allows it."""
    if int(block.max()) > _LARGEST_NARROW_WH:
        block = block.astype(np.int64)
    half = block[:, 0::4] + block[:, 1::4]
    half += block[:, 2::4]
    half += block[:, 3::4]
    out[:] = half


def _mask_unknown(
    hours_wh: NDArray[np.int64],
    quarters_wh: NDArray[np.int32],
    quality: NDArray[np.uint8],
    point: Point,
    channel: str,
    gaps: dict[str, NDArray[np.bool_]],
) -> None:
    """Put 0 where a quarter of the hour is missing or suspect and remember the hour for the POD. Errors: `NegativeEnergy`."""
    valid = slice(point.first_hour, point.last_hour)
    unknown = unknown_hours(quality)
    negative = (quarters_wh.reshape(-1, 4) < 0).any(axis=1) & ~unknown
    if negative[valid].any():
        hour = point.first_hour + int(np.argmax(negative[valid]))
        raise NegativeEnergy(
            f"The {channel} of {point.pod} is below zero in hour {hour} of the month. Correct the curve, then retry."
        )
    hours_wh[unknown] = 0
    if unknown[valid].any():
        marked = gaps.setdefault(point.pod, np.zeros(hours_wh.shape, np.bool_))
        marked[valid] |= unknown[valid]


def count_storage(withdrawn: NDArray[np.int64], points: tuple[Point, ...]) -> None:
    """Turn the withdrawals of storage points, (n, H), into what of them comes out again."""
    for i, point in enumerate(points):
        if point.storage_efficiency is not None:
            withdrawn[i] = _times_share(withdrawn[i], Fraction(point.storage_efficiency))


def _times_share(energy_wh: NDArray[np.int64], share: Fraction) -> NDArray[np.int64]:
    """Return energy times a share, half-up to the Wh per hour. Python's integers take over where int64 would overflow."""
    numerator, denominator = share.as_integer_ratio()
    if (2 * int(energy_wh.max(initial=0)) + 1) * max(numerator, denominator) > INT64_MAX:
        return np.array([round_half_up(wh * share) for wh in energy_wh.tolist()], np.int64)
    return (2 * energy_wh * numerator + denominator) // (2 * denominator)
