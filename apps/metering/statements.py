"""What somebody says about curves, and what comes of it when something is known already. Pure arrays, no database."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from apps.engine.inputs import Quality
from apps.metering.packing import QUARTERS, whole_hours


class Verdict(IntEnum):
    """What a statement did to one quarter."""

    SILENT = 0  # nothing was said
    UNCHANGED = 1
    NEW = 2
    CHANGED = 3


@dataclass(frozen=True, slots=True)
class CurveStatements:
    """k curves, each (POD, day, channel) once, as somebody states them: quarters, WIDTH columns.

    `pod_keys` (k,) S14, `days` (k,) datetime64[D], `channels` (k,) int16; `values` Wh, `quality` and `stated` (k, WIDTH).
    Quarters that are not stated hold 0 and MISSING and leave alone what is stored. A stated MISSING takes back what is
    stored. An hour known as a whole is stated in all four quarters: its energy, then three times 0 Wh PART_OF_HOUR.
    """

    pod_keys: NDArray[np.bytes_]
    days: NDArray[np.datetime64]
    channels: NDArray[np.int16]
    values: NDArray[np.int32]
    quality: NDArray[np.uint8]
    stated: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.pod_keys)


@dataclass(frozen=True, slots=True)
class Merged:
    """What is to be stored: `values` Wh, `quality` and `verdicts` (k, WIDTH)."""

    values: NDArray[np.int32]
    quality: NDArray[np.uint8]
    verdicts: NDArray[np.uint8]


def merge(
    said: CurveStatements, rows: NDArray[np.intp], stored_values: NDArray[np.int32], stored_quality: NDArray[np.uint8]
) -> Merged:
    """Put what is said of `rows` into what is stored for them, both (r, WIDTH): said quarters overwrite, others stay.

    A whole hour and quarters of it cannot stand together: whichever is said now replaces the hour entirely, so that no energy
    is counted twice and what is not known of the hour any more is missing.
    """
    stated, values, quality = said.stated[rows], said.values[rows], said.quality[rows]
    replaced = _hours_replaced(stated, quality, stored_quality)
    base_values = np.where(replaced, 0, stored_values)
    base_quality = np.where(replaced, Quality.MISSING, stored_quality)
    merged_values = np.where(stated, values, base_values).astype(np.int32, copy=False)
    merged_quality = np.where(stated, quality, base_quality).astype(np.uint8, copy=False)
    equal = (merged_values == stored_values) & (merged_quality == stored_quality)
    unknown = stored_quality == Quality.MISSING
    equal = np.where(replaced, _all_of_hour(equal), equal)
    unknown = np.where(replaced, _all_of_hour(unknown), unknown)
    return Merged(merged_values, merged_quality, _judge(stated, equal, unknown))


def accept(said: CurveStatements, rows: NDArray[np.intp] | slice) -> Merged:
    """The same where nothing is stored yet."""
    stated, quality = said.stated[rows], said.quality[rows]
    return Merged(said.values[rows], quality, _judge(stated, quality == Quality.MISSING, np.True_))


def _hours_replaced(
    stated: NDArray[np.bool_], quality: NDArray[np.uint8], stored_quality: NDArray[np.uint8]
) -> NDArray[np.bool_]:
    touched = stated.reshape(len(stated), stated.shape[1] // QUARTERS, QUARTERS).any(axis=2)
    return np.repeat(touched & (whole_hours(quality) | whole_hours(stored_quality)), QUARTERS, axis=1)


def _all_of_hour(flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.repeat(flags.reshape(len(flags), flags.shape[1] // QUARTERS, QUARTERS).all(axis=2), QUARTERS, axis=1)


def _judge(stated: NDArray[np.bool_], equal: NDArray[np.bool_], unknown: NDArray[np.bool_] | np.bool_) -> NDArray[np.uint8]:
    other = np.where(unknown, np.uint8(Verdict.NEW), np.uint8(Verdict.CHANGED))
    verdicts = np.where(equal, np.uint8(Verdict.UNCHANGED), other)
    verdicts[~stated] = Verdict.SILENT
    return verdicts
