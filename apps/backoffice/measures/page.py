"""One import at one address: the preview while it is made, what the file would do, what it did."""

from collections.abc import Iterable
from datetime import date
from itertools import chain
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.backoffice.measures.access import may_import, of_visible_import
from apps.backoffice.measures.completeness import imports_crumb
from apps.backoffice.pages import show_page
from apps.metering import operations
from apps.metering.errors import RejectsAltered
from apps.metering.kept_rejects import read_rejects
from apps.metering.models import MeasureImport
from tasks.measures import import_file

State = MeasureImport.State
WORKING = (State.UPLOADED, State.IMPORTING)
STOP_POLLING = 286
GONE = 410
CSV_HEADER = "riga;motivo"


@of_visible_import("GET", "HEAD")
def show_import(request: HttpRequest, found: MeasureImport) -> HttpResponse:
    """What there is to see of this import now."""
    return show_page(
        request,
        "backoffice/measures/import.html",
        title=found.file_name,
        crumbs=[imports_crumb()],
        may_import=may_import(request.user),
        rejects=found.report.get("rejects", []),
        more_rejects=max(0, found.rows_rejected - len(found.report.get("rejects", []))),
        **_facts(found),
    )


@of_visible_import("GET", "HEAD")
def show_progress(request: HttpRequest, found: MeasureImport) -> HttpResponse:
    """The bar alone, asked for every second; when the worker is done, the page loads itself again."""
    if found.state in WORKING:
        return render(request, "backoffice/measures/progress.html", _facts(found))
    response = HttpResponse(status=STOP_POLLING)
    response["HX-Redirect"] = reverse("admin:metering_measureimport_change", args=[found.pk])
    return response


@of_visible_import("POST", imports=True)
def confirm_import(request: HttpRequest, found: MeasureImport) -> HttpResponse:
    """Import what was previewed. Pressed twice, it is done once."""
    with transaction.atomic():
        if operations.confirm_import(import_id=found.pk):
            transaction.on_commit(lambda: import_file.delay(found.pk), robust=True)
    return redirect("admin:metering_measureimport_change", found.pk)


@of_visible_import("GET", "HEAD", imports=True)
def download_rejects(request: HttpRequest, found: MeasureImport) -> HttpResponseBase:
    """All rejected lines as a file for a spreadsheet: semicolons, byte order mark, and no text that could be a formula."""
    rows: Iterable[tuple[int, str]] = ((row["line"], row["reason"]) for row in found.report.get("rejects", []))
    if found.report.get("rejects_sha256"):
        try:
            rows = read_rejects(found)
        except RejectsAltered as error:
            return HttpResponse(str(error), status=GONE, content_type="text/plain; charset=utf-8")
    lines = (f"{line};{_quoted(reason)}\r\n" for line, reason in rows)
    response = StreamingHttpResponse(chain([f"\ufeff{CSV_HEADER}\r\n"], lines), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="righe-rifiutate-{found.pk}.csv"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _quoted(text: str) -> str:
    harmless = f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
    return '"' + harmless.replace('"', '""') + '"'


def _facts(found: MeasureImport) -> dict[str, Any]:
    total = max(1, found.bytes_total)
    phase = _("Lettura del file, senza scrivere niente") if found.state == State.UPLOADED else _("Importazione delle misure")
    return {
        "found": found,
        "working": found.state in WORKING,
        "phase": phase,
        "percent": min(100, 100 * found.bytes_done // total),
        "begun": found.bytes_done > 0,
        "first_day": _day(found, "first_day"),
        "last_day": _day(found, "last_day"),
    }


def _day(found: MeasureImport, key: str) -> date | None:
    text = found.report.get(key)
    return date.fromisoformat(text) if text else None
