"""What the tests of the doors share."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A temporary directory that every user may enter, unlike tmp_path, which pytest keeps to its owner."""
    path = Path(tempfile.mkdtemp())
    path.chmod(0o711)
    yield path
    shutil.rmtree(path, ignore_errors=True)
