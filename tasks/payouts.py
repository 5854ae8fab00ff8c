"""The workers' door to payouts: credits of issued runs into accounts, files for the bank out of drafts."""

from celery import shared_task
from django.utils import timezone

from apps.invoicing.models import PayoutBatch, PayoutSettings
from apps.invoicing.payouts import booking, files, operations
from reports.documents.transfers import Payment, TransferBatch
from reports.errors import PaymentRefused
from reports.sepa import CbiVersion, render_cbi, render_pain001
from reports.sepa_check import check_file

Dialect = PayoutSettings.Dialect
CBI_VERSIONS = {Dialect.CBI: CbiVersion.V00_04_01, Dialect.CBI_OLD: CbiVersion.V00_04_00}


@shared_task(name="payouts.book_credits")
def book_credits() -> None:
    """Credit members with what issued runs owe them. Looks at every community; what is booked stays as it is."""
    for community_id in booking.list_communities_to_book():
        booking.book_credits(community_id=community_id, as_of=timezone.now())


@shared_task(name="payouts.make_file")
def make_payout_file(batch_id: int) -> None:
    """Write, check and keep the file of a draft. A batch that banks would refuse says why and waits for a person."""
    batch = PayoutBatch.objects.get(pk=batch_id)
    if batch.state != PayoutBatch.State.DRAFT:
        return
    try:
        content = render_batch(batch)
    except PaymentRefused as error:
        operations.record_file_failure(batch_id=batch_id, reason=str(error))
        return
    operations.record_file(batch_id=batch_id, content=content.decode(), as_of=timezone.now())


@shared_task(name="payouts.complete_files")
def complete_files() -> None:
    """Make the files that drafts still lack."""
    for batch_id in files.list_batches_without_file():
        make_payout_file.delay(batch_id)


def render_batch(batch: PayoutBatch) -> bytes:
    """The bytes of the file, checked against the batch. Errors: `PaymentRefused`."""
    said = files.get_transfer_batch(batch)
    payments = tuple(Payment(**payment) for payment in said.pop("payments"))
    document = TransferBatch(**said, payments=payments)
    version = CBI_VERSIONS.get(Dialect(batch.dialect))
    content = render_cbi(document, version) if version else render_pain001(document)
    check_file(content, document)
    return content
