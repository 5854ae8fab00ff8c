"""The only writers of exports. What a file is made of is fixed when it is asked for; a worker makes it, and may do so twice."""

import json
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.invoicing.accountancy.benefits import freeze_benefits
from apps.invoicing.accountancy.chart import list_chart
from apps.invoicing.accountancy.gse_members import list_gse_members
from apps.invoicing.accountancy.journal import freeze_journal
from apps.invoicing.accountancy.ledger import count_entries
from apps.invoicing.accountancy.models import AccountingExport
from apps.invoicing.accountancy.scope import Scope, list_counted_runs
from apps.invoicing.errors import ExportTooLong, NothingToExport

Format, State = AccountingExport.Format, AccountingExport.State
MOST_SHEET_ROWS = 1_000_000  # a sheet has 1 048 576, and the journal a few more than the entries


def open_export(
    *, scope: Scope, kind: AccountingExport.Kind, file_format: AccountingExport.Format, asked_by: User | None, as_of: datetime
) -> tuple[AccountingExport, bool]:
    """Ask for a file. Returns it, and whether it is new: while one of its sort is being made, asking again is the same one.

    Errors: `NothingToExport`, `ExportTooLong`, `RunNotApproved`, and those of the kind's own facts.
    """
    same = {
        "community": scope.community,
        "configuration": scope.configuration,
        "run": scope.run,
        "kind": kind,
        "format": file_format,
        "first_day": scope.first_day,
        "last_day": scope.last_day,
    }
    waiting = AccountingExport.objects.filter(**same, state=State.PENDING)
    found = waiting.first()
    if found is not None:
        return found, False
    frozen = json.dumps(_freeze(scope, kind, file_format), sort_keys=True)
    try:
        with transaction.atomic():
            return AccountingExport.objects.create(**same, frozen=frozen, asked_by=asked_by, created_at=as_of), True
    except IntegrityError:  # somebody else pressed in between
        return waiting.get(), False


def record_progress(*, export_id: int, rows_done: int, rows_total: int) -> None:
    """Say how far a worker is."""
    AccountingExport.objects.filter(pk=export_id, state=State.PENDING).update(rows_done=rows_done, rows_total=rows_total)


def record_export(*, export_id: int, path: str, sha256: str, size_bytes: int, as_of: datetime) -> None:
    """Mark a stored file as ready; made twice, the first one stands."""
    AccountingExport.objects.filter(pk=export_id, state=State.PENDING).update(
        state=State.READY, path=path, sha256=sha256, size_bytes=size_bytes, made_at=as_of, error=""
    )


def record_failure(*, export_id: int, reason: str) -> None:
    """Mark a file that could not be made. It is asked for anew."""
    AccountingExport.objects.filter(pk=export_id, state=State.PENDING).update(state=State.FAILED, error=reason)


def list_waiting_exports(*, asked_before: datetime) -> list[int]:
    """Files that should have been made by now: what a worker left behind that died."""
    waiting = AccountingExport.objects.filter(state=State.PENDING, created_at__lt=asked_before)
    return list(waiting.order_by("pk").values_list("pk", flat=True))


def _freeze(scope: Scope, kind: AccountingExport.Kind, file_format: AccountingExport.Format) -> dict[str, Any]:
    """What a file of this kind is made of, as JSON."""
    if kind == AccountingExport.Kind.GSE_MEMBERS:
        if scope.configuration is None:
            raise NothingToExport(_("GSE wants a list of members for each configuration. Choose one."))
        return {"members": list_gse_members(configuration=scope.configuration, on=scope.first_day)}
    if kind == AccountingExport.Kind.BENEFITS:
        return _freeze_benefits(scope)
    return _freeze_books(scope, file_format)


def _freeze_benefits(scope: Scope) -> dict[str, Any]:
    if scope.configuration is None:
        raise NothingToExport(_("GSE wants the yearly report of each configuration. Choose one."))
    frozen = freeze_benefits(scope.configuration, scope.first_day.year)
    if not frozen["runs"]:
        raise _nothing(scope)
    return frozen


def _freeze_books(scope: Scope, file_format: AccountingExport.Format) -> dict[str, Any]:
    runs, journal = list_counted_runs(scope), freeze_journal(scope)
    if not runs and not any(journal.values()):
        raise _nothing(scope)
    if file_format == Format.XLSX and (rows := count_entries(runs)) > MOST_SHEET_ROWS:
        raise ExportTooLong(
            _("A sheet holds %(most)s rows, and the period has %(rows)s. Choose CSV, or a shorter period.")
            % {"most": f"{MOST_SHEET_ROWS:,}", "rows": f"{rows:,}"}
        )
    return {
        "runs": [run.pk for run in runs],
        "journal": journal,
        "chart": {account.key: [account.code, account.name] for account in list_chart(community_id=scope.community.pk)},
    }


def _nothing(scope: Scope) -> NothingToExport:
    return NothingToExport(
        _("There is no approved month from %(first)s to %(last)s. Approve a run of the period, or choose another period.")
        % {"first": f"{scope.first_day:%d/%m/%Y}", "last": f"{scope.last_day:%d/%m/%Y}"}
    )
