"""A file as blocks of whole lines, however large it is."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from django.utils.translation import gettext_noop as _

from apps.metering.errors import MeasuresFileRefused
from apps.metering.measures_file.dialect import not_text

BLOCK_BYTES = 1024 * 1024
LONGEST_LINE = 4096
_NEWLINE = ord("\n")


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines; `first_line` is the number of the first one, counted from 1 at the header."""

    first_line: int
    lines: int
    content: bytes


class BlockReader:
    """Reads the header, then blocks; knows meanwhile how far it is and, at the end, the SHA-256 of the file."""

    def __init__(self, file: BinaryIO, block_bytes: int) -> None:
        self._file = file
        self._block_bytes = block_bytes
        self._hash = hashlib.sha256()
        self._rest = b""
        self.bytes_done = 0

    @property
    def sha256(self) -> str:
        """Of all that was read so far."""
        return self._hash.hexdigest()

    def read_first_line(self) -> bytes:
        """Errors: `MeasuresFileRefused` when there is none."""
        content = self._read()
        if not content.strip():
            raise MeasuresFileRefused(_("The file is empty. Choose another one."))
        line, _newline, self._rest = content.partition(b"\n")
        if len(line) > LONGEST_LINE:
            raise not_text() if not _is_text(line) else _line_too_long(1)
        return line

    def read_blocks(self) -> Iterator[Block]:
        """Yield the lines after the first; `check_text` looks at them. Errors: `MeasuresFileRefused` for an endless line."""
        line = 2
        while True:
            content = self._read()
            last = not content
            end = 0 if last else content.rfind(b"\n") + 1
            whole, self._rest = (self._rest + content[:end], content[end:]) if end or last else (b"", self._rest + content)
            if whole:
                lines = int(np.count_nonzero(np.frombuffer(whole, np.uint8) == _NEWLINE)) + (not whole.endswith(b"\n"))
                yield Block(line, lines, whole)
                line += lines
            if last:
                return
            if len(self._rest) > LONGEST_LINE:
                raise not_text() if not _is_text(self._rest, cut=True) else _line_too_long(line)

    def _read(self) -> bytes:
        content = self._file.read(self._block_bytes)
        self._hash.update(content)
        self.bytes_done += len(content)
        return content


def _is_text(content: bytes, *, cut: bool = False) -> bool:
    """Whether it is UTF-8 without zero bytes. With `cut`, the last character may be incomplete."""
    if b"\0" in content:
        return False
    if content.isascii():
        return True
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        return cut and error.end == len(content)
    return True


def check_text(block: Block) -> None:
    """Errors: `MeasuresFileRefused` for what is no text of lines."""
    content = block.content
    if not _is_text(content):
        raise not_text()
    end = -1  # leap from line end to line end, as far as a line may be long
    while len(content) - end - 1 > LONGEST_LINE:
        following = content.rfind(b"\n", end + 1, end + LONGEST_LINE + 2)
        if following < 0:
            raise _line_too_long(block.first_line + content.count(b"\n", 0, end + 1))
        end = following


def _line_too_long(line: int) -> MeasuresFileRefused:
    return MeasuresFileRefused(
        _("Line %(line)s is longer than any row of measures. Check that the file is a CSV with one row per line.")
        % {"line": line}
    )
