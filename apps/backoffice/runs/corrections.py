"""A later truth about an approved month: what corrected it, and whether the next correction may be opened."""

from typing import Any

from django.db.models import Q
from django.http import HttpRequest

from apps.backoffice.access import may_decide
from apps.backoffice.runs.explained import CAUSES
from apps.backoffice.runs.titles import title_of
from apps.settlement.history import get_effective_run
from apps.settlement.models import SettlementRun
from apps.settlement.proposals import list_open_proposals


def get_corrections(request: HttpRequest, run: SettlementRun) -> dict[str, Any]:
    """What the result page says: which run this one corrects, or which corrections it has and whether one may be opened."""
    if run.corrects:
        return {"of": run.corrects, "of_title": title_of(run.corrects)}
    approved = run.state in SettlementRun.APPROVED_STATES
    speaks = approved and get_effective_run(configuration_id=run.configuration_id, month=run.month) == run
    rows = SettlementRun.objects.filter(corrects=run).select_related("configuration").order_by("version")
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
    return {"noticed_at": found.noticed_at, "causes": [CAUSES.get(cause, cause) for cause in found.causes]}
