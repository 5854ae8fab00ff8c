"""The workers' door to invoices: frozen content to the press, bytes back. The backoffice shows previews by the same functions."""

import json
import logging
from dataclasses import replace
from typing import Any

import msgspec
from celery import shared_task
from django.utils import timezone
from django.utils.text import slugify

from apps.invoicing.invoices import files
from apps.invoicing.invoices.models import InvoiceFile
from apps.invoicing.run_facts import logo_path
from apps.settlement.archive import read_file
from reports import fattura_pa, invoice_pdf
from reports.documents.invoice import PrintedInvoice
from reports.invoice_check import check

log = logging.getLogger(__name__)
_WORDS = {"TD01": "fattura", "TD04": "nota di credito"}


@shared_task(name="invoicing.render_invoice_files")
def render_invoice_files(file_ids: list[int]) -> None:
    """Print what still waits among these files. One that fails is marked and does not stop the others."""
    waiting = InvoiceFile.objects.filter(pk__in=file_ids, state=InvoiceFile.State.PENDING)
    for file in waiting.select_related("invoice__issuer").order_by("pk"):
        try:
            content = render(file)
        except Exception as error:
            log.exception("File %s of an invoice could not be rendered", file.pk)
            files.record_failure(file_id=file.pk, reason=f"{type(error).__name__}: {error}")
            continue
        files.record_rendering(file=file, content=content, as_of=timezone.now())


def render(file: InvoiceFile) -> bytes:
    """The bytes of one file, from what the invoice froze alone."""
    content = json.loads(file.invoice.frozen)
    return render_content(content, logo_of(content), InvoiceFile.Kind(file.kind))


def render_content(content: dict[str, Any], logo: bytes | None, kind: InvoiceFile.Kind) -> bytes:
    """Frozen or previewed values as PDF or XML. Errors: those of the press."""
    printed = printed_from(content, logo)
    return invoice_pdf.render(printed) if kind == InvoiceFile.Kind.PDF else fattura_pa.render(printed.document)


def file_name_of(file: InvoiceFile) -> str:
    """What a file is called on somebody's disk: an XML as the exchange wants it, a PDF by kind and number."""
    if file.kind == InvoiceFile.Kind.XML:
        return fattura_pa.file_name(printed_from(json.loads(file.invoice.frozen), None).document)
    return f"{slugify(f'{_WORDS[file.invoice.kind]} {file.invoice.reference}'.replace('/', '-'))}.pdf"


def check_content(content: dict[str, Any]) -> None:
    """Refuse what the press would refuse once it has its number. Errors: `reports.errors.PressError`."""
    printed = printed_from(content, None)
    check(printed.document, for_exchange=printed.goes_to_exchange)
    if printed.goes_to_exchange:
        fattura_pa.render(printed.document)


def printed_from(content: dict[str, Any], logo: bytes | None) -> PrintedInvoice:
    """Plain values into the press's document, strictly typed."""
    plain = {name: value for name, value in content.items() if name != "issuer"}
    return replace(msgspec.convert(plain, PrintedInvoice), logo=logo)


def logo_of(content: dict[str, Any]) -> bytes | None:
    """The logo that frozen content names by its hash."""
    sha256 = content["issuer"]["logo_sha256"]
    return read_file(logo_path(sha256), sha256=sha256) if sha256 else None
