"""Files of measures for the tests of metering."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from django.utils import translation

from tests.apps.metering.rows import HEADER, register_pods

WriteFile = Callable[..., Path]


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def pods(db) -> None:
    """Five registered PODs, IT001E00000001 to IT001E00000005."""
    register_pods()


@pytest.fixture
def write_file(tmp_path: Path) -> WriteFile:
    """Write rows as a file of measures and give its path."""

    def write(rows: Iterable[str], *, header: str = HEADER, name: str = "measures.csv", end: str = "\n") -> Path:
        path = tmp_path / name
        path.write_bytes(end.join([header, *rows, ""]).encode())
        return path

    return write
