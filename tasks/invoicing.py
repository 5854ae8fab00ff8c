"""The workers' door to documents: freeze what an approved run says, then have it rendered in small batches."""

from celery import shared_task
from django.utils import timezone

from apps.invoicing import issue_operations, operations
from apps.invoicing.invoices.files import list_waiting_files
from project.failpoints import hit
from tasks.exports import render_documents
from tasks.invoices import render_invoice_files

# A batch of statements takes a couple of seconds: short tasks, spread over all workers.
BATCH = 20


@shared_task(name="invoicing.issue_documents")
def issue_documents(run_id: int) -> None:
    """Freeze the documents of an approved run (once) and send everything that waits to the press."""
    waiting = operations.freeze_documents(run_id=run_id, as_of=timezone.now())
    hit("freeze.after_commit")
    for start in range(0, len(waiting), BATCH):
        render_documents.delay(waiting[start : start + BATCH])


@shared_task(name="invoicing.complete_documents")
def complete_documents() -> None:
    """Look for approved runs whose documents are missing or still wait, and see to them again; issue those that are complete.

    Invoices that were issued and not printed go to the press too.
    """
    for run_id in operations.list_runs_without_documents():
        issue_documents.delay(run_id)
    for run_id in issue_operations.list_runs_to_issue():
        issue_operations.issue_if_complete(run_id=run_id, as_of=timezone.now())
    waiting = list_waiting_files()
    for start in range(0, len(waiting), BATCH):
        render_invoice_files.delay(waiting[start : start + BATCH])
