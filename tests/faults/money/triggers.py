"""What a trigger does, in a process of its own. What it was told after its commit goes to the truth file, one line at once.

Every function returns what it was told; a refusal by name is an answer like any other.
"""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from apps.accounts.models import User
from apps.communities.models import Configuration
from apps.invoicing.errors import InvoicingError
from apps.invoicing.models import IssuedDocument
from apps.invoicing.operations import freeze_documents, retry_documents
from apps.settlement import issue_operations, operations
from apps.settlement.corrections import open_correction
from apps.settlement.errors import RunAlreadyOpen, SettlementError
from tasks import exports, invoicing, settlement
from tests.faults.money.hamlets import PAST, Hamlet, make_measures

Told = dict[str, Any]


@dataclass(slots=True)
class Trigger:
    """Who does what. `point`, `mode`: where and how its process is to die (`kill`, `freeze`, `anywhere`) or dawdle (`pause`)."""

    name: str
    arguments: dict[str, Any]
    point: str = ""
    mode: str = ""
    number: int = 0
    delay_seconds: float = field(default=0.0)  # of the mode `anywhere`


def press_open(*, configuration_id: int, month: date, kind: str, user_id: int) -> Told:
    try:
        run = operations.open_run(
            configuration=Configuration.objects.get(pk=configuration_id),
            month=month,
            kind=kind,
            opened_by=User.objects.get(pk=user_id),
            as_of=PAST,
        )
    except RunAlreadyOpen as error:
        return {"told": "open already", "run": operations.open_error_run_id(error)}
    return {"told": "opened", "run": run.pk}


def press_correct(*, run_id: int, user_id: int) -> Told:
    try:
        run = open_correction(run_id=run_id, opened_by=User.objects.get(pk=user_id), as_of=PAST)
    except RunAlreadyOpen as error:
        return {"told": "open already", "run": operations.open_error_run_id(error)}
    return {"told": "opened", "run": run.pk}


def beat_open(*, month: str) -> Told:
    settlement.open_provisional_runs(month)
    return {"told": "beaten"}


def beat_resume() -> Told:
    """The timetable's look at forgotten runs; time goes faster here."""
    settlement.FORGOTTEN_AFTER = timedelta(0)
    settlement.resume_runs()
    return {"told": "beaten"}


def beat_complete() -> Told:
    invoicing.complete_documents()
    return {"told": "beaten"}


def settle(*, run_id: int) -> Told:
    settlement.settle_month(run_id)
    return {"told": "settled", "run": run_id}


def send_settle(*, run_id: int) -> Told:
    settlement.settle_month.delay(run_id)
    return {"told": "sent", "run": run_id}


def retry(*, run_id: int, user_id: int) -> Told:
    operations.retry_run(run_id=run_id, opened_by=User.objects.get(pk=user_id), as_of=PAST)
    return {"told": "retried", "run": run_id}


def approve(*, run_id: int, user_id: int, seen_sha256: str) -> Told:
    operations.approve_run(run_id=run_id, approved_by=User.objects.get(pk=user_id), seen_sha256=seen_sha256, as_of=PAST)
    return {"told": "approved", "run": run_id, "user": user_id, "seen": seen_sha256}


def issue(*, run_id: int) -> Told:
    """Freeze and send to the press, as the door's message does."""
    invoicing.issue_documents(run_id)
    return {"told": "frozen", "run": run_id}


def send_issue(*, run_id: int) -> Told:
    invoicing.issue_documents.delay(run_id)
    return {"told": "sent", "run": run_id}


def render(*, run_id: int) -> Told:
    """Freeze, and be the press oneself."""
    freeze_documents(run_id=run_id, as_of=PAST)
    exports.render_documents(list(IssuedDocument.objects.filter(run=run_id).order_by("pk").values_list("pk", flat=True)))
    return {"told": "rendered", "run": run_id}


def mend_documents(*, run_id: int) -> Told:
    exports.render_documents(retry_documents(run_id=run_id))
    return {"told": "rendered", "run": run_id}


def pay(*, run_id: int, user_id: int, reference: str, seen_sha256: str, seen_sequence: int) -> Told:
    issue_operations.mark_paid(
        run_id=run_id,
        paid_by=User.objects.get(pk=user_id),
        paid_on=date(2024, 12, 1),
        reference=reference,
        seen_sha256=seen_sha256,
        seen_sequence=seen_sequence,
        as_of=PAST,
    )
    return {"told": "paid", "run": run_id, "user": user_id, "reference": reference}


def change(*, hamlet: Hamlet, month: date, seed: int) -> Told:
    make_measures(hamlet, month, seed)
    return {"told": "changed"}


DEEDS: dict[str, Callable[..., Told]] = {
    deed.__name__: deed
    for deed in (
        press_open, press_correct, beat_open, beat_resume, beat_complete, settle, send_settle, retry, approve, issue, send_issue,
        render, mend_documents, pay, change,
    )
}  # fmt: skip


def do(trigger: Trigger, truth: Path) -> None:
    """Do it, and write down what came of it."""
    try:
        told = DEEDS[trigger.name](**trigger.arguments)
    except (SettlementError, InvoicingError) as error:
        told = {"told": "refused", "because": type(error).__name__, "run": trigger.arguments.get("run_id")}
    line = json.dumps({"trigger": trigger.number, "name": trigger.name, **told}) + "\n"
    descriptor = os.open(truth, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, line.encode())
    os.close(descriptor)
