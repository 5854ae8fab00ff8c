"""A block of lines as columns at once. Takes only rows it is sure of, as `lines` would; the others it hands over."""

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv

from apps.engine.energy import LARGEST_SLOT_WH
from apps.engine.inputs import Quality
from apps.metering.measures_file.dialect import QUALITIES, Dialect
from apps.metering.measures_file.instants import SECONDS_PER_QUARTER, days_and_slots, in_range
from apps.metering.measures_file.pods import RegisteredPods
from apps.metering.measures_file.rejects import Reason
from apps.metering.measures_file.rows import SILENT, Rows

Number = TypeVar("Number", np.int32, np.int64)
_TEXT = pa.dictionary(pa.int32(), pa.binary())
_INSTANT = pa.timestamp("s", tz="UTC")
# Whole Wh first, because nearly every file has three decimals; then as many as still leave an int64 for the largest slot.
_KWH = (pa.decimal128(12, 3), pa.decimal128(18, 11))
_OF_WH = (1, 10**8)
_LARGEST_SCALED = 2**62
_NO_QUALITY = 255


class Unclear(Exception):
    """The block holds something that needs to be looked at line by line."""


@dataclass(frozen=True, slots=True)
class Strangers:
    """Lines of PODs that are none of ours: `positions` (k,) in the block and `which` (k,) of `reasons` and `texts`."""

    positions: NDArray[np.intp]
    which: NDArray[np.int32]
    reasons: list[Any]
    texts: list[str]


@dataclass(frozen=True, slots=True)
class Columns:
    """What a block gave: sure `rows`, positions of lines to look at one by one, and PODs that are none of ours."""

    rows: Rows
    doubtful: NDArray[np.intp]
    strangers: Strangers


def parse_columns(content: bytes, lines: int, first_line: int, dialect: Dialect, pods: RegisteredPods) -> Columns:
    """Parse whole lines. Errors: `Unclear` when the block cannot be understood as columns."""
    quoted = _check_marks(content, dialect)
    table, of_wh = _read(content, lines, dialect, quoted=quoted)
    n = table.num_rows
    pod, strangers = _find_pods(_column(table, "pod"), pods)
    seconds, sure = _find_instants(_column(table, "starts_at"))
    sure &= pod >= 0
    energy = np.empty((2, n), np.int32)
    for row, name in enumerate(("withdrawn_kwh", "injected_kwh")):
        energy[row], fits = _to_wh(_column(table, name), of_wh)
        sure &= fits
    quality = _find_quality(table, dialect)
    sure &= quality != _NO_QUALITY
    line = np.arange(first_line, first_line + n, dtype=np.int64)
    if not sure.all():
        doubtful = ~sure
        doubtful[strangers.positions] = False
        line, pod, seconds, energy, quality = line[sure], pod[sure], seconds[sure], energy[:, sure], quality[sure]
        positions = np.flatnonzero(doubtful)
    else:
        positions = np.empty(0, np.intp)
    day, slot = days_and_slots(seconds)
    take_back(energy, quality)
    return Columns(Rows(line, pod, day, slot, energy, quality), positions, strangers)


def take_back(energy: NDArray[np.int32], quality: NDArray[np.uint8]) -> None:
    """Rows of quality missing take back what they fill in, or both channels when they fill in nothing. In place."""
    missing = quality == Quality.MISSING
    if missing.any():
        nothing = missing & (energy == SILENT).all(axis=0)
        energy[(missing & (energy != SILENT)) | nothing] = 0


def _check_marks(content: bytes, dialect: Dialect) -> bool:
    """Whether fields are quoted. Errors: `Unclear` for quotes or carriage returns that are not where they belong."""
    if b"\r" in content and content.count(b"\r") != content.count(b"\r\n"):
        raise Unclear
    if b'"' not in content:
        return False
    characters = np.frombuffer(b"\n" + content + b"\n", np.uint8)
    marks = np.flatnonzero(characters == ord('"'))
    edges = np.frombuffer(f"\r\n{dialect.delimiter}".encode(), np.uint8)
    if marks.size % 2 or not (
        np.isin(characters[marks[0::2] - 1], edges).all() and np.isin(characters[marks[1::2] + 1], edges).all()
    ):
        raise Unclear
    return True


