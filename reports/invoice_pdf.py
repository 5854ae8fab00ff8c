"""An invoice, credit note or receipt as a PDF: A4, Italian, one page as a rule, the same bytes for the same document.

Nothing outside the package is ever opened, whatever a text or a logo says.
"""

from functools import lru_cache

from reports.documents.invoice import PrintedInvoice
from reports.invoice_check import check
from reports.invoice_view import view_of
from reports.logo import Logo, safe_logo
from reports.printer import Printer


def render(printed: PrintedInvoice) -> bytes:
    """The PDF. Errors: those of `invoice_check.check`; `PangoMissing`."""
    check(printed.document, for_exchange=printed.goes_to_exchange)
    printer = _printer()
    logo = safe_logo(printed.logo) if printed.logo else None
    if logo is not None and not _can_draw(printer, logo):
        logo = None
    page = printer.fill({"view": view_of(printed), "logo": logo.address if logo else ""})
    return printer.pdf(page, logo)


def _can_draw(printer: Printer, logo: Logo) -> bool:
    """Whether the renderer survives this logo: a malformed drawing must not cost the invoice."""
    try:
        printer.pdf(f'<html lang="it"><body><img src="{logo.address}" alt="Logo"/></body></html>', logo)
    except Exception:  # noqa: BLE001 - it may fail anywhere in the renderer
        return False
    return True


@lru_cache(maxsize=1)
def _printer() -> Printer:
    return Printer(template="invoice.html", style="invoice.css")
