"""The printing machine: its short cut changes nothing, and it says what to install."""

import sys

import pytest

from reports.errors import PangoMissing
from reports.logo import safe_logo
from reports.printer import PANGO_COMMAND, Printer
from reports.statement_pdf import StatementPress
from tests.reports import samples
from tests.reports.reading import fonts


def test_the_short_cut_prints_the_same_bytes_as_the_public_way():
    """If this fails after an upgrade of WeasyPrint: change `_KNOWN_VERSION` so that the public way is taken, then measure."""
    press = StatementPress()
    public = Printer(template="statement.html", style="statement.css", shortcut=False)
    assert press._printer._page is not public._page
    for name, sample in samples.ALL.items():
        document = sample()
        logo = safe_logo(document.issuer.logo) if document.issuer.logo else None
        page = press.page(document, logo)
        assert press._printer.pdf(page, logo) == public.pdf(page, logo), name


def test_an_unknown_version_takes_the_public_way(monkeypatch):
    import weasyprint

    monkeypatch.setattr(weasyprint, "__version__", "71.0")
    printer = Printer(template="statement.html", style="statement.css")
    assert printer._page is weasyprint.HTML


def test_without_pango_it_says_in_one_sentence_what_to_run(monkeypatch):
    for name in [name for name in sys.modules if name == "weasyprint" or name.startswith("weasyprint.")]:
        monkeypatch.delitem(sys.modules, name)

    class NoPango:
        def find_spec(self, name, path=None, target=None):
            if name == "weasyprint":
                raise OSError("cannot load library 'libpango-1.0-0'")

    monkeypatch.setattr(sys, "meta_path", [NoPango(), *sys.meta_path])
    with pytest.raises(PangoMissing) as refusal:
        StatementPress()
    assert PANGO_COMMAND in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "http://example.com/",
        "asset:../printer.py",
        "asset:statement.css",
        "logo:",
        "data:text/css,x",
        "/etc/passwd",
    ],
)
def test_only_packaged_files_are_served(url):
    printer = Printer(template="statement.html", style="statement.css")
    with pytest.raises(ValueError, match="packaged files only"):
        printer._fetcher(url)


def test_the_packaged_fonts_are_the_ones_in_the_page():
    printed = StatementPress().render(samples.household())
    assert {font.split("+")[-1] for font in fonts(printed)} == {"DejaVu-Sans", "DejaVu-Sans-Bold"}
