"""The frozen side of an explanation: a part of a run's snapshot, checked against the run before a number is shown."""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from apps.engine.inputs import Contribution, MonthInputs
from apps.engine.results import Line
from apps.settlement.archive import FileAltered, locate
from apps.settlement.models import SettlementRun
from reports.errors import SnapshotAltered
from reports.snapshot_parquet import MANIFEST
from reports.snapshot_slices import (
    CURVES,
    FACTS,
    LINES,
    TAKEN,
    inputs_sha256_of,
    read_hours,
    read_lines,
    read_taken,
    read_with_prices,
)


class SnapshotUnreadable(Exception):
    """The snapshot of the run is gone, altered, or another run's: nothing can be explained until it is restored."""


def get_facts(run: SettlementRun) -> MonthInputs:
    """Everything of the input but curves; with the prices of all hours. Errors: `SnapshotUnreadable`."""
    try:
        return read_with_prices(_read(run, FACTS))
    except SnapshotAltered as error:
        raise SnapshotUnreadable(str(error)) from error


def get_hours(run: SettlementRun, hours: slice) -> MonthInputs:
    """The input cut to some hours of the month. Errors: `SnapshotUnreadable`."""
    try:
        return read_hours(_read(run, (*FACTS, *CURVES)), hours)
    except SnapshotAltered as error:
        raise SnapshotUnreadable(str(error)) from error


def get_taken(run: SettlementRun, plants: int) -> NDArray[np.int64]:
    """What each plant took in each hour of the month, (N, H) Wh in cascade order. Errors: `SnapshotUnreadable`."""
    try:
        return read_taken(_read(run, (MANIFEST, TAKEN)), plants=plants)
    except SnapshotAltered as error:
        raise SnapshotUnreadable(str(error)) from error


def get_lines(run: SettlementRun, contribution: Contribution, member: str) -> list[Line]:
    """The postings that the month as a whole would have, of one member and all accounts. Errors: `SnapshotUnreadable`."""
    try:
        return read_lines(_read(run, (MANIFEST, LINES)), contribution=contribution, member=member)
    except SnapshotAltered as error:
        raise SnapshotUnreadable(str(error)) from error


def _read(run: SettlementRun, names: Collection[str]) -> dict[str, bytes]:
    if not run.snapshot_path:
        raise SnapshotUnreadable(f"Run {run.pk} has no snapshot.")
    try:
        place = locate(run.snapshot_path)
        files = {name: (place / name).read_bytes() for name in names}
        if inputs_sha256_of(files) != run.inputs_sha256:
            raise SnapshotUnreadable(f"The snapshot {run.snapshot_path} is not that of run {run.pk}.")
    except (OSError, FileAltered, SnapshotAltered) as error:
        raise SnapshotUnreadable(str(error)) from error
    return files
