"""Invoices in the admin: written, previewed, issued and voided by administrators; accountants look and download."""

import re
from datetime import UTC, date, datetime
from typing import Any

import pytest

from apps.communities.models import Community, Member
from apps.invoicing.invoices.files import list_waiting_files
from apps.invoicing.invoices.models import Customer, Invoice, InvoiceFile, InvoiceLine, NumberSeries
from apps.settlement.archive import locate
from reports import fattura_pa
from tasks.invoices import render_invoice_files
from tests.apps.invoicing import invoices
from tests.apps.invoicing.invoices import FEE, make_customer, make_draft, make_issuer
from tests.doors.backoffice.pages import words
from tests.reports.invoices import checked

pytestmark = pytest.mark.django_db
INVOICES = "/ceradmin/invoicing/invoice/"
TAILS = (
    "", "edit/", "preview/pdf/", "preview/xml/", "issue/", "void/", "replace/", "discard/", "retry/", "files/1/",
)  # fmt: skip
TAX = {
    "tax_code": "90012340049",
    "vat_number": "00743110157",
    "street": "Via Roma 1",
    "postcode": "12051",
    "town": "Alba",
    "province": "CN",
}


def issue(invoice: Invoice) -> Invoice:
    """Issued in a year that is over, because the pages issue today and numbers rise with the days."""
    return invoices.issue(invoice, datetime(2024, 3, 12, 9, 0, tzinfo=UTC))


def at(invoice: Invoice | int, tail: str = "") -> str:
    return f"{INVOICES}{invoice if isinstance(invoice, int) else invoice.pk}/{tail}"


@pytest.fixture
def issuer(village) -> Community:
    Community.objects.filter(pk=village.configuration.community_id).update(iban="IT60X0542811101000000123456", **TAX)
    return Community.objects.get(pk=village.configuration.community_id)


@pytest.fixture
def customer(issuer) -> Customer:
    return make_customer(issuer)


@pytest.fixture
def draft(customer) -> Invoice:
    return make_draft(customer)


def seen_on(page: Any) -> str:
    """The digest that the page would send with the press of the button."""
    (digest,) = re.findall(r'name="seen_sha256" value="(\w{64})"', page.content.decode())
    return str(digest)


def lines(*rows: dict[str, str]) -> dict[str, str]:
    said = {"lines-TOTAL_FORMS": str(len(rows)), "lines-INITIAL_FORMS": "0"}
    for place, row in enumerate(rows):
        said |= {f"lines-{place}-{name}": value for name, value in row.items()}
    return said


ROW = {"text": "Quota di gestione", "quantity": "4", "unit": "mesi", "unit_price_eur": "12,50", "tax": "22"}
EMPTY = {"text": "", "quantity": "1", "unit": "", "unit_price_eur": "", "tax": ""}


def test_from_the_form_to_the_files(anna, customer, enqueued, django_capture_on_commit_callbacks):
    form = {"customer": customer.pk, "series": "A", "due_on": "2199-01-31", "vat_due": "I", "charge_stamp": "on", "note": "Anno"}
    free = {**ROW, "text": "Quota associativa", "quantity": "1", "unit_price_eur": "100", "tax": "N2.2"}
    answer = anna.post(f"{INVOICES}new/", form | lines(ROW, free, EMPTY))
    draft = Invoice.objects.get()
    assert answer["Location"] == at(draft)
    assert (draft.total_cents, draft.series, draft.note) == (163_00, "A", "Anno")
    page = anna.get(at(draft))
    assert "Il documento è completo." in words(page)
    assert "163,00 €" in words(page)
    preview = anna.get(at(draft, "preview/pdf/"))
    assert preview["Content-Type"] == "application/pdf"
    assert preview.content.startswith(b"%PDF")
    assert str(checked(anna.get(at(draft, "preview/xml/")).content).findtext(".//Numero")).startswith("PROFORMA/")
    seen = seen_on(page)
    with django_capture_on_commit_callbacks(execute=True):
        assert anna.post(at(draft, "issue/"), {"seen_sha256": seen})["Location"] == at(draft)
    assert enqueued == [("invoicing.render_invoice_files", (list_waiting_files(invoice_id=draft.pk),))]
    draft.refresh_from_db()
    assert re.fullmatch(r"\d{4}/A/1", draft.reference)
    render_invoice_files(list_waiting_files(invoice_id=draft.pk))
    for file in draft.files.all():
        sent = anna.get(at(draft, f"files/{file.pk}/"))
        assert sent.content == locate(file.path).read_bytes()
        name = f"fattura-{draft.year}-a-1.pdf" if file.kind == "pdf" else f"IT90012340049_{fattura_pa.file_number(draft.pk)}.xml"
        assert sent["Content-Disposition"] == f'attachment; filename="{name}"'


