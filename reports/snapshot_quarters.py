"""The curves of a month in Parquet: one row per point (or injection) and quarter, written and read a group of rows at a time.

Values are a dictionary, instants the difference to the one before, names runs of the same: about one byte a row, and memory
grows with a group of 256 curves, not with the month.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.engine.calendar import month_starts_at
from apps.engine.inputs import MonthInputs, Quality
from reports import snapshot_columns as columns
from reports.errors import SnapshotAltered
from reports.snapshot_tables import WRITING

CURVES_PER_GROUP = 256
_QUALITIES = [quality.name.lower() for quality in sorted(Quality)]


def quarter_starts(year: int, month: int, count: int) -> NDArray[np.datetime64]:
    """The UTC instants at which the quarters of a local month begin."""
    first = np.datetime64(month_starts_at(year, month).replace(tzinfo=None), "ms")
    return first + np.arange(count) * np.timedelta64(timedelta(minutes=15))


def write_withdrawn(inputs: MonthInputs) -> bytes:
    """`pod, member, starts_at, withdrawn_kwh, quality`, points in canonical order."""
    keys = {"pod": [point.pod for point in inputs.points], "member": [point.member for point in inputs.points]}
    return _write(inputs, keys, "withdrawn_kwh", inputs.withdrawn_wh, inputs.withdrawn_quality)


def write_injected(inputs: MonthInputs) -> bytes:
    """`pod, member, plant, starts_at, injected_kwh, quality`, injections in canonical order."""
    points = [inputs.points[row.point] for row in inputs.injections]
    keys = {
        "pod": [point.pod for point in points],
        "member": [point.member for point in points],
        "plant": [inputs.plants[row.plant].code for row in inputs.injections],
    }
    return _write(inputs, keys, "injected_kwh", inputs.injected_wh, inputs.injected_quality)


def _write(
    inputs: MonthInputs, keys: dict[str, list[str]], name: str, energy: NDArray[np.int32], quality: NDArray[np.uint8]
) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    curves, quarters = energy.shape
    starts = quarter_starts(inputs.year, inputs.month, quarters)
    precision = 9 if not energy.size or int(np.abs(energy).max()) < 10**9 else 10
    labels = pa.dictionary(pa.int32(), pa.string())
    energy_type = pa.decimal32(precision, 3) if precision == 9 else pa.decimal128(precision, 3)
    schema = pa.schema(
        [
            *((key, labels) for key in keys),
            ("starts_at", pa.timestamp("ms", tz="UTC")),
            (name, energy_type),
            ("quality", pa.dictionary(pa.uint8(), pa.string())),
        ]
    )
    if quality.size and int(quality.max()) >= len(_QUALITIES):
        raise ValueError(f"A quality of {int(quality.max())} has no name.")
    sink = pa.BufferOutputStream()
    options = {**WRITING, "use_dictionary": [*keys, name, "quality"], "column_encoding": {"starts_at": "DELTA_BINARY_PACKED"}}
    instants = columns.instants(np.tile(starts, min(curves, CURVES_PER_GROUP)))
    with pq.ParquetWriter(sink, schema, **options) as writer:
        for first in range(0, curves, CURVES_PER_GROUP):
            group = slice(first, min(first + CURVES_PER_GROUP, curves))
            count = group.stop - group.start
            arrays = [columns.repeated(values[group], quarters) for values in keys.values()]
            arrays.append(instants.slice(0, count * quarters))
            arrays.append(columns.small_decimals(energy[group], columns.ENERGY_PLACES, precision=precision))
            arrays.append(_quality_column(quality[group]))
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema), row_group_size=count * quarters)
    return bytes(sink.getvalue())


def _quality_column(quality: NDArray[np.uint8]) -> Any:
    import pyarrow as pa

    return pa.DictionaryArray.from_arrays(quality.ravel(), pa.array(_QUALITIES), safe=False)


def read_curves(content: bytes, name: str, *, curves: int, quarters: int) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """The energy (curves, quarters) int32 and its quality uint8. Errors: `SnapshotAltered` when there are more or fewer rows."""
    energy = np.empty(curves * quarters, np.int32)
    quality = np.empty(curves * quarters, np.uint8)
    position = 0
    for group in _groups(content, [name, "quality"]):
        end = position + group.num_rows
        if end > energy.size:
            break
        energy[position:end] = columns.whole_numbers(group.column(name))
        quality[position:end] = _quality_codes(group.column("quality"))
        position = end
    if position != energy.size:
        raise SnapshotAltered(f"The snapshot has other rows than the {energy.size} quarters of {name} that its points need.")
    return energy.reshape(curves, quarters), quality.reshape(curves, quarters)


def read_slots(
    content: bytes, name: str, *, curves: int, quarters: int, slots: slice
) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Some slots of every curve, (curves, slots): the same as `read_curves` cut to them, with a group in memory at a time."""
    energy = np.empty((curves, slots.stop - slots.start), np.int32)
    quality = np.empty(energy.shape, np.uint8)
    position = 0
    for group in _groups(content, [name, "quality"]):
        count, rest = divmod(group.num_rows, quarters)
        if rest or position + count > curves:
            position = -1
            break
        rows = slice(position, position + count)
        energy[rows] = columns.whole_numbers(group.column(name)).reshape(count, quarters)[:, slots]
        quality[rows] = _quality_codes(group.column("quality")).reshape(count, quarters)[:, slots]
        position += count
    if position != curves:
        raise SnapshotAltered(
            f"The snapshot has other rows than the {curves * quarters} quarters of {name} that its points need."
        )
    return energy, quality


def _groups(content: bytes, names: Sequence[str]) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = pq.ParquetFile(pa.BufferReader(content))
    for number in range(file.metadata.num_row_groups):
        yield file.read_row_group(number, columns=list(names))


def _quality_codes(column: Any) -> NDArray[np.uint8]:
    parts = []
    for chunk in column.chunks:
        codes = np.array([_QUALITIES.index(name) for name in chunk.dictionary.to_pylist()], np.uint8)
        parts.append(codes[np.asarray(chunk.indices)])
    return np.concatenate(parts) if parts else np.empty(0, np.uint8)
