"""The statement (*rendiconto*) of one member as a PDF: A4, Italian, the same bytes for the same document.

`render` is for one; a worker that prints many may keep a `StatementPress`. Nothing outside the package is ever opened, whatever
a text or a logo says.
"""

from functools import lru_cache

from django.utils.safestring import SafeString

from reports.documents import StatementDocument
from reports.logo import Logo, safe_logo
from reports.printer import Printer
from reports.statement_view import view_of


class StatementPress:
    """Prints statements one after the other. Not for two threads at once; `PangoMissing` when the system library is not there."""

    def __init__(self) -> None:
        self._printer = Printer(template="statement.html", style="statement.css")
        self._drawable: dict[str, bool] = {}

    def render(self, document: StatementDocument) -> bytes:
        """One PDF of two pages (more when a member has many points, or texts are long)."""
        logo = safe_logo(document.issuer.logo) if document.issuer.logo else None
        if logo is not None and not self._can_draw(logo):
            logo = None
        return self._printer.pdf(self.page(document, logo), logo)

    def page(self, document: StatementDocument, logo: Logo | None = None) -> str:
        """The statement as well-formed HTML, as the printer gets it."""
        view = view_of(document)
        # every value of the view is a text; the chart is the only one that is markup, and it was drawn by reports.charts
        chart = SafeString(view.chart)  # nosec B703
        return self._printer.fill({"view": view, "chart": chart, "logo": logo.address if logo else ""})

    def _can_draw(self, logo: Logo) -> bool:
        """Whether the renderer survives this logo, tried once: a malformed drawing must not cost the statement."""
        if logo.address not in self._drawable:
            if len(self._drawable) >= 16:
                self._drawable.clear()
            try:
                self._printer.pdf(f'<html lang="it"><body><img src="{logo.address}" alt="Logo"/></body></html>', logo)
                self._drawable[logo.address] = True
            except Exception:  # noqa: BLE001 - it may fail anywhere in the renderer
                self._drawable[logo.address] = False
        return self._drawable[logo.address]


def render(document: StatementDocument) -> bytes:
    """One statement as PDF bytes; the press is kept for the next one of this process. Errors: `PangoMissing`."""
    return _press().render(document)


def warm_up() -> None:
    """Read fonts and style now, so that the first statement does not wait for them. Errors: `PangoMissing`."""
    _press()


@lru_cache(maxsize=1)
def _press() -> StatementPress:
    return StatementPress()