def test_a_form_with_faults_writes_nothing_and_keeps_what_was_typed(anna, customer):
    wrong = {**ROW, "unit_price_eur": "abc", "first_day": "2026-02-01"}
    answer = anna.post(f"{INVOICES}new/", {"customer": customer.pk, "vat_due": "I"} | lines(wrong))
    assert answer.status_code == 422
    assert "Quota di gestione" in answer.content.decode()
    assert "Il periodo ha bisogno" in words(answer)
    assert anna.post(f"{INVOICES}new/", {"customer": customer.pk, "vat_due": "I"} | lines(EMPTY)).status_code == 422
    more = anna.post(f"{INVOICES}new/", {"customer": customer.pk, "vat_due": "I", "more": "1"} | lines(ROW))
    assert more.status_code == 200
    assert "Quota di gestione" in more.content.decode()
    assert 'name="lines-3-text"' in more.content.decode()
    assert not Invoice.objects.exists()


def test_a_customer_of_another_community_cannot_be_chosen(anna, village):
    foreign = make_customer(make_issuer("CER-G"))
    answer = anna.post(f"{INVOICES}new/", {"customer": foreign.pk, "vat_due": "I"} | lines(ROW))
    assert answer.status_code == 422
    assert not Invoice.objects.exists()


def test_a_screen_that_is_stale_is_refused(anna, draft, customer, enqueued):
    seen = seen_on(anna.get(at(draft)))
    make_draft(customer, FEE, FEE, invoice_id=draft.pk)
    answer = anna.post(at(draft, "issue/"), {"seen_sha256": seen})
    assert answer.status_code == 409
    assert "Non è stato scritto niente." in words(answer)
    draft.refresh_from_db()
    assert draft.state == "draft"
    assert not NumberSeries.objects.exists()
    assert enqueued == []


def test_void_issues_a_credit_note_and_leads_to_the_replacement(anna, draft, enqueued):
    invoice = issue(draft)
    assert anna.post(at(invoice, "void/"), {"reason": " "}).status_code == 409
    assert Invoice.objects.count() == 1
    answer = anna.post(at(invoice, "void/"), {"reason": "Importo errato", "replace": "1"})
    credit, replacement = Invoice.objects.get(voids=invoice), Invoice.objects.get(replaces=invoice)
    assert answer["Location"] == at(replacement, "edit/")
    assert (credit.state, replacement.state) == ("issued", "draft")
    page = words(anna.get(at(invoice)))
    assert "stornata" in page
    assert "Importo errato" in page
    assert anna.post(at(invoice, "void/"), {"reason": "Ancora"}).status_code == 409
    assert anna.get(at(credit, "edit/"))["Location"] == at(credit)


def test_the_list_has_filters_and_totals_without_what_was_voided(anna, draft, customer):
    invoice = issue(draft)
    other = issue(make_draft(customer, FEE, FEE))
    anna.post(at(invoice, "void/"), {"reason": "Errore"})
    make_draft(customer)
    page = words(anna.get(INVOICES))
    assert "Documenti emessi 3" in page
    assert "Totale, meno le note di credito 122,00 €" in page
    voided = anna.get(f"{INVOICES}?is=voided").content.decode()
    assert invoice.reference in voided
    assert f">{other.reference}<" not in voided


def test_an_issued_invoice_cannot_be_changed_through_the_admin(anna, village, as_user, draft, enqueued):
    invoice = issue(draft)
    render_invoice_files(list_waiting_files(invoice_id=invoice.pk))
    village.bruno.is_superuser = True
    village.bruno.save()
    before = [
        list(model.objects.order_by("pk").values()) for model in (Invoice, InvoiceLine, InvoiceFile, NumberSeries, Customer)
    ]
    form = {"customer": invoice.customer_id, "vat_due": "I", "state": "draft", "total_cents": "1", "number": "9"} | lines(ROW)
    for client in (anna, as_user(village.bruno)):
        for tail in ("edit/", "issue/", "discard/", "replace/", "retry/"):
            assert client.post(at(invoice, tail), form).status_code in (302, 409), tail
        for tail in ("", "change/", "delete/", "history/"):
            assert client.post(at(invoice, tail), form).status_code in (404, 405), tail
        action = {"action": "delete_selected", "_selected_action": str(invoice.pk), "post": "yes"}
        client.post(INVOICES, action)
        client.post(f"/ceradmin/invoicing/customer/{invoice.customer_id}/delete/", {"post": "yes"})
        client.post(f"/ceradmin/communities/community/{invoice.issuer_id}/delete/", {"post": "yes"})
    after = [list(model.objects.order_by("pk").values()) for model in (Invoice, InvoiceLine, InvoiceFile, NumberSeries, Customer)]
    assert after == before


