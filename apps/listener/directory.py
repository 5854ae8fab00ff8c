"""The directory of the listener below DATA_DIR: one process at a time, and how full its disk is."""

import fcntl
import os
import shutil
from pathlib import Path
from typing import IO

PERCENT = 100


class DirectoryTaken(Exception):
    """Another process works in this directory."""


def lock_directory(directory: Path) -> IO[str]:
    """Keep the answer open as long as the directory is ours; the system lets it go when we die. Errors: `DirectoryTaken`."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = open(directory / "lock", "w", encoding="ascii")  # noqa: SIM115 — closed by whoever asked
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise DirectoryTaken(
            f"Another listener works with {directory}. One process listens to all brokers: stop that one first, or give this one "
            "a DATA_DIR of its own."
        ) from error
    return file


def get_disk_percent(directory: Path) -> int:
    """How full the disk is, rounded up, as `df` counts: of what is used and what we may still use, not of what is reserved."""
    usage = shutil.disk_usage(directory)
    return -(-PERCENT * usage.used // (usage.used + usage.free))


def sync_directory(directory: Path) -> None:
    """Make a new name in the directory survive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
