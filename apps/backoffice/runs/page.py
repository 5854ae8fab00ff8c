"""One run at one address: its progress while it is computed, why it stopped, or what it found."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from apps.backoffice.access import may_decide, of_visible_run
from apps.backoffice.pages import runs_crumb, show_page
from apps.backoffice.runs.history import list_steps
from apps.backoffice.runs.issue import get_next_step
from apps.backoffice.runs.labels import phase_text
from apps.backoffice.runs.missing import list_missing_of_stopped
from apps.backoffice.runs.result import get_result
from apps.backoffice.runs.titles import title_of
from apps.settlement.models import SettlementRun

STOP_POLLING = 286  # HTMX's word for "that was the last time"


@of_visible_run("GET", "HEAD")
def show_run(request: HttpRequest, run: SettlementRun) -> HttpResponse:
    """What there is to see of this run now. The address stays the same from the start to the approval."""
    steps = list_steps(run)
    context: dict[str, Any] = {
        "run": run,
        "title": title_of(run),
        "crumbs": [runs_crumb()],
        "may_decide": may_decide(request.user, run),
        "steps": steps,
        "seen_sequence": steps[-1].number if steps else 0,
    }
    if run.is_open:
        return show_page(request, "backoffice/runs/computing.html", **context, **_progress(run))
    if not run.result_sha256 or run.state == SettlementRun.State.FAILED:
        return show_page(request, "backoffice/runs/stopped.html", **context, missing=list_missing_of_stopped(run))
    return show_page(
        request, "backoffice/runs/result.html", **context, **get_result(request, run), next_step=get_next_step(request, run)
    )


@of_visible_run("GET", "HEAD")
def show_progress(request: HttpRequest, run: SettlementRun) -> HttpResponse:
    """The bar alone, asked for every second. When the run has ended, the page loads itself again and shows how."""
    if run.is_open:
        return render(request, "backoffice/runs/progress.html", {"run": run, **_progress(run)})
    response = HttpResponse(status=STOP_POLLING)
    response["HX-Redirect"] = reverse("admin:settlement_settlementrun_change", args=[run.pk])
    return response


def _progress(run: SettlementRun) -> dict[str, Any]:
    total = run.steps_total or 1
    return {"phase": phase_text(run), "done": run.steps_done, "total": total, "percent": 100 * run.steps_done // total}
