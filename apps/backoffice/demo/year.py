"""Settle the demo's months as people would: one opens, a worker computes, another approves, workers print."""

import time
from collections.abc import Callable
from datetime import date

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.communities.models import Community, Configuration
from apps.invoicing.models import IssuedDocument
from apps.settlement import operations
from apps.settlement.bounds import is_beyond_bounds, release_run
from apps.settlement.models import SettlementRun
from tasks.invoicing import issue_documents
from tasks.settlement import settle_month

YEAR = 2023
# December is left to the person in front of the screen.
MONTHS = tuple(date(YEAR, month, 1) for month in range(1, 12))
PATIENCE_SECONDS = 300
State = SettlementRun.State


def settle_year(community: Community, *, opener: User, approver: User, say: Callable[[str], None]) -> list[SettlementRun]:
    """All months but the last, in order (the excess of a month builds on the months before), approved and printed."""
    configurations = list(Configuration.objects.filter(community=community))
    runs = []
    for month in MONTHS:
        opened = [_open(configuration, month, opener) for configuration in configurations]
        for run in opened:
            _wait(run)
            if is_beyond_bounds(run):
                release_run(
                    run_id=run.pk,
                    released_by=opener,
                    reason=_("Il mese è diverso dal precedente per la stagione."),
                    seen_sha256=run.result_sha256,
                    as_of=timezone.now(),
                )
                run.refresh_from_db()
            if run.state == State.COMPUTED:
                operations.approve_run(run_id=run.pk, approved_by=approver, seen_sha256=run.result_sha256, as_of=timezone.now())
            run.refresh_from_db()
            say(f"{run}: {run.state} {run.error}".rstrip())
            runs.append(run)
    # The newest month first: it is what people look at while the press goes on; then the first, which is paid.
    for run in [*runs[-2:], *runs[:2], *reversed(runs[2:-2])]:
        if run.state in SettlementRun.FROZEN_STATES:
            issue_documents.delay(run.pk)
    return runs


def wait_for_documents(runs: list[SettlementRun]) -> None:
    """Return when the press has nothing left to do for these runs. Errors: `TimeoutError`."""
    waiting = [run.pk for run in runs if run.state in SettlementRun.FROZEN_STATES]
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        documents = IssuedDocument.objects.filter(run__in=waiting)
        ready = documents.values("run").distinct().count() == len(waiting)
        if ready and not documents.filter(state=IssuedDocument.State.PENDING).exists():
            return
        if time.monotonic() > until:
            raise TimeoutError(f"The documents were not printed within {PATIENCE_SECONDS} s. Look at the worker's log.")
        time.sleep(0.2)


def _open(configuration: Configuration, month: date, opener: User) -> SettlementRun:
    kind = SettlementRun.Kind.PROVISIONAL
    known = SettlementRun.objects.filter(configuration=configuration, month=month, kind=kind).order_by("-version").first()
    if known is not None and known.state not in (State.DRAFT, State.COMPUTING):
        return known
    run = known or operations.open_run(
        configuration=configuration, month=month, kind=kind, opened_by=opener, as_of=timezone.now()
    )
    settle_month.delay(run.pk)
    return run


def _wait(run: SettlementRun) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while run.state in (State.DRAFT, State.COMPUTING):
        if time.monotonic() > until:
            raise TimeoutError(f"Run {run} was not computed within {PATIENCE_SECONDS} s. Look at the worker's log.")
        time.sleep(0.05)
        run.refresh_from_db()
