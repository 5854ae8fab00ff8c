"""The printed files of issued invoices: what waits for the press, what is ready, and who may fetch it."""

from collections.abc import Collection
from datetime import datetime

from apps.invoicing.invoices.models import InvoiceFile
from apps.invoicing.rendered import keep_failure, keep_rendering
from apps.settlement.archive import read_file

State = InvoiceFile.State


def list_waiting_files(*, invoice_id: int | None = None) -> list[int]:
    """The files that a worker has to print, of one invoice or of all."""
    files = InvoiceFile.objects.filter(state=State.PENDING)
    if invoice_id is not None:
        files = files.filter(invoice=invoice_id)
    return list(files.order_by("pk").values_list("pk", flat=True))


def record_rendering(*, file: InvoiceFile, content: bytes, as_of: datetime) -> None:
    """Keep the bytes and mark the file ready; rendered twice, the first rendering stands."""
    path = f"invoices/{file.invoice.issuer.code}/{file.invoice.year}/{file.pk}.{file.kind}"
    keep_rendering(file=file, path=path, content=content, as_of=as_of)


def record_failure(*, file_id: int, reason: str) -> None:
    keep_failure(model=InvoiceFile, file_id=file_id, reason=reason)


def retry_files(*, invoice_id: int) -> list[int]:
    """Put the failed files of an invoice back in the queue and return everything of it that waits."""
    InvoiceFile.objects.filter(invoice=invoice_id, state=State.FAILED).update(state=State.PENDING, error="")
    return list_waiting_files(invoice_id=invoice_id)


def get_members_file(*, file_id: int, member_ids: Collection[int]) -> InvoiceFile | None:
    """A file that can be downloaded, if its invoice is of one of these members; otherwise None, whatever the reason."""
    files = InvoiceFile.objects.filter(invoice__customer__member__in=member_ids, state=State.READY)
    return files.select_related("invoice").defer("invoice__frozen").filter(pk=file_id).first()


def list_members_files(*, member_id: int) -> list[InvoiceFile]:
    """The PDFs and XMLs of one member's invoices that are ready, newest invoice first."""
    files = InvoiceFile.objects.filter(invoice__customer__member=member_id, state=State.READY)
    return list(
        files.select_related("invoice").defer("invoice__frozen").order_by("-invoice__issued_on", "-invoice__number", "kind")
    )


def has_invoices(*, member_id: int) -> bool:
    """Is there anything that `list_members_files` would list?"""
    return InvoiceFile.objects.filter(invoice__customer__member=member_id, state=State.READY).exists()


def read_invoice_file(file: InvoiceFile) -> bytes:
    """The bytes as they were stored. Errors: `FileAltered` when they are gone or changed."""
    return read_file(file.path, sha256=file.sha256)
