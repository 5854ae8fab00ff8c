"""A run is issued when every document of it is ready: found by the worker that made the last one, or pressed by a person."""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.invoicing.errors import DocumentsNotReady
from apps.invoicing.models import IssuedDocument
from apps.settlement import issue_operations
from apps.settlement.models import SettlementRun

READY = IssuedDocument.State.READY


@transaction.atomic
def issue_if_complete(*, run_id: int, as_of: datetime) -> bool:
    """Issue an approved run whose documents are all ready; False, and nothing written, for every other. Twice is once."""
    run = SettlementRun.objects.select_for_update().get(pk=run_id)
    if run.state != SettlementRun.State.APPROVED or not documents_are_ready(run):
        return False
    issue_operations.issue_run(run_id=run_id, issued_by=None, seen_sha256=run.result_sha256, as_of=as_of)
    return True


@transaction.atomic
def issue_run(
    *, run_id: int, issued_by: User, seen_sha256: str, seen_sequence: int, as_of: datetime, reason: str = ""
) -> SettlementRun:
    """Issue what was on the screen. Errors: `DocumentsNotReady`, and those of `apps.settlement.issue_operations.issue_run`."""
    run = SettlementRun.objects.select_for_update(of=("self",)).select_related("configuration").get(pk=run_id)
    if run.state == SettlementRun.State.APPROVED and not documents_are_ready(run):
        raise DocumentsNotReady(
            _("Run %(run)s cannot be issued: not all of its documents are ready. Wait for them, or see why they failed.")
            % {"run": run}
        )
    return issue_operations.issue_run(
        run_id=run_id, issued_by=issued_by, seen_sha256=seen_sha256, seen_sequence=seen_sequence, as_of=as_of, reason=reason
    )


def documents_are_ready(run: SettlementRun) -> bool:
    """Does the run have documents, and is every one of them ready?"""
    states = set(IssuedDocument.objects.filter(run=run).order_by().values_list("state", flat=True).distinct())
    return states == {READY}


def list_runs_to_issue() -> list[int]:
    """Approved runs whose documents are all ready: what a worker left behind that died before it issued them."""
    documents = IssuedDocument.objects.filter(run=OuterRef("pk"))
    approved = SettlementRun.objects.filter(state=SettlementRun.State.APPROVED)
    complete = approved.filter(Exists(documents), ~Exists(documents.exclude(state=READY)))
    return list(complete.order_by("pk").values_list("pk", flat=True))
