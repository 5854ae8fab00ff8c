"""Bringing in a file of measures, from path to stored curves and a report."""

import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import IO, Any

import numpy as np
from django.db import transaction

from apps.communities.models import MeteringPoint
from apps.engine.inputs import Quality
from apps.metering.curve_operations import lock_source
from apps.metering.measures_file.instants import FIRST_DAY
from apps.metering.measures_file.pods import RegisteredPods
from apps.metering.measures_file.reading import Progress, Reading, read_measures
from apps.metering.measures_file.rejects import Reason, Reject, RejectLog
from apps.metering.measures_file.storing import Storing
from apps.metering.models import Source


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What a file held and what became of it, in rows: `read` = new + changed + unchanged + rejected.

    `rejects` are those of the lowest lines; `pods`, `first_day`, `last_day` speak of accepted rows.
    """

    sha256: str
    read: int
    new: int
    changed: int
    unchanged: int
    rejected: int
    rejects: tuple[Reject, ...]
    pods: int
    first_day: date | None
    last_day: date | None


def import_measures(
    path: Path,
    *,
    source: Source,
    as_of: datetime,
    dry: bool = False,
    only: Sequence[str] | None = None,
    rejects: IO[str] | None = None,
    progress: Progress | None = None,
    finish: Callable[[ImportReport], None] | None = None,
) -> ImportReport:
    """Read a file of measures and store its curves, all in one transaction. With `dry`, report without writing.

    `only` confines it to these POD keys; rows of others are rejected.
    `rejects` gets every rejected line as `line;reason`; `finish` is called last in the transaction.
    Errors: `MeasuresFileRefused`, `OSError`; then nothing is written.
    """
    pods = _writable(only)
    default = Quality.OFFICIAL if source is Source.OFFICIAL else Quality.MEASURED
    storing = Storing(source=source, as_of=as_of, dry=dry)
    with tempfile.TemporaryFile("w+", encoding="utf-8") as spool, transaction.atomic():
        lock_source(source)
        log = RejectLog(spool if rejects is not None else None)
        reading = read_measures(path, pods=pods, default=default, log=log, store_settled=storing.store_settled, progress=progress)
        with closing(reading.spill):
            storing.store_rest(reading)
        report = _report(reading, storing)
        if rejects is not None:
            _write_rejects(log, rejects)
        if finish is not None:
            finish(report)
    return report


def describe(report: ImportReport) -> dict[str, Any]:
    """The report as JSON, in the shape of `import_measures --json`."""
    return {
        "sha256": report.sha256,
        "read": report.read,
        "new": report.new,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "rejected": report.rejected,
        "rejects": [{"line": found.line, "reason": found.sentence} for found in report.rejects],
        "pods": report.pods,
        "first_day": report.first_day and report.first_day.isoformat(),
        "last_day": report.last_day and report.last_day.isoformat(),
    }


def _writable(only: Sequence[str] | None) -> RegisteredPods:
    if only is not None:
        return RegisteredPods(only, stranger=Reason.POD_OUTSIDE)
    return RegisteredPods(list(MeteringPoint.objects.values_list("pod_key", flat=True).distinct()))


def _report(reading: Reading, storing: Storing) -> ImportReport:
    log, days = reading.log, np.flatnonzero(reading.days_seen)
    return ImportReport(
        sha256=reading.sha256,
        read=reading.read,
        new=storing.new,
        changed=storing.changed,
        unchanged=reading.read - log.count - storing.new - storing.changed,
        rejected=log.count,
        rejects=tuple(log.first),
        pods=int(np.count_nonzero(reading.pods_seen)),
        first_day=FIRST_DAY + timedelta(days=int(days[0])) if days.size else None,
        last_day=FIRST_DAY + timedelta(days=int(days[-1])) if days.size else None,
    )


def _write_rejects(log: RejectLog, rejects: IO[str]) -> None:
    """Write all rejects by line, a few at a time however many there are."""
    for found in log.in_order():
        rejects.write(f"{found.line};{found.sentence}\n")
