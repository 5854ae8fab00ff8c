"""A block of lines into accepted rows and rejects: by columns where possible, otherwise line by line, with one meaning."""

from dataclasses import dataclass

import numpy as np

from apps.metering.measures_file.blocks import Block
from apps.metering.measures_file.columns import Strangers, Unclear, parse_columns
from apps.metering.measures_file.dialect import Dialect
from apps.metering.measures_file.instants import days_and_slots
from apps.metering.measures_file.lines import LineRejected, parse_line
from apps.metering.measures_file.pods import RegisteredPods
from apps.metering.measures_file.rejects import Reject, reject
from apps.metering.measures_file.rows import Rows, empty, join

_FEW_LINES = 32
"""Blocks of so few lines are not worth another try by columns."""


@dataclass(frozen=True, slots=True)
class ManyRejects:
    """Rejects of one block that are not spelt out, because there may be as many as lines. In order of lines."""

    first_line: int
    strangers: Strangers

    def __len__(self) -> int:
        return len(self.strangers.positions)

    def spell_out(self, most: int | None) -> list[Reject]:
        """The first `most` of them, or all."""
        of = self.strangers
        pairs = zip(of.positions[:most].tolist(), of.which[:most].tolist(), strict=True)
        return [reject(self.first_line + position, of.reasons[which], of.texts[which]) for position, which in pairs]


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a block gave, rows and rejects each in order of lines; `read` counts the lines that are not blank."""

    rows: Rows
    rejects: list[Reject]
    many: list[ManyRejects]
    read: int


def parse_block(block: Block, dialect: Dialect, pods: RegisteredPods) -> Parsed:
    """Parse by columns; what they do not understand is halved until the odd lines stand alone."""
    if block.lines <= _FEW_LINES:
        return parse_lines(block, range(block.lines), dialect, pods)
    try:
        columns = parse_columns(block.content, block.lines, block.first_line, dialect, pods)
    except Unclear:
        first, second = _halve(block)
        return _join([parse_block(first, dialect, pods), parse_block(second, dialect, pods)])
    many = [ManyRejects(block.first_line, columns.strangers)] if columns.strangers.positions.size else []
    if not columns.doubtful.size:
        return Parsed(columns.rows, [], many, block.lines)
    careful = parse_lines(block, columns.doubtful.tolist(), dialect, pods)
    rows = join([columns.rows, careful.rows])
    read = block.lines - len(columns.doubtful) + careful.read
    return Parsed(rows.take(np.argsort(rows.line)) if len(careful.rows) else columns.rows, careful.rejects, many, read)


def parse_lines(block: Block, positions: range | list[int], dialect: Dialect, pods: RegisteredPods) -> Parsed:
    """Parse some lines of a block one by one."""
    lines = block.content.split(b"\n")
    numbers: list[int] = []
    parsed: list[tuple[int, int, int, int, int]] = []
    rejects: list[Reject] = []
    for position in positions:
        number = block.first_line + position
        try:
            row = parse_line(lines[position].decode("utf-8"), dialect, pods)
        except LineRejected as error:
            rejects.append(reject(number, error.reason, error.value))
            continue
        if row is not None:
            numbers.append(number)
            parsed.append(row)
    if not parsed:
        return Parsed(empty(), rejects, [], len(rejects))
    table = np.array(parsed, np.int64)
    day, slot = days_and_slots(table[:, 1])
    rows = Rows(
        line=np.array(numbers, np.int64),
        pod=table[:, 0].astype(np.int32),
        day=day,
        slot=slot,
        energy=np.ascontiguousarray(table[:, [3, 2]].T, np.int32),
        quality=table[:, 4].astype(np.uint8),
    )
    return Parsed(rows, rejects, [], len(rejects) + len(rows))


def _halve(block: Block) -> tuple[Block, Block]:
    """Cut a block of at least two lines near its middle, at a line's end."""
    cut = block.content.rfind(b"\n", 0, len(block.content) // 2) + 1
    if not cut:
        cut = block.content.index(b"\n") + 1
    first, second = block.content[:cut], block.content[cut:]
    above = first.count(b"\n")
    return Block(block.first_line, above, first), Block(block.first_line + above, block.lines - above, second)


def _join(parts: list[Parsed]) -> Parsed:
    return Parsed(
        rows=join([part.rows for part in parts]),
        rejects=[found for part in parts for found in part.rejects],
        many=[found for part in parts for found in part.many],
        read=sum(part.read for part in parts),
    )
