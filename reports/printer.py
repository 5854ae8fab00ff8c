"""The printing machine: HTML of our own templates in, PDF bytes out, always the same bytes for the same page.

Fonts, style sheet and template are read once. Nothing outside the package is ever opened. WeasyPrint is imported here and only
when a machine is built, because it needs a system library (Pango) that a web process can do without.

Two of its habits cost a fifth of the time and are avoided while the version is the one they were measured with: pages are read
by the XML parser (our templates are well-formed), and its built-in style sheet is used without the six rules for footnotes and
list markers, of which it computes one each for every element of a page. `tests/reports/test_printer.py` holds that the bytes
are the same with and without; with another version the public way is taken.
"""

import io
from pathlib import Path
from typing import Any
from xml.etree import ElementTree  # nosec B405

from django.template import Context, Engine, Template

from reports.errors import PangoMissing
from reports.logo import Logo

_ROOM = Path(__file__).resolve().parent
_ASSETS = {"DejaVuSans.ttf": "font/ttf", "DejaVuSans-Bold.ttf": "font/ttf"}
_KNOWN_VERSION = "70."
PANGO_COMMAND = "apt-get install -y libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"


class Printer:
    """One template and one style sheet of this package, ready to print many pages.

    `logo` is what the address `logo:` shows at the moment. Not for two threads at once. Errors: `PangoMissing`.
    """

    def __init__(self, *, template: str, style: str, shortcut: bool = True) -> None:
        self._weasyprint = _load_weasyprint()
        self._fetcher = _packaged_only()
        self._fonts = self._weasyprint.text.fonts.FontConfiguration()
        sheet = (_ROOM / "assets" / style).read_text(encoding="utf-8")
        self._style = self._weasyprint.CSS(string=sheet, font_config=self._fonts, url_fetcher=self._fetcher, base_url="asset:/")
        self._template: Template = Engine(dirs=[str(_ROOM / "templates")], autoescape=True).get_template(template)
        known = str(self._weasyprint.__version__).startswith(_KNOWN_VERSION)
        self._page: Any = _page_from_xml(self._weasyprint) if shortcut and known else self._weasyprint.HTML

    def fill(self, values: dict[str, object]) -> str:
        """The template with texts in it, every one of them escaped unless marked safe."""
        return str(self._template.render(Context(values, autoescape=True)))

    def pdf(self, page: str, logo: Logo | None = None) -> bytes:
        """The printed page. It must be well-formed XML."""
        self._fetcher.logo = logo
        html = self._page(string=page, url_fetcher=self._fetcher, base_url="asset:/")
        output = io.BytesIO()
        html.write_pdf(output, stylesheets=[self._style], font_config=self._fonts, pdf_tags=True)
        return output.getvalue()


def _load_weasyprint() -> Any:
    try:
        import weasyprint
        import weasyprint.text.fonts
    except OSError as error:
        raise PangoMissing(f"Documents cannot be printed: Pango is not installed. Run: {PANGO_COMMAND}") from error
    return weasyprint


def _packaged_only() -> Any:
    """A fetcher for `asset:` names of the package and the `logo:` of the moment; everything else is refused unopened."""
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class PackagedOnly(URLFetcher):
        logo: Logo | None = None

        def fetch(self, url: str, headers: object = None) -> Any:
            if self.logo is not None and url == self.logo.address:
                return URLFetcherResponse(url, self.logo.content, {"Content-Type": self.logo.media_type})
            name = url.removeprefix("asset:")
            if url.startswith("asset:") and name in _ASSETS:
                return URLFetcherResponse(url, (_ROOM / "assets" / name).read_bytes(), {"Content-Type": _ASSETS[name]})
            raise ValueError(f"Refused to open {url[:80]!r}: documents are made of packaged files only.")

    return PackagedOnly()


def _page_from_xml(weasyprint: Any) -> Any:
    """The renderer's page class, reading XML and using its own style sheet without the rules that no page of ours can match."""
    from cssselect2 import ElementWrapper  # type: ignore[import-untyped]

    built_in = (Path(weasyprint.__file__).parent / "css" / "html5_ua.css").read_text(encoding="utf-8")
    lines = [line for line in built_in.splitlines() if not line.startswith("::")]
    style = weasyprint.CSS(string="\n".join(lines))

    class PageFromXml(weasyprint.HTML):
        def __init__(self, *, string: str, url_fetcher: object, base_url: str) -> None:
            # written by our own template, not by a stranger
            root = ElementTree.fromstring(string)  # noqa: S314  # nosec B314
            self.base_url = base_url
            self.url_fetcher = url_fetcher
            self.media_type = "print"
            self.wrapper_element = ElementWrapper.from_html_root(root, content_language=None)
            self.etree_element = self.wrapper_element.etree_element

        def _ua_stylesheets(self, forms: bool = False) -> list[object]:
            return [style]

    return PageFromXml
