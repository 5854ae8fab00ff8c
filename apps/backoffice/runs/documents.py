"""The documents of a run: which are ready, a download of each, all statements in one archive."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Case, QuerySet, When
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.backoffice.access import of_visible_run
from apps.backoffice.pages import runs_crumb, show_page
from apps.backoffice.runs.archive import stream_zip
from apps.backoffice.runs.page import STOP_POLLING
from apps.backoffice.runs.result import count_documents
from apps.backoffice.runs.titles import title_of
from apps.invoicing.models import IssuedDocument
from apps.settlement.archive import FileAltered, read_file
from apps.settlement.models import SettlementRun

Kind, State = IssuedDocument.Kind, IssuedDocument.State
ORDER = Case(When(kind=Kind.WORKBOOK, then=0), When(kind=Kind.SNAPSHOT, then=1), default=2)
PER_PAGE = 100
GONE = 410


@of_visible_run("GET", "HEAD")
def list_documents(request: HttpRequest, run: SettlementRun) -> HttpResponse:
    """All documents of the run with their state; asks for news by itself while workers render."""
    crumbs = [runs_crumb(), (title_of(run), reverse("admin:settlement_settlementrun_change", args=[run.pk]))]
    return show_page(
        request,
        "backoffice/runs/documents.html",
        title=_("Documenti"),
        crumbs=crumbs,
        run=run,
        subject=title_of(run),
        **_news(request, run),
    )


@of_visible_run("GET", "HEAD")
def show_progress(request: HttpRequest, run: SettlementRun) -> HttpResponse:
    """The list alone, asked for every second until nothing waits any more."""
    news = _news(request, run)
    status = 200 if news["waiting"] else STOP_POLLING
    return render(request, "backoffice/runs/document_list.html", {"run": run, **news}, status=status)


@of_visible_run("GET", "HEAD")
def download_document(request: HttpRequest, run: SettlementRun, document_id: int) -> HttpResponseBase:
    """One stored file, checked against its hash, always as an attachment."""
    document = _documents(run).filter(pk=document_id, state=State.READY).first()
    if document is None:
        raise Http404
    try:
        content = read_file(document.path, sha256=document.sha256)
    except FileAltered as error:
        return show_page(request, "backoffice/runs/refused.html", title=_("Il file non è più quello prodotto"),
                         crumbs=[runs_crumb()], status=GONE, run=run, reason=str(error))  # fmt: skip
    response = HttpResponse(content, content_type="application/octet-stream")
    return _attached(response, _file_name(document))


@of_visible_run("GET", "HEAD")
def download_statements(request: HttpRequest, run: SettlementRun) -> HttpResponseBase:
    """All statements that are ready, in one archive made while it is sent."""
    ready = _documents(run).filter(kind=Kind.STATEMENT, state=State.READY).order_by("reference")
    if not ready.exists():
        raise Http404
    response = StreamingHttpResponse(stream_zip(_stored(ready)), content_type="application/zip")
    return _attached(response, f"rendiconti-{run.configuration.code}-{run.month_text}.zip")


def _stored(documents: QuerySet[IssuedDocument]) -> Iterator[tuple[str, bytes]]:
    for document in documents.iterator(chunk_size=100):
        yield _file_name(document), read_file(document.path, sha256=document.sha256)


def _attached(response: HttpResponseBase, name: str) -> HttpResponseBase:
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _file_name(document: IssuedDocument) -> str:
    """The reference with the ending of the stored file, harmless in a header and in a file system."""
    safe = "".join(character if character.isascii() and (character.isalnum() or character in "-_.") else "-"
                   for character in document.reference)  # fmt: skip
    return safe + PurePosixPath(document.path).suffix


def _documents(run: SettlementRun) -> QuerySet[IssuedDocument]:
    return IssuedDocument.objects.filter(run=run).defer("frozen")


def _news(request: HttpRequest, run: SettlementRun) -> dict[str, Any]:
    """Counts of all documents, rows of one page: this is asked for every second while workers render thousands."""
    counts = count_documents(run)
    rows = _documents(run).select_related("member").order_by(ORDER, "member__code", "reference")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page", ""))
    approved = run.state in SettlementRun.FROZEN_STATES
    return {
        "page": page,
        "approved": approved,
        "counts": counts,
        "statements_ready": _documents(run).filter(kind=Kind.STATEMENT, state=State.READY).exists(),
        "percent": 100 * counts["ready"] // max(1, counts["total"]),
        "waiting": approved and counts["ready"] + counts["failed"] < max(1, counts["total"]),
    }
