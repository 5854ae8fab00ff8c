"""The workers' door to the press: carry frozen content to `reports`, bring bytes back."""

import io
import json
import logging
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from celery import shared_task
from django.utils import timezone

from apps.engine.calendar import month_hours_array
from apps.engine.results import Line
from apps.invoicing import operations
from apps.invoicing.issue_operations import issue_if_complete
from apps.invoicing.models import IssuedDocument
from apps.invoicing.run_facts import RunFacts, get_run_facts, logo_path
from apps.invoicing.statements import list_statements
from apps.invoicing.workbooks import workbook_content
from apps.settlement.archive import read_file, read_files
from apps.settlement.booking import line_of_entry, unpack_wh
from apps.settlement.models import LedgerEntry, SettlementRun
from project.failpoints import hit
from reports import statement_pdf, workbook_xlsx
from reports.documents import StatementDocument, WorkbookDocument
from tasks.printing import Print, document_from

log = logging.getLogger(__name__)
Kind = IssuedDocument.Kind
EXTENSIONS = {Kind.STATEMENT: "pdf", Kind.WORKBOOK: "xlsx", Kind.SNAPSHOT: "zip"}
ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # a fixed date, so that the same files make the same archive


@shared_task(name="exports.render_documents")
def render_documents(document_ids: list[int]) -> None:
    """Render what still waits among these documents. One that fails is marked and does not stop the others.

    Whoever renders the last document of a run issues the run.
    """
    waiting = IssuedDocument.objects.filter(pk__in=document_ids, state=IssuedDocument.State.PENDING)
    for document in waiting.select_related("run__configuration").order_by("pk"):
        hit("render.before")
        try:
            content = render(document)
        except Exception as error:
            log.exception("Document %s could not be rendered", document.reference)
            operations.record_failure(document_id=document.pk, reason=f"{type(error).__name__}: {error}")
            continue
        operations.record_rendering(
            document=document, content=content, extension=EXTENSIONS[Kind(document.kind)], as_of=timezone.now()
        )
    hit("issue.before")
    runs = IssuedDocument.objects.filter(pk__in=document_ids).order_by("run").values_list("run", flat=True).distinct()
    for run_id in runs:
        issue_if_complete(run_id=run_id, as_of=timezone.now())


def render(document: IssuedDocument) -> bytes:
    """The bytes of one document, from its frozen content alone (and the packed hours of its frozen run)."""
    match Kind(document.kind):
        case Kind.STATEMENT:
            return statement_pdf.render(statement_from(json.loads(document.frozen)))
        case Kind.WORKBOOK:
            return workbook_xlsx.render(workbook_from(json.loads(document.frozen), document.run))
        case Kind.SNAPSHOT:
            return zipped(read_files(document.run.snapshot_path))


def statement_from(content: dict[str, Any]) -> StatementDocument:
    """Frozen values into the press's document."""
    return document_from(content, _logo(content), StatementDocument)


def workbook_from(content: dict[str, Any], run: SettlementRun) -> WorkbookDocument:
    """Frozen values, the packed hours and the entries of the run into the press's document."""
    curves = run.curves
    hours = month_hours_array(run.month.year, run.month.month)
    arrays = {
        "hours_utc": hours,
        "injected_wh": unpack_wh(curves.injected),
        "withdrawn_wh": unpack_wh(curves.withdrawn),
        "shared_wh": unpack_wh(curves.shared),
        "taken_wh": unpack_wh(curves.taken).reshape(len(content["plants"]), len(hours)),
    }
    return document_from(content, _logo(content), WorkbookDocument, lines=tuple(_lines(run)), **arrays)


def _lines(run: SettlementRun) -> Sequence[Line]:
    entries = LedgerEntry.objects.filter(run=run).select_related("member").order_by("position")
    return [line_of_entry(entry, entry.member.code if entry.member else "") for entry in entries]


def _logo(content: dict[str, Any]) -> bytes | None:
    """The logo that frozen content names by its hash."""
    sha256 = content["issuer"]["logo_sha256"]
    return read_file(logo_path(sha256), sha256=sha256) if sha256 else None


def zipped(files: dict[str, bytes]) -> bytes:
    """One archive of files that are compressed already; the same files make the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name, ZIP_DATE), files[name])
    return buffer.getvalue()


def write_documents(*, run_id: int, directory: Path, print_into: Print) -> None:
    """Write the documents of a settled run into a folder, approved or not (a draft says so on its pages).

    `print_into` is what `tasks.printing.printing` gives: the statements are there when its block has been left.
    """
    facts = get_run_facts(run_id=run_id)
    snapshot = directory / "snapshot"
    snapshot.mkdir(parents=True, exist_ok=True)
    _print_statements(facts, directory, print_into)
    workbook = workbook_xlsx.render(workbook_from(workbook_content(facts), facts.run))
    (directory / "cartella.xlsx").write_bytes(workbook)
    for name, content in read_files(facts.run.snapshot_path).items():
        (snapshot / name).write_bytes(content)


def write_statements(*, run_id: int, directory: Path, print_into: Print) -> None:
    """Write only the statements of a settled run into a folder."""
    directory.mkdir(parents=True, exist_ok=True)
    _print_statements(get_run_facts(run_id=run_id), directory, print_into)


def _print_statements(facts: RunFacts, directory: Path, print_into: Print) -> None:
    for row, content in list_statements(facts, issued_on=timezone.localdate()):
        print_into(content, _logo(content), directory / f"rendiconto-{row.member.code}.pdf")
