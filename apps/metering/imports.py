"""Bringing in a file of measures, from path to stored curves and a report."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import IO

import numpy as np
from django.db import transaction

from apps.communities.models import MeteringPoint
from apps.engine.inputs import Quality
from apps.metering.measures_file.instants import FIRST_DAY
from apps.metering.measures_file.pods import RegisteredPods
from apps.metering.measures_file.reading import Progress, Reading, read_measures
from apps.metering.measures_file.rejects import Reject, RejectLog, read_spool
from apps.metering.measures_file.storing import store_reading
from apps.metering.models import Source
from apps.metering.operations import lock_source


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
    rejects: IO[str] | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Read a file of measures and store its curves, all in one transaction. With `dry`, report without writing.

    `rejects` gets every rejected line as `line;reason`. Errors: `MeasuresFileRefused`, `OSError`; then nothing is written.
    """
    pods = RegisteredPods(list(MeteringPoint.objects.values_list("pod_key", flat=True).distinct()))
    default = Quality.OFFICIAL if source is Source.OFFICIAL else Quality.MEASURED
    with tempfile.TemporaryFile("w+", encoding="utf-8") as spool:
        log = RejectLog(spool if rejects is not None else None)
        with _closing(read_measures(path, pods=pods, default=default, log=log, progress=progress)) as reading:
            with transaction.atomic():
                lock_source(source)
                counts = store_reading(reading, source=source, as_of=as_of, dry=dry)
            if rejects is not None:
                _write_rejects(spool, rejects)
    lines = np.flatnonzero(reading.days_seen)
    return ImportReport(
        sha256=reading.sha256,
        read=reading.read,
        new=counts.new,
        changed=counts.changed,
        unchanged=reading.read - log.count - counts.new - counts.changed,
        rejected=log.count,
        rejects=tuple(log.first),
        pods=int(reading.pods_seen.sum()),
        first_day=FIRST_DAY + timedelta(days=int(lines[0])) if lines.size else None,
        last_day=FIRST_DAY + timedelta(days=int(lines[-1])) if lines.size else None,
    )


@contextmanager
def _closing(reading: Reading) -> Iterator[Reading]:
    try:
        yield reading
    finally:
        reading.spill.close()


def _write_rejects(spool: IO[str], rejects: IO[str]) -> None:
    """Write all rejects by line. Those found late stand at the end of the spool, so they are sorted in."""
    for found in sorted(read_spool(spool)):
        rejects.write(f"{found.line};{found.sentence}\n")
