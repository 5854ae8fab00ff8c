"""The steps of a run as people read them: when, who, what, why. From the audit trail, so nothing of it can be made up later."""

from dataclasses import dataclass
from datetime import date, datetime

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.settlement.audit.queries import list_history
from apps.settlement.models import AuditEntry, SettlementRun


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the history. `why` are sentences: the reason that was given, and what the step was about."""

    number: int
    at: datetime
    who: str
    what: str
    why: tuple[str, ...]


def list_steps(run: SettlementRun, *, after: int = 0) -> list[Step]:
    """The steps of a run, oldest first; with `after`, those that followed that number."""
    return [
        Step(number=row.sequence, at=row.at, who=_who(row), what=row.get_action_display(), why=tuple(_why(row)))
        for row in list_history(run, after=after)
    ]


def _who(row: AuditEntry) -> str:
    return str(row.user) if row.user else str(row.get_actor_display())


def _why(row: AuditEntry) -> list[str]:
    details, said = row.details, [row.reason] if row.reason else []
    if pods := details.get("pods"):
        said.append(", ".join(pods))
    if paid_on := details.get("paid_on"):
        said.append(
            _("Pagata il %(day)s, riferimento %(reference)s.")
            % {"day": date_format(date.fromisoformat(paid_on), "d/m/Y"), "reference": details["payment_reference"]}
        )
    return said
