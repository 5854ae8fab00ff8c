# ruff: noqa: E402 — Django must be set up before our modules are imported
"""The mistakes that the harness must notice, made on purpose: `MONEY_BROKEN=name` for the workers, `make` for who forks.

`celery --app tests.faults.money.broken worker` is a worker that makes one.
"""

import os
from collections.abc import Callable, Iterable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")

import django

django.setup()

from django.db import transaction
from django.db.models import Max

from apps.accounts.models import User
from apps.communities.models import Configuration
from apps.settlement import booking, operations
from apps.settlement.audit.operations import append_entry
from apps.settlement.models import AuditEntry, SettlementRun
from celery_app import app
from project.failpoints import hit

__all__ = ["BROKEN", "app", "make"]


def no_unique_key() -> None:
    """Number the versions by max + 1, asking nobody and waiting for nobody. The harness drops the keys, too."""

    @transaction.atomic
    def open_run(*, configuration: Configuration, month: Any, kind: str, opened_by: User | None, as_of: Any, **_: Any) -> Any:
        runs = SettlementRun.objects.filter(configuration=configuration, month=month, kind=kind)
        version = (runs.aggregate(latest=Max("version"))["latest"] or 0) + 1
        run = SettlementRun.objects.create(
            configuration=configuration, month=month, kind=kind, version=version, opened_by=opened_by, opened_at=as_of
        )
        hit("open.before_commit")
        append_entry(run=run, action=AuditEntry.Action.OPEN, from_state="", to_state="draft", user=opened_by)
        return run

    operations.open_run = open_run


def two_transactions() -> None:
    """Mark a run computed in one transaction and book it in another."""
    replace = booking.replace_rows
    record = operations.record_result

    def record_result(**named: Any) -> None:
        operations.replace_rows = lambda **_: None  # type: ignore[attr-defined]
        record(**named)
        hit("settle.after_commit")
        run = SettlementRun.objects.get(pk=named["run_id"])
        replace(run=run, inputs=named["inputs"], result=named["result"])

    operations.record_result = record_result


def float_cents() -> None:
    """Divide by weights in floating point and round each part for itself."""
    rows = booking._ledger_rows

    def rounded(run: Any, booked: Any, members: dict[str, int]) -> Iterable[tuple[Any, ...]]:
        cents, block_cents, weight, weight_total = 6, 7, 9, 10
        for row in rows(run, booked, members):
            part = list(row)
            if part[weight_total]:
                part[cents] = round(part[block_cents] * (float(part[weight]) / float(part[weight_total])))
            yield tuple(part)

    booking._ledger_rows = rounded


def unseen_approval() -> None:
    """Approve whatever is there, whatever was on the screen."""
    approve = operations.approve_run

    def approve_run(**named: Any) -> SettlementRun:
        now = SettlementRun.objects.get(pk=named["run_id"]).result_sha256
        return approve(**{**named, "seen_sha256": now})

    operations.approve_run = approve_run


BROKEN: dict[str, Callable[[], None]] = {
    mistake.__name__: mistake for mistake in (no_unique_key, two_transactions, float_cents, unseen_approval)
}


def make(name: str) -> None:
    """Make this mistake in this process from now on."""
    BROKEN[name]()


if os.environ.get("MONEY_BROKEN"):
    make(os.environ["MONEY_BROKEN"])