def test_accountants_look_and_download_but_do_not_act(village, as_user, draft, enqueued):
    carla = as_user(village.carla)
    invoice = issue(make_draft(draft.customer))
    render_invoice_files(list_waiting_files(invoice_id=invoice.pk))
    assert carla.get(INVOICES).status_code == 200
    assert carla.get(at(draft)).status_code == 200
    assert "Emetti" not in words(carla.get(at(draft)))
    assert carla.get(at(draft, "preview/pdf/")).status_code == 200
    assert carla.get(at(invoice, f"files/{invoice.files.get(kind='pdf').pk}/")).status_code == 200
    before = list(Invoice.objects.order_by("pk").values())
    assert carla.get(f"{INVOICES}new/").status_code == 403
    for tail in ("edit/", "issue/", "void/", "replace/", "discard/", "retry/"):
        assert carla.post(at(draft, tail), {"reason": "x"}).status_code == 403
        assert carla.post(at(invoice, tail), {"reason": "x"}).status_code == 403
    assert list(Invoice.objects.order_by("pk").values()) == before
    assert enqueued == []
    customer = carla.get(f"/ceradmin/invoicing/customer/{draft.customer_id}/change/")
    assert "Via Cavour" not in customer.content.decode()


def test_invoices_of_another_community_do_not_exist(village, as_user, draft):
    stranger = as_user(village.stranger)
    for tail in TAILS:
        for method in ("get", "post", "put", "delete"):
            codes = [getattr(stranger, method)(at(number, tail)).status_code for number in (draft.pk, 987654)]
            assert codes == [404, 404], (method, tail)
    page = stranger.get(INVOICES)
    assert "Forno" not in page.content.decode()
    assert stranger.get(f"/ceradmin/invoicing/customer/{draft.customer_id}/change/").status_code == 302
    assert Invoice.objects.filter(pk=draft.pk).exists()


def test_looking_changes_nothing_and_wrong_methods_are_refused(anna, draft):
    before = list(Invoice.objects.values())
    for tail in ("issue/", "void/", "replace/", "discard/", "retry/"):
        assert anna.get(at(draft, tail)).status_code == 405
    for tail in ("", "edit/", "preview/pdf/", "preview/xml/"):
        assert anna.get(at(draft, tail)).status_code == 200
    assert anna.get(at(draft, "preview/exe/")).status_code == 404
    assert list(Invoice.objects.values()) == before


def test_why_a_draft_cannot_be_issued_stands_on_its_page(anna, draft, issuer, enqueued):
    Community.objects.filter(pk=issuer.pk).update(street="")
    page = words(anna.get(at(draft)))
    assert "non ha un indirizzo completo per le fatture" in page
    assert anna.get(at(draft, "preview/pdf/")).status_code == 409
    Community.objects.filter(pk=issuer.pk).update(street="Via Roma 1", vat_number="12345678901")
    page = anna.get(at(draft))
    assert "VAT number" in words(page)
    assert "seen_sha256" not in page.content.decode()
    assert anna.post(at(draft, "issue/"), {"seen_sha256": "0" * 64}).status_code == 409
    assert not NumberSeries.objects.exists()


def test_a_draft_can_be_thrown_away(anna, draft):
    assert anna.post(at(draft, "discard/"))["Location"] == INVOICES
    assert not Invoice.objects.exists()


def test_customers_are_checked(anna, issuer):
    member = Member.objects.filter(community=issuer).order_by("code")[0]
    form = {
        "community": issuer.pk, "member": member.pk, "name": "", "first_name": "Lucia", "last_name": "Ferrero", "vat_number": "",
        "tax_code": "rssmra80a01h501u", "street": "Via Cavour 12", "postcode": "12051", "town": "Alba", "province": "CN",
        "recipient_code": "0000000", "pec": "",
    }  # fmt: skip
    add = "/ceradmin/invoicing/customer/add/"
    for change in ({"tax_code": ""}, {"tax_code": "RSSMRA80A01H501X"}, {"name": "Due nomi"}, {"first_name": ""},
                   {"postcode": "1205"}, {"vat_number": "RSSMRA80A01H501U"}):  # fmt: skip
        assert anna.post(add, form | change).status_code == 200, change
    assert not Customer.objects.exists()
    assert anna.post(add, form).status_code == 302
    customer = Customer.objects.get()
    assert (customer.member, customer.tax_code) == (member, "RSSMRA80A01H501U")
    assert make_draft(customer, due_on=date(2199, 1, 1)).customer_name == "Lucia Ferrero"
