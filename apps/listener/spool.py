"""Batches on disk while Redis cannot take them: appended, fsynced, and given back in order once it can.

A segment is a file of records: magic, length and CRC-32 of the content (4 + 4 + 4 bytes, big-endian), then the content. What has
been given back stands in a small file beside the segment; losing that, or being killed before it is written, only gives some
batches back twice, which their unique names make harmless. A record that was torn by a crash was never acknowledged; it is put
aside with whatever else cannot be read, and blocks nothing.
"""

import logging
import os
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from apps.listener.directory import sync_directory

log = logging.getLogger(__name__)
MAGIC = b"RAW1"
HEADER = struct.Struct(">4sII")
SEGMENT_BYTES = 16 * 1024 * 1024  # a segment is closed when it has grown beyond that
NUMBER_DIGITS = 12
READ_RECORDS, READ_BYTES = 64, 4 * 1024 * 1024  # of one `read`


class Records(NamedTuple):
    """Contents in the order in which they were appended, and where in which segment each of them ends."""

    contents: list[bytes]
    ends: list[int]
    segment: Path


class Spool:
    """The spool of one process below one directory that no other process uses.

    `size_bytes` is what still has to be given back, `damaged` how many stretches were put aside.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.directory = directory
        self.damaged = 0
        self._segments = sorted(directory.glob("[0-9]" * NUMBER_DIGITS + ".spool"))
        self._file: BinaryIO | None = None  # the last segment, while it is open for appending
        self._offsets = {segment: _read_progress(segment) for segment in self._segments}
        self._sizes = {segment: segment.stat().st_size for segment in self._segments}

    @property
    def size_bytes(self) -> int:
        return sum(self._sizes[segment] - self._offsets[segment] for segment in self._segments)

    def append(self, contents: Sequence[bytes]) -> None:
        """Return when all of them are safe on disk. Errors: `OSError`, and then none of them counts as kept."""
        file = self._file or self._open_segment()
        segment = self._segments[-1]
        try:
            for content in contents:
                file.write(HEADER.pack(MAGIC, len(content), zlib.crc32(content)))
                file.write(content)
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            # After a failed write or fsync nobody knows what this file holds: leave it to the reader, begin another.
            self._close_segment()
            raise
        self._sizes[segment] = file.tell()
        if self._sizes[segment] >= SEGMENT_BYTES:
            self._close_segment()

    def read(self) -> Records | None:
        """The next batches to give back, a bounded number of them; None when there are none."""
        while self._segments:
            segment = self._segments[0]
            records = self._read_segment(segment)
            if records.contents:
                return records
            self._remove(segment)
        return None

    def forget(self, records: Records, count: int) -> None:
        """The first `count` of these were given back."""
        if count:
            self._offsets[records.segment] = records.ends[count - 1]
            _write_progress(records.segment, records.ends[count - 1])
        if self._offsets[records.segment] >= self._sizes[records.segment]:
            self._remove(records.segment)

    def close(self) -> None:
        self._close_segment()

    def _open_segment(self) -> BinaryIO:
        last = int(self._segments[-1].stem) if self._segments else self._last_number()
        segment = self.directory / f"{last + 1:0{NUMBER_DIGITS}d}.spool"
        self._file = open(segment, "xb")  # noqa: SIM115 — open for many appends
        segment.chmod(0o600)
        sync_directory(self.directory)
        self._segments.append(segment)
        self._offsets[segment] = self._sizes[segment] = 0
        return self._file

    def _last_number(self) -> int:
        """Numbers are not used again, so that nothing old beside a segment is taken for its own."""
        return max((int(path.name.partition(".")[0]) for path in self.directory.glob("[0-9]" * NUMBER_DIGITS + ".*")), default=0)

    def _close_segment(self) -> None:
        if self._file is None:
            return
        file, self._file = self._file, None
        try:
            file.close()
        except OSError as error:  # what was still buffered belongs to an append that has failed already
            log.warning("A segment of the spool could not be closed: %s", error)
        segment = self._segments[-1]
        self._sizes[segment] = segment.stat().st_size

    def _read_segment(self, segment: Path) -> Records:
        records = Records([], [], segment)
        offset, total = self._offsets[segment], 0
        end = self._sizes[segment]
        with open(segment, "rb") as file:
            while offset < end and len(records.contents) < READ_RECORDS and total < READ_BYTES:
                content = _read_record(file, offset, end)
                if content is None:
                    if records.contents:
                        break
                    offset = self._put_aside(file, segment, offset, end)
                    continue
                offset += HEADER.size + len(content)
                total += len(content)
                records.contents.append(content)
                records.ends.append(offset)
        if not records.contents:
            self._offsets[segment] = offset
        return records

    def _put_aside(self, file: BinaryIO, segment: Path, offset: int, end: int) -> int:
        """Copy what cannot be read next to the segment; returns where the next whole record begins."""
        file.seek(offset)
        rest = file.read(end - offset)
        after = rest.find(MAGIC, 1)
        while after >= 0 and _read_record(file, offset + after, end) is None:
            after = rest.find(MAGIC, after + 1)
        stretch = rest if after < 0 else rest[:after]
        aside = segment.with_suffix(f".{offset}.damaged")
        aside.write_bytes(stretch)
        self.damaged += 1
        log.error("%d bytes of the spool cannot be read and were put aside as %s.", len(stretch), aside)
        return offset + len(stretch)

    def _remove(self, segment: Path) -> None:
        if segment == self._segments[-1]:
            self._close_segment()
        if self._offsets[segment] < self._sizes[segment]:
            return  # closing found more than was known: what a failed append left
        self._segments.remove(segment)
        segment.unlink(missing_ok=True)
        _progress_path(segment).unlink(missing_ok=True)


def _read_record(file: BinaryIO, offset: int, end: int) -> bytes | None:
    """The content of the record that begins there; None when there is no whole one."""
    file.seek(offset)
    header = file.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    magic, length, checksum = HEADER.unpack(header)
    if magic != MAGIC or offset + HEADER.size + length > end:
        return None
    content = file.read(length)
    return content if len(content) == length and zlib.crc32(content) == checksum else None


def _progress_path(segment: Path) -> Path:
    return segment.with_suffix(".progress")


def _read_progress(segment: Path) -> int:
    """Bytes of the segment that were given back."""
    try:
        offset = int(_progress_path(segment).read_text())
    except (FileNotFoundError, ValueError):
        return 0
    return offset if 0 <= offset <= segment.stat().st_size else 0


def _write_progress(segment: Path, offset: int) -> None:
    """Replaced as a whole, without fsync: an older progress only repeats."""
    path = _progress_path(segment)
    draft = path.with_suffix(".draft")
    draft.write_text(str(offset))
    draft.replace(path)