def _read(content: bytes, lines: int, dialect: Dialect, *, quoted: bool) -> tuple[pa.Table, int]:
    """Let pyarrow read the block, with whole Wh if it can, with a point or a comma in its numbers."""
    comma = b"," in content and (dialect.delimiter == ";" or quoted)
    for kwh, of_wh in zip(_KWH, _OF_WH, strict=True):
        types = {"pod": _TEXT, "starts_at": _INSTANT, "injected_kwh": kwh, "withdrawn_kwh": kwh, "quality": _TEXT}
        try:
            table = csv.read_csv(
                pa.BufferReader(content),  # type: ignore[arg-type]
                read_options=csv.ReadOptions(use_threads=False, block_size=len(content) + 1, column_names=list(dialect.columns)),
                parse_options=csv.ParseOptions(
                    delimiter=dialect.delimiter, quote_char='"' if quoted else False, ignore_empty_lines=False
                ),
                convert_options=csv.ConvertOptions(
                    column_types=types, null_values=[""], strings_can_be_null=False, decimal_point="," if comma else "."
                ),
            )
        except pa.ArrowInvalid:
            continue
        if table.num_rows != lines or any(column.num_chunks != 1 for column in table.columns):
            raise Unclear
        return table, of_wh
    raise Unclear


def _column(table: pa.Table, name: str) -> Any:
    """One column as an array. Its stubs do not tell the kinds of arrays apart."""
    return table.column(name).chunk(0)


def _numbers(array: Any, kind: type[Number]) -> NDArray[Number]:
    """The numbers of an array as pyarrow holds them. Its own `to_numpy` imports pandas: half a second, 55 MB."""
    return np.frombuffer(array.buffers()[1], kind, len(array), offset=array.offset * np.dtype(kind).itemsize)


def _present(array: Any) -> NDArray[np.bool_]:
    """Which cells are not empty."""
    bits = np.unpackbits(np.frombuffer(array.buffers()[0], np.uint8), bitorder="little")
    return bits[array.offset : array.offset + len(array)].view(np.bool_)


def _find_pods(column: Any, pods: RegisteredPods) -> tuple[NDArray[np.int32], Strangers]:
    """Return the position of each POD, -1 for strangers, and who they are."""
    texts = [text.decode("utf-8") for text in column.dictionary.to_pylist()]
    found: list[Any] = [pods.find(text) for text in texts]
    codes = np.array([-1 if isinstance(which, Reason) else which for which in found], np.int32)
    indices = _numbers(column.indices, np.int32)
    # An empty POD is left to the exact reader: pyarrow makes a row of an empty line, too.
    strange = np.array([which < 0 and text != "" for which, text in zip(codes.tolist(), texts, strict=True)], np.bool_)
    positions = np.flatnonzero(strange[indices]) if strange.any() else np.empty(0, np.intp)
    return codes[indices], Strangers(positions, indices[positions], found, texts)


def _find_instants(column: Any) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return seconds since 1970 and which of them are quarters within range; an empty cell is not."""
    seconds = _numbers(column, np.int64)
    sure = in_range(seconds) & (seconds % SECONDS_PER_QUARTER == 0)
    if column.null_count:
        sure &= _present(column)
    return seconds, sure


def _to_wh(column: Any, of_wh: int) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Return whole Wh or SILENT, and which of them a slot can hold. Negative and huge numbers are not sure."""
    halves = np.frombuffer(column.buffers()[1], np.int64, 2 * len(column)).reshape(-1, 2)
    scaled, high = halves[:, 0], halves[:, 1]
    sure = (high == 0) & (scaled >= 0) & (scaled < _LARGEST_SCALED)
    wh = scaled if of_wh == 1 else (scaled + of_wh // 2) // of_wh
    sure &= wh <= LARGEST_SLOT_WH
    if column.null_count:
        empty = ~_present(column)
        sure |= empty
        wh = np.where(empty, SILENT, wh)
    return wh.astype(np.int32), sure


def _find_quality(table: pa.Table, dialect: Dialect) -> NDArray[np.uint8]:
    if "quality" not in dialect.columns:
        return np.full(table.num_rows, dialect.default, np.uint8)
    column = _column(table, "quality")
    names = [text.decode("utf-8").strip().lower() for text in column.dictionary.to_pylist()]
    codes = [int(dialect.default) if not name else int(QUALITIES.get(name, _NO_QUALITY)) for name in names]
    indices = _numbers(column.indices, np.int32)
    return np.array(codes, np.uint8)[indices]
