"""Write: curves, and the course of an import from the uploaded file to its report."""

import os
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType

from django.conf import settings
from django.db import connection, connections
from django.db.models import F
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.metering.curve_operations import Stored, lock_source, store_curves
from apps.metering.imports import ImportReport, describe
from apps.metering.models import MeasureImport, Source
from apps.metering.scope import SCOPE

__all__ = [
    "Stored",
    "claim_import",
    "claim_preview",
    "confirm_import",
    "finish_import",
    "finish_preview",
    "import_path",
    "lock_import",
    "lock_source",
    "open_import",
    "refuse_import",
    "report_progress",
    "store_curves",
]
IMPORT_LOCK = 0x4D49  # with the number of the import
MAX_ATTEMPTS = 3
DIRECTORY = "measures"
State = MeasureImport.State


def open_import(
    *,
    file_name: str,
    chunks: Iterable[bytes],
    source: Source,
    imported_by: User | None,
    as_of: datetime,
    communities: Sequence[int] | None = None,
) -> MeasureImport:
    """Keep an uploaded file below DATA_DIR and record that it is there. Nobody has looked into it yet.

    `communities` confines it to the PODs of these (see `apps.metering.scope`).
    """
    path = f"{DIRECTORY}/{as_of:%Y-%m}/{uuid.uuid4()}.csv"
    target = Path(settings.DATA_DIR) / path
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        for chunk in chunks:
            file.write(chunk)
        size = file.tell()
    return MeasureImport.objects.create(
        file_name=Path(file_name).name[:255],
        file_path=path,
        source=source,
        report={} if communities is None else {SCOPE: list(communities)},
        bytes_total=size,
        imported_by=imported_by,
        created_at=as_of,
    )


def import_path(found: MeasureImport) -> Path:
    """Where the file of an import lies."""
    return Path(settings.DATA_DIR) / found.file_path


class lock_import:
    """While a worker holds this, no other works on the same import; a worker that dies lets go by dying."""

    def __init__(self, import_id: int) -> None:
        self.import_id = import_id
        self.mine = False

    def __enter__(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [IMPORT_LOCK, self.import_id])
            self.mine = bool(cursor.fetchone()[0])
        return self.mine

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.mine:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [IMPORT_LOCK, self.import_id])


def confirm_import(*, import_id: int) -> bool:
    """Let a previewed file be imported. True for the one press that did it: pressed twice, a worker is woken once."""
    return bool(MeasureImport.objects.filter(pk=import_id, state=State.PREVIEWED).update(state=State.IMPORTING))


def claim_preview(*, import_id: int) -> bool:
    """Take an uploaded file into preview. False when there is nothing to do. Call it under `lock_import`."""
    return _claim(import_id, [State.UPLOADED], State.UPLOADED)


def claim_import(*, import_id: int) -> bool:
    """Take a file into import, also one whose worker died. False when there is nothing to do. Call it under `lock_import`."""
    return _claim(import_id, [State.UPLOADED, State.PREVIEWED, State.IMPORTING], State.IMPORTING)


def _claim(import_id: int, states: list[State], state: State) -> bool:
    claimable = MeasureImport.objects.filter(pk=import_id, state__in=states)
    tired = _("The import was interrupted %(times)s times. Look at the worker's log, then upload the file again.")
    if claimable.filter(attempts__gte=MAX_ATTEMPTS).update(state=State.REFUSED, error=tired % {"times": MAX_ATTEMPTS}):
        return False
    return bool(claimable.update(state=state, attempts=F("attempts") + 1, bytes_done=0, error=""))


def finish_preview(*, import_id: int, report: ImportReport, rejects_sha256: str = "") -> None:
    """Show what the file would do. A preview that comes late never overwrites what was done since."""
    MeasureImport.objects.filter(pk=import_id, state=State.UPLOADED).update(
        state=State.PREVIEWED, attempts=0, **_facts(import_id, report, rejects_sha256)
    )


def finish_import(*, import_id: int, report: ImportReport, as_of: datetime, rejects_sha256: str = "") -> None:
    """Record what the file did. Called last in the transaction that stores the curves."""
    MeasureImport.objects.filter(pk=import_id, state=State.IMPORTING).update(
        state=State.IMPORTED, finished_at=as_of, **_facts(import_id, report, rejects_sha256)
    )


def refuse_import(*, import_id: int, reason: str, as_of: datetime) -> None:
    """Record why nothing of the file was written."""
    MeasureImport.objects.filter(pk=import_id, state__in=[State.UPLOADED, State.IMPORTING]).update(
        state=State.REFUSED, error=reason, finished_at=as_of
    )


class report_progress:
    """Shows how far an import is while its transaction is open: over a connection of its own, which commits at once.

    A hundred steps are enough for a bar, and each is a commit.
    """

    def __init__(self, import_id: int, *, bytes_total: int) -> None:
        self.import_id = import_id
        self._step = max(1, bytes_total // 100)
        self._next = self._step
        self._connection = connections.create_connection("default")

    def __enter__(self) -> "report_progress":
        return self

    def __call__(self, bytes_done: int) -> None:
        if bytes_done < self._next:
            return
        self._next = bytes_done + self._step
        with self._connection.cursor() as cursor:
            cursor.execute("UPDATE metering_measureimport SET bytes_done = %s WHERE id = %s", [bytes_done, self.import_id])

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._connection.close()


def _facts(import_id: int, report: ImportReport, rejects_sha256: str) -> dict[str, object]:
    told = MeasureImport.objects.values_list("report", flat=True).get(pk=import_id)
    scope = {SCOPE: told[SCOPE]} if SCOPE in told else {}
    return {
        "file_sha256": report.sha256,
        "rows_read": report.read,
        "rows_new": report.new,
        "rows_changed": report.changed,
        "rows_unchanged": report.unchanged,
        "rows_rejected": report.rejected,
        "report": describe(report) | scope | {"rejects_sha256": rejects_sha256},
        "bytes_done": F("bytes_total"),
    }
