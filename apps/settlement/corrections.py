"""Write: open the correction of an approved month. Issued rows stay as they are; the correction posts the difference."""

from datetime import datetime

from django.db import connection, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.settlement.audit.operations import append_entry
from apps.settlement.errors import RunAlreadyOpen, RunNotOpen
from apps.settlement.history import get_effective_run, list_corrections
from apps.settlement.models import AuditEntry, SettlementRun
from project.failpoints import hit

State, Kind = SettlementRun.State, SettlementRun.Kind
OPEN_LOCK = 7104  # advisory lock space of `open_correction`


@transaction.atomic
def open_correction(*, run_id: int, opened_by: User, as_of: datetime) -> SettlementRun:
    """Open the next correction of the month of an approved run (or of one of its corrections).

    PODs whose missing hours were accepted for a run of the month stay accepted. Errors: `RunNotOpen` when the run is not approved
    or another one speaks for the month; `RunAlreadyOpen` (its argument `run` is the open one).
    """
    run = SettlementRun.objects.select_related("configuration", "corrects").get(pk=run_id)
    base = run.corrects or run
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [OPEN_LOCK, base.pk])
    if base.state not in SettlementRun.APPROVED_STATES:
        raise RunNotOpen(
            _("Run %(run)s is not approved, so there is nothing to correct. Settle the month again.") % {"run": base}
        )
    effective = get_effective_run(configuration_id=base.configuration_id, month=base.month)
    if effective is not None and effective.pk != base.pk:
        raise RunNotOpen(
            _("Run %(run)s no longer speaks for its month. Correct run %(other)s.") % {"run": base, "other": effective}
        )
    others = SettlementRun.objects.filter(configuration=base.configuration_id, month=base.month, kind=Kind.CORRECTION)
    if (open_one := others.filter(state__in=[State.DRAFT, State.COMPUTING]).first()) is not None:
        raise RunAlreadyOpen(_("Run %(run)s is not finished yet. Wait for it to end.") % {"run": open_one}, open_one.pk)
    latest = others.aggregate(latest=Max("version"))["latest"] or 0
    month = [base, *list_corrections([base])]
    correction = SettlementRun.objects.create(
        configuration_id=base.configuration_id,
        month=base.month,
        kind=Kind.CORRECTION,
        version=latest + 1,
        corrects=base,
        opened_by=opened_by,
        opened_at=as_of,
        accepted_missing=sorted({pod for one in month for pod in one.accepted_missing}),
        accepted_by=next((one.accepted_by for one in reversed(month) if one.accepted_by_id), None),
    )
    append_entry(run=correction, action=AuditEntry.Action.OPEN, from_state="", to_state=State.DRAFT, user=opened_by)
    hit("correct.before_commit")
    return correction
