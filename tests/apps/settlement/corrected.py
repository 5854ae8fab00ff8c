"""Settling, approving and correcting in one breath, for tests of what comes after."""

from datetime import UTC, datetime

from apps.settlement import operations
from apps.settlement.corrections import open_correction
from apps.settlement.models import SettlementRun
from tasks.settlement import settle_month

NOW = datetime(2024, 2, 1, 8, 0, tzinfo=UTC)


def settle(run):
    settle_month.apply(args=(run.pk,), throw=True)
    run.refresh_from_db()
    assert run.state == "computed", run.error
    return run


def approve(run, village):
    approved = operations.approve_run(run_id=run.pk, approved_by=village.bruno, seen_sha256=run.result_sha256, as_of=NOW)
    return SettlementRun.objects.get(pk=approved.pk)


def correct(run, village):
    return settle(open_correction(run_id=run.pk, opened_by=village.anna, as_of=NOW))
