"""Files that must outlive everything: written whole under another name, flushed, then renamed; read back by their hash."""

import hashlib
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

_AT_ONCE = 8


class FileAltered(Exception):
    """A stored file is missing or is not what was stored."""


def store_files(directory: str, files: Mapping[str, bytes]) -> None:
    """Write `files` (name -> bytes) below DATA_DIR/`directory`; each appears whole or not at all. Same bytes twice: no change.

    They are flushed at once: the disk then joins what would otherwise be one wait per file.
    """
    if not files:
        return
    with ThreadPoolExecutor(max_workers=min(len(files), _AT_ONCE)) as pool:
        list(pool.map(lambda name: _write(f"{directory}/{name}", lambda file: file.write(files[name])), files))
    _flush(locate(directory))


def store_file(path: str, content: bytes) -> str:
    """Write one file below DATA_DIR and return its SHA-256."""
    write_file(path, lambda file: file.write(content))
    return hashlib.sha256(content).hexdigest()


def write_file(path: str, write: Callable[[BinaryIO], object]) -> None:
    """Have one file below DATA_DIR written by a function, which may seek in it. It appears whole or not at all."""
    _write(path, write)
    _flush(locate(path).parent)


def _write(path: str, write: Callable[[BinaryIO], object]) -> None:
    target = locate(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
    with open(temporary, "wb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, target)


def _flush(directory: Path) -> None:
    """Make the names in a directory as safe as what the files hold."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def hash_file(path: str) -> tuple[str, int]:
    """SHA-256 and length of a stored file, read in pieces. Errors: `FileAltered` when it is gone."""
    try:
        with open(locate(path), "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest(), file.tell()
    except FileNotFoundError as error:
        raise FileAltered(f"The stored file {path} is gone. Restore it from a backup or render it again.") from error


def open_file(path: str, *, sha256: str) -> BinaryIO:
    """A stored file to be read in pieces, after its hash was checked. Errors: `FileAltered` when it is gone or changed."""
    if hash_file(path)[0] != sha256:
        raise FileAltered(f"The stored file {path} is not what was stored. Restore it from a backup or render it again.")
    return open(locate(path), "rb")  # whoever asked for it closes it


def read_file(path: str, *, sha256: str) -> bytes:
    """The bytes that were stored. Errors: `FileAltered` when they are gone or changed."""
    try:
        content = locate(path).read_bytes()
    except FileNotFoundError as error:
        raise FileAltered(f"The stored file {path} is gone. Restore it from a backup or render it again.") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise FileAltered(f"The stored file {path} is not what was stored. Restore it from a backup or render it again.")
    return content


def read_files(directory: str) -> dict[str, bytes]:
    """All files of one directory below DATA_DIR, by name."""
    place = locate(directory)
    return {item.name: item.read_bytes() for item in sorted(place.iterdir()) if not item.name.startswith(".")}


def locate(path: str) -> Path:
    """Where a stored path lies. Refuses to leave DATA_DIR."""
    base = Path(settings.DATA_DIR).resolve()
    target = (base / path).resolve()
    if base not in target.parents:
        raise FileAltered(f"The stored path {path} leads out of the data directory.")
    return target
