"""A later truth about an approved month: what corrected it, and whether the next correction may be opened."""

from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as lazy

from apps.backoffice.access import may_decide
from apps.backoffice.runs.explained import CAUSES
from apps.backoffice.runs.titles import title_of
from apps.settlement.history import get_effective_run
from apps.settlement.models import SettlementRun
from apps.settlement.proposals import list_open_proposals

HEADINGS = {
    SettlementRun.Kind.CORRECTION: lazy("Rettifica"),
    SettlementRun.Kind.PROVISIONAL: lazy("Calcolo dopo l’acconto"),
    SettlementRun.Kind.FINAL: lazy("Calcolo definitivo dopo quello approvato"),
    SettlementRun.Kind.REVERSAL: lazy("Storno"),
}


def get_corrections(request: HttpRequest, run: SettlementRun) -> dict[str, Any]:
    """What the result page says: which base this run stands on, or what followed it and whether a correction may be opened."""
    if run.corrects:
        return {"of": run.corrects, "of_title": title_of(run.corrects), "heading": HEADINGS[SettlementRun.Kind(run.kind)]}
    approved = run.state in SettlementRun.APPROVED_STATES
    speaks = approved and get_effective_run(configuration_id=run.configuration_id, month=run.month) == run
    rows = SettlementRun.objects.filter(corrects=run).select_related("configuration").order_by("opened_at", "pk")
    return {
        "rows": [{"run": row, "title": title_of(row)} for row in rows],
        "possible": speaks and may_decide(request.user, run),
        "proposal": _proposal(run),
    }


def _proposal(run: SettlementRun) -> dict[str, Any] | None:
    """What changed since this month was approved or last corrected, if a worker noticed something."""
    month = SettlementRun.objects.filter(Q(pk=run.pk) | Q(corrects=run))
    found = list_open_proposals(month).first()
    if found is None:
        return None
    return {
        "noticed_at": found.noticed_at,
        "closes_year": found.closes_year,
        "causes": [CAUSES.get(cause, cause) for cause in found.causes],
    }
