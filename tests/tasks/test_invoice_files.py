"""Workers print issued invoices from what is frozen alone; the preview is the same but for the number."""

import json
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest

from apps.invoicing.invoices import drafts, issuing
from apps.invoicing.invoices.drafts import LineFacts
from apps.invoicing.invoices.files import list_waiting_files, read_invoice_file, retry_files
from apps.invoicing.invoices.models import InvoiceFile
from apps.settlement.archive import FileAltered, locate
from reports.errors import InvoiceTextRefused, PressError
from tasks.invoices import check_content, logo_of, render, render_content, render_invoice_files
from tasks.invoicing import complete_documents
from tests.apps.invoicing.invoices import AS_OF, ENERGY, FEE, SHARE, issue, make_customer, make_draft, make_issuer
from tests.reports.invoices import checked
from tests.reports.reading import pixels, text

pytestmark = pytest.mark.django_db
Kind = InvoiceFile.Kind
LOGO = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360f8cff01f0005050201a5f645400000000049454e44ae426082"
)


@pytest.fixture(autouse=True)
def _own_files(settings, tmp_path):
    settings.DATA_DIR = tmp_path


@pytest.fixture
def draft():
    return make_draft(make_customer(make_issuer(logo=LOGO)), FEE, SHARE, ENERGY, charge_stamp=True)


def printed(invoice) -> dict[str, bytes]:
    render_invoice_files(list_waiting_files(invoice_id=invoice.pk))
    return {file.kind: read_invoice_file(file) for file in invoice.files.filter(state="ready")}


def test_both_files_are_printed_once_with_their_hash(draft):
    invoice = issue(draft)
    files = printed(invoice)
    assert set(files) == {"pdf", "xml"}
    root = checked(files["xml"])
    assert root.findtext(".//Numero") == "2026/1"
    assert "2026/1" in text(files["pdf"])
    rows = list(InvoiceFile.objects.order_by("pk").values())
    assert [row["size_bytes"] for row in rows] == [len(files["pdf"]), len(files["xml"])]
    render_invoice_files([row["id"] for row in rows])
    assert list(InvoiceFile.objects.order_by("pk").values()) == rows


def test_rendered_again_the_bytes_are_identical_whatever_changed_since(draft):
    invoice = issue(draft)
    files = printed(invoice)
    issuer = invoice.issuer
    issuer.name, issuer.logo, issuer.street = "Altro nome", b"", "Altrove 1"
    issuer.save()
    for file in InvoiceFile.objects.all():
        assert render(file) == files[file.kind]
    locate(InvoiceFile.objects.get(kind="pdf").path).write_bytes(b"%PDF altered")
    with pytest.raises(FileAltered):
        read_invoice_file(InvoiceFile.objects.get(kind="pdf"))


def test_the_preview_is_the_final_save_but_for_the_number(draft):
    preview = issuing.get_preview(invoice_id=draft.pk, as_of=AS_OF)
    shown = {kind.value: render_content(preview, LOGO, kind) for kind in Kind}
    invoice = issue(draft, AS_OF + timedelta(hours=1))
    final = printed(invoice)
    assert shown["xml"].replace(b"PROFORMA/2026", b"2026/1") == final["xml"]
    assert text(shown["pdf"]).replace("PROFORMA/2026", "2026/1") == text(final["pdf"])
    content = json.loads(invoice.frozen)
    content["document"]["number"] = "PROFORMA/2026"
    assert content == preview
    assert render_content(content, logo_of(content), Kind.PDF) == shown["pdf"]
    differs = (pixels(shown["pdf"]) != pixels(final["pdf"])).any(axis=2)
    rows, columns = np.nonzero(differs)
    height, width = differs.shape
    assert len(rows) > 0
    assert rows.max() < 0.25 * height, "only the number in the head differs: there is no payment to be made by number"
    assert columns.max() < 0.5 * width


def test_a_voided_invoice_keeps_its_files_and_the_credit_note_gets_its_own(draft):
    invoice = issue(draft)
    before = printed(invoice)
    credit = issue(drafts.draft_credit_note(invoice_id=invoice.pk, reason="Errore", drafted_by=None, as_of=AS_OF))
    root = checked(printed(credit)["xml"])
    assert root.findtext(".//TipoDocumento") == "TD04"
    assert root.findtext(".//DatiFattureCollegate/IdDocumento") == "2026/1"
    assert root.findtext(".//ImportoTotaleDocumento") == "175.35"
    assert printed(invoice) == before


def test_what_the_exchange_would_refuse_is_known_before_a_number_is_taken():
    """Letters beyond Latin-1 cannot stand in the file; the press says so at the preview."""
    draft = make_draft(make_customer(make_issuer()), LineFacts(text="Договор", unit_price_eur=Decimal(1), nature="N2.2"))
    content = issuing.get_preview(invoice_id=draft.pk, as_of=AS_OF)
    with pytest.raises(InvoiceTextRefused):
        check_content(content)
    bad = make_draft(make_customer(make_issuer("CER-G"), vat_number="12345678901"))
    with pytest.raises(PressError):
        check_content(issuing.get_preview(invoice_id=bad.pk, as_of=AS_OF))


def test_one_that_fails_is_marked_and_can_be_tried_again(draft, monkeypatch):
    invoice = issue(draft)
    with monkeypatch.context() as patch:
        patch.setattr("reports.invoice_pdf.render", lambda printed: 1 / 0)
        render_invoice_files(list_waiting_files(invoice_id=invoice.pk))
    states = dict(invoice.files.values_list("kind", "state"))
    assert states == {"pdf": "failed", "xml": "ready"}
    assert invoice.files.get(kind="pdf").error == "ZeroDivisionError: division by zero"
    render_invoice_files(retry_files(invoice_id=invoice.pk))
    assert set(invoice.files.values_list("state", flat=True)) == {"ready"}


def test_the_timetable_prints_what_nobody_printed(draft, monkeypatch):
    invoice = issue(draft)
    sent = []
    monkeypatch.setattr("celery.app.task.Task.delay", lambda task, *args: sent.append((task.name, args)))
    complete_documents()
    assert sent == [("invoicing.render_invoice_files", (list_waiting_files(),))]
    assert len(sent[0][1][0]) == 2
    assert invoice.files.filter(state="pending").count() == 2
