"""Rows for which there is no room in memory, kept on disk by POD until their turn comes."""

import tempfile
from collections.abc import Iterator
from typing import IO

import numpy as np

from apps.metering.measures_file.rows import Rows

BUCKETS = 64
_ROWS_AT_A_TIME = 200_000
_LAYOUT = np.dtype(
    [
        ("line", "<i8"),
        ("pod", "<i4"),
        ("day", "<i4"),
        ("slot", "u1"),
        ("withdrawn", "<i4"),
        ("injected", "<i4"),
        ("quality", "u1"),
    ]
)


class Spill:
    """Rows by POD: what belongs to one POD and day is always in one bucket, in order of lines."""

    def __init__(self) -> None:
        self._files: dict[int, IO[bytes]] = {}

    def __bool__(self) -> bool:
        return bool(self._files)

    def keep(self, rows: Rows) -> None:
        """Write rows down."""
        if not len(rows):
            return
        table = np.empty(len(rows), _LAYOUT)
        table["line"], table["pod"], table["day"], table["slot"] = rows.line, rows.pod, rows.day, rows.slot
        table["withdrawn"], table["injected"] = rows.energy
        table["quality"] = rows.quality
        buckets = rows.pod % BUCKETS
        for bucket in np.unique(buckets).tolist():
            if bucket not in self._files:
                self._files[bucket] = tempfile.TemporaryFile()  # noqa: SIM115
            self._files[bucket].write(table[buckets == bucket].tobytes())

    def drain(self) -> Iterator[Iterator[Rows]]:
        """Yield the buckets one after the other, each as batches of rows; what was yielded is gone."""
        for bucket in sorted(self._files):
            with self._files[bucket] as file:
                file.seek(0)
                yield _read(file)
        self._files.clear()

    def close(self) -> None:
        """Throw away what is left."""
        for file in self._files.values():
            file.close()
        self._files.clear()


def _read(file: IO[bytes]) -> Iterator[Rows]:
    while content := file.read(_ROWS_AT_A_TIME * _LAYOUT.itemsize):
        table = np.frombuffer(content, _LAYOUT)
        yield Rows(
            line=table["line"].copy(),
            pod=table["pod"].copy(),
            day=table["day"].copy(),
            slot=table["slot"].astype(np.int32),
            energy=np.stack([table["withdrawn"], table["injected"]]),
            quality=table["quality"].copy(),
        )
