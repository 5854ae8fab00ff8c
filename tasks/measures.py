"""The workers' door to files of measures: preview one, import one, take up what was left lying."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from apps.metering import operations
from apps.metering.errors import MeteringError
from apps.metering.imports import ImportReport, import_measures
from apps.metering.kept_rejects import write_rejects
from apps.metering.models import MeasureImport, Source
from apps.metering.queries import get_import, list_forgotten_imports
from apps.metering.scope import list_writable_pods

# By then the message is lost or the worker dead (the queue may lose one, the database does not).
FORGOTTEN_AFTER = timedelta(minutes=2)


@shared_task(name="measures.preview_file")
def preview_file(import_id: int) -> None:
    """Read a file and report what it would do, without writing. May be lost, may run twice."""
    with operations.lock_import(import_id) as mine:
        if mine and operations.claim_preview(import_id=import_id):
            _read(get_import(import_id), dry=True)


@shared_task(name="measures.import_file")
def import_file(import_id: int) -> None:
    """Import a file. May be lost, may run twice: the state in the database decides, and a file imported again changes nothing."""
    with operations.lock_import(import_id) as mine:
        if mine and operations.claim_import(import_id=import_id):
            _read(get_import(import_id), dry=False)


@shared_task(name="measures.resume_imports")
def resume_imports() -> None:
    """Wake imports whose message was lost or whose worker died; the tasks themselves decide whether there is work."""
    for found in list_forgotten_imports(before=timezone.now() - FORGOTTEN_AFTER):
        task = import_file if found.state == MeasureImport.State.IMPORTING else preview_file
        task.delay(found.pk)


def _read(found: MeasureImport, *, dry: bool) -> None:
    """Read the file of an import to its report, or record why it is refused."""

    def finish(report: ImportReport) -> None:
        sha256 = rejects.keep()
        if dry:
            operations.finish_preview(import_id=found.pk, report=report, rejects_sha256=sha256)
        else:
            operations.finish_import(import_id=found.pk, report=report, rejects_sha256=sha256, as_of=timezone.now())

    rejects = write_rejects(found)
    try:
        with operations.report_progress(found.pk, bytes_total=found.bytes_total) as progress, rejects:
            import_measures(
                operations.import_path(found),
                source=Source(found.source),
                as_of=timezone.now(),
                dry=dry,
                only=list_writable_pods(found),
                rejects=rejects.file,
                progress=progress,
                finish=finish,
            )
    except (MeteringError, OSError) as error:
        operations.refuse_import(import_id=found.pk, reason=str(error), as_of=timezone.now())
    except Exception as error:
        operations.refuse_import(import_id=found.pk, reason=f"{type(error).__name__}: {error}", as_of=timezone.now())
        raise
