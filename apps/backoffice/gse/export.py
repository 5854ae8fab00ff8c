"""The reconciliation of a year to take away, as a workbook or as CSV."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from apps.backoffice.gse.access import of_visible_configuration
from apps.backoffice.gse.labels import outcome_of, sentences
from apps.communities.models import Configuration
from apps.settlement.gse.reconciling import get_reconciliation
from reports.documents.reconciliation import ReconciliationDocument, ReconciliationRow
from reports.reconciliation import render_csv, render_xlsx

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@of_visible_configuration("GET", "HEAD")
def download_xlsx(request: HttpRequest, configuration: Configuration, year: int) -> HttpResponse:
    return _attached(render_xlsx(_document(configuration, year)), XLSX, f"riconciliazione-{configuration.code}-{year}.xlsx")


@of_visible_configuration("GET", "HEAD")
def download_csv(request: HttpRequest, configuration: Configuration, year: int) -> HttpResponse:
    content = render_csv(_document(configuration, year))
    return _attached(content, "text/csv; charset=utf-8", f"riconciliazione-{configuration.code}-{year}.csv")


def _document(configuration: Configuration, year: int) -> ReconciliationDocument:
    today = timezone.localdate()
    found = get_reconciliation(configuration=configuration, year=year, as_of=today)
    return ReconciliationDocument(
        community=configuration.community.name,
        configuration=configuration.code,
        year=year,
        day=today,
        rows=tuple(
            ReconciliationRow(
                month=line.month,
                contribution=line.contribution,
                own_cents=line.own_cents,
                expected_advance_cents=line.expected_advance_cents,
                advance_cents=line.advance_cents,
                true_up_cents=line.true_up_cents,
                gse_cents=line.gse_cents,
                bank_cents=line.bank_cents,
                gse_difference_cents=line.gse_difference,
                bank_difference_cents=line.bank_difference,
                outcome=outcome_of(line)[1],
                reasons=" ".join(sentences(line)),
            )
            for month in found.months
            for line in month.lines
        ),
    )


def _attached(content: bytes, kind: str, name: str) -> HttpResponse:
    safe = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_.") else "-" for letter in name)
    response = HttpResponse(content, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{safe}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
