"""The only writers of documents. Content is frozen first, in one transaction; rendering follows and may be repeated."""

import json
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from apps.invoicing.errors import RunNotApproved
from apps.invoicing.models import IssuedDocument
from apps.invoicing.rendered import keep_failure, keep_rendering
from apps.invoicing.run_facts import get_run_facts
from apps.invoicing.statements import list_statements, statement_reference
from apps.invoicing.workbooks import workbook_content, workbook_reference
from apps.settlement.models import SettlementRun
from project.failpoints import hit

Kind, State = IssuedDocument.Kind, IssuedDocument.State


@transaction.atomic
def freeze_documents(*, run_id: int, as_of: datetime) -> list[int]:
    """Write down what every document of an approved run says; nothing twice. Returns the documents still to be rendered.

    Errors: `RunNotApproved`.
    """
    SettlementRun.objects.select_for_update().get(pk=run_id)
    facts = get_run_facts(run_id=run_id)
    run = facts.run
    if run.state not in SettlementRun.FROZEN_STATES:
        raise RunNotApproved(f"Run {run} is {run.state}: documents are made for approved runs only. Approve it first.")
    if not IssuedDocument.objects.filter(run=run).exists():
        common = {"run": run, "created_at": as_of}
        rows = [
            IssuedDocument(
                kind=Kind.STATEMENT,
                member=row.member,
                reference=statement_reference(facts, row.member.code),
                frozen=json.dumps(content, sort_keys=True),
                **common,
            )
            for row, content in list_statements(facts, issued_on=as_of.astimezone(timezone.get_default_timezone()).date())
        ]
        rows.append(
            IssuedDocument(
                kind=Kind.WORKBOOK,
                reference=workbook_reference(run),
                frozen=json.dumps(workbook_content(facts), sort_keys=True),
                **common,
            )
        )
        rows.append(IssuedDocument(kind=Kind.SNAPSHOT, reference=f"{workbook_reference(run)}-parquet", **common))
        IssuedDocument.objects.bulk_create(rows)
        hit("freeze.before_commit")
    return list(IssuedDocument.objects.filter(run=run, state=State.PENDING).order_by("pk").values_list("pk", flat=True))


def record_rendering(*, document: IssuedDocument, content: bytes, extension: str, as_of: datetime) -> None:
    """Keep the bytes and mark the document ready; rendered twice, the first rendering stands."""
    path = f"documents/{document.run.configuration.code}/{document.run.month_text}/{document.pk}.{extension}"
    keep_rendering(file=document, path=path, content=content, as_of=as_of)


def record_failure(*, document_id: int, reason: str) -> None:
    """Mark a document that could not be rendered; it can be tried again."""
    keep_failure(model=IssuedDocument, file_id=document_id, reason=reason)


def retry_documents(*, run_id: int) -> list[int]:
    """Put the failed documents of a run back in the queue and return everything that waits."""
    IssuedDocument.objects.filter(run_id=run_id, state=State.FAILED).update(state=State.PENDING, error="")
    return list(IssuedDocument.objects.filter(run_id=run_id, state=State.PENDING).values_list("pk", flat=True))


def list_runs_without_documents() -> list[int]:
    """Approved runs whose documents are missing or still wait: what the timetable has to complete."""
    frozen = SettlementRun.objects.filter(state__in=SettlementRun.FROZEN_STATES)
    return sorted(
        {
            *frozen.filter(documents__isnull=True).values_list("pk", flat=True),
            *frozen.filter(documents__state=State.PENDING).values_list("pk", flat=True),
        }
    )
