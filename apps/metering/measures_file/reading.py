"""A whole file, block by block, into days: reading, parsing and gathering at the same time, in bounded memory."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from django.utils.translation import gettext_noop as _
from numpy.typing import NDArray

from apps.engine.inputs import Quality
from apps.metering.errors import MeasuresFileRefused
from apps.metering.measures_file import blocks, days
from apps.metering.measures_file.blocks import Block, BlockReader, check_text
from apps.metering.measures_file.days import StatedDays
from apps.metering.measures_file.dialect import Dialect, read_header
from apps.metering.measures_file.instants import DAYS
from apps.metering.measures_file.parsing import Parsed, parse_block
from apps.metering.measures_file.pods import RegisteredPods
from apps.metering.measures_file.rejects import Reject, RejectLog
from apps.metering.measures_file.resolution import list_pods_by_quarter
from apps.metering.measures_file.rows import Rows
from apps.metering.measures_file.spill import Spill
from apps.metering.packing import QUARTERS

_PARSERS = 2
_AHEAD = 4
_SETTLED_AT_A_TIME = 4096
Progress = Callable[[int], None]
"""Is told how many bytes of the file are done."""
StoreSettled = Callable[[StatedDays, NDArray[np.intp]], None]
"""Is given days, and which of their cells to store."""


@dataclass
class Reading:
    """What a file says: `read` lines that are not blank; the accepted rows in `days` and, beyond its capacity, in `spill`.

    A day whose every quarter is stated cannot change any more: later rows repeat it or contradict it. Such days go to
    `store_settled` while the rest of the file is still being read, so that the database works at the same time.

    `pods_seen` (n,) and `days_seen` (DAYS,) mark where accepted rows lie; `by_quarter` (n,) PODs with a row inside an hour.
    """

    days: StatedDays
    log: RejectLog
    spill: Spill = field(default_factory=Spill)
    sha256: str = ""
    read: int = 0
    pods_seen: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    days_seen: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(DAYS, np.bool_))
    by_quarter: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))


def read_measures(
    path: Path,
    *,
    pods: RegisteredPods,
    default: Quality,
    log: RejectLog,
    store_settled: StoreSettled,
    progress: Progress | None = None,
) -> Reading:
    """Read a file of measures. Errors: `MeasuresFileRefused`; `OSError` when it cannot be opened.

    `default` is the quality of rows that name none; `log` gets the rejects in order of lines.
    """
    reading = Reading(days=StatedDays(pods, days.CAPACITY), log=log)
    reading.pods_seen = np.zeros(len(pods.keys), np.bool_)
    reading.by_quarter = np.zeros(len(pods.keys), np.bool_)
    try:
        with path.open("rb") as file:
            reader = BlockReader(file, blocks.BLOCK_BYTES)
            dialect = read_header(reader.read_first_line(), default)
            for parsed, done in _parse_blocks(reader, dialect, pods):
                _gather(reading, parsed)
                if reading.days.count_full() >= _SETTLED_AT_A_TIME:
                    store_settled(reading.days, reading.days.take_full())
                if progress is not None:
                    progress(done)
            reading.sha256 = reader.sha256
    except BaseException:
        reading.spill.close()
        raise
    if not reading.read:
        raise MeasuresFileRefused(_("The file has a header and no rows. Choose another one."))
    reading.by_quarter |= list_pods_by_quarter(reading.days)
    return reading


def _parse_blocks(reader: BlockReader, dialect: Dialect, pods: RegisteredPods) -> Iterator[tuple[Parsed, int]]:
    """Yield the blocks in order, parsed by several threads: pyarrow and NumPy let go of the interpreter while they work."""
    waiting: deque[tuple[Future[Parsed], int]] = deque()
    with ThreadPoolExecutor(_PARSERS, "measures") as parsers:
        for block in reader.read_blocks():
            waiting.append((parsers.submit(_parse, block, dialect, pods), reader.bytes_done))
            if len(waiting) >= _AHEAD:
                parsed, done = waiting.popleft()
                yield parsed.result(), done
        while waiting:
            parsed, done = waiting.popleft()
            yield parsed.result(), done


def _parse(block: Block, dialect: Dialect, pods: RegisteredPods) -> Parsed:
    check_text(block)
    return parse_block(block, dialect, pods)


def _gather(reading: Reading, parsed: Parsed) -> None:
    reading.read += parsed.read
    conflicts: list[Reject] = []
    if len(parsed.rows):
        _note(reading, parsed.rows)
        conflicts, left = reading.days.add(parsed.rows)
        if len(left):
            reading.by_quarter[left.pod[left.slot % QUARTERS != 0]] = True
            reading.spill.keep(left)
    reading.log.add_block([*parsed.rejects, *conflicts], parsed.many)


def _note(reading: Reading, rows: Rows) -> None:
    """Remember of which PODs and days the file speaks."""
    reading.pods_seen[rows.pod] = True
    reading.days_seen[rows.day] = True
