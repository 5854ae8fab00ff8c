"""The workers' door to the press: carry frozen content to `reports`, bring bytes back."""

import io
import json
import logging
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import django
import msgspec
from celery import shared_task
from django.utils import timezone

from apps.engine.calendar import month_hours_array
from apps.engine.inputs import Contribution
from apps.engine.results import Line
from apps.invoicing import operations
from apps.invoicing.models import IssuedDocument
from apps.invoicing.run_facts import RunFacts, get_run_facts, logo_path
from apps.invoicing.statements import list_statements
from apps.invoicing.workbooks import workbook_content
from apps.settlement.archive import read_file, read_files
from apps.settlement.booking import unpack_wh
from apps.settlement.models import LedgerEntry, SettlementRun
from reports import statement_pdf, workbook_xlsx
from reports.documents import StatementDocument, WorkbookDocument

log = logging.getLogger(__name__)
Kind = IssuedDocument.Kind
EXTENSIONS = {Kind.STATEMENT: "pdf", Kind.WORKBOOK: "xlsx", Kind.SNAPSHOT: "zip"}
Document = TypeVar("Document", StatementDocument, WorkbookDocument)
ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # a fixed date, so that the same files make the same archive


@shared_task(name="exports.render_documents")
def render_documents(document_ids: list[int]) -> None:
    """Render what still waits among these documents. One that fails is marked and does not stop the others."""
    waiting = IssuedDocument.objects.filter(pk__in=document_ids, state=IssuedDocument.State.PENDING)
    for document in waiting.select_related("run__configuration").order_by("pk"):
        try:
            content = render(document)
        except Exception as error:
            log.exception("Document %s could not be rendered", document.reference)
            operations.record_failure(document_id=document.pk, reason=f"{type(error).__name__}: {error}")
            continue
        operations.record_rendering(
            document=document, content=content, extension=EXTENSIONS[Kind(document.kind)], as_of=timezone.now()
        )


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
    return _convert(content, StatementDocument)


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
    return _convert(content, WorkbookDocument, lines=tuple(_lines(run)), **arrays)


def _lines(run: SettlementRun) -> Sequence[Line]:
    entries = LedgerEntry.objects.filter(run=run).select_related("member").order_by("position")
    return [
        Line(
            contribution=Contribution(entry.contribution),
            block=entry.block,
            member=entry.member.code if entry.member else "",
            account=entry.account,
            cents=entry.cents,
            block_cents=entry.block_cents,
            key=entry.key,
            weight=int(entry.weight),
            weight_total=int(entry.weight_total),
            percent=entry.percent,
        )
        for entry in entries
    ]


def _convert(content: dict[str, Any], kind: type[Document], **ready: Any) -> Document:
    """Plain values into the press's frozen dataclass, strictly typed; the logo is read back by its hash."""
    issuer = dict(content["issuer"])
    sha256 = issuer.pop("logo_sha256")
    logo = read_file(logo_path(sha256), sha256=sha256) if sha256 else None
    hints = get_type_hints(kind)
    values = {
        name: msgspec.convert(value, hints[name], dec_hook=_fraction) for name, value in {**content, "issuer": issuer}.items()
    }
    values["issuer"] = replace(values["issuer"], logo=logo)
    return kind(**values, **ready)


def _fraction(kind: type, value: Any) -> Any:
    if kind is Fraction:
        return Fraction(value)
    raise NotImplementedError(kind)


def zipped(files: dict[str, bytes]) -> bytes:
    """One archive of files that are compressed already; the same files make the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name, ZIP_DATE), files[name])
    return buffer.getvalue()


def write_documents(*, run_id: int, directory: Path) -> None:
    """Write the documents of a settled run into a folder, approved or not (a draft says so on its pages)."""
    facts = get_run_facts(run_id=run_id)
    snapshot = directory / "snapshot"
    snapshot.mkdir(parents=True, exist_ok=True)
    with _statements_printing(facts, directory):
        workbook = workbook_xlsx.render(workbook_from(workbook_content(facts), facts.run))
        (directory / "cartella.xlsx").write_bytes(workbook)
        for name, content in read_files(facts.run.snapshot_path).items():
            (snapshot / name).write_bytes(content)


def write_statements(*, run_id: int, directory: Path) -> None:
    """Write only the statements of a settled run into a folder."""
    directory.mkdir(parents=True, exist_ok=True)
    with _statements_printing(get_run_facts(run_id=run_id), directory):
        pass


@contextmanager
def _statements_printing(facts: RunFacts, directory: Path) -> Iterator[None]:
    """Print all statements on all cores while the block runs. Children get frozen content only, never the parent's database."""
    statements = list_statements(facts, issued_on=timezone.localdate())
    jobs = [(content, directory / f"rendiconto-{row.member.code}.pdf") for row, content in statements]
    with ProcessPoolExecutor(mp_context=get_context("forkserver"), initializer=django.setup) as pool:
        printing = [pool.submit(_print_statement, *job) for job in jobs]
        yield
        for job in printing:
            job.result()


def _print_statement(content: dict[str, Any], path: Path) -> None:
    path.write_bytes(statement_pdf.render(statement_from(content)))
