"""Invoices as records: what is issued is what was previewed, numbered without gaps, and voided as a whole."""

import json
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import translation

from apps.invoicing.errors import DraftIncomplete, InvoiceNotDraft, InvoiceNotVoidable, InvoiceWentOn
from apps.invoicing.invoices import drafts, issuing
from apps.invoicing.invoices.content import digest
from apps.invoicing.invoices.models import Invoice, InvoiceFile, InvoiceLine, NumberSeries
from apps.invoicing.numbering import take_number
from tests.apps.invoicing.invoices import AS_OF, ENERGY, FEE, SHARE, issue, make_customer, make_draft, make_issuer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def customer():
    return make_customer(make_issuer())


def close():
    """Run the deferred checks now, as a commit would."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def counters():
    return list(NumberSeries.objects.order_by("pk").values_list("year", "series", "last"))


def test_amounts_of_a_draft_are_those_of_the_engine(customer):
    """4 × 12.50 at 22 %, 100.00 outside VAT, 12.35 reverse charge, and a stamp that the customer pays: 162.35 + 11.00 + 2.00."""
    draft = make_draft(customer, FEE, SHARE, ENERGY, charge_stamp=True)
    assert (draft.net_cents, draft.vat_cents, draft.total_cents) == (164_35, 11_00, 175_35)
    assert [line.net_cents for line in draft.lines.all()] == [50_00, 100_00, 12_35]


def test_numbers_follow_each_other_per_issuer_year_and_series(customer):
    other = make_customer(make_issuer("CER-G"))
    issued = [
        issue(make_draft(customer)),
        issue(make_draft(customer)),
        issue(make_draft(customer, series="A")),
        issue(make_draft(other)),
        issue(make_draft(customer), AS_OF.replace(year=2027)),
        issue(make_draft(customer), AS_OF),
    ]
    close()
    assert [invoice.reference for invoice in issued] == ["2026/1", "2026/2", "2026/A/1", "2026/1", "2027/1", "2026/3"]


def test_a_series_takes_the_day_from_rome(customer):
    at_home_next_year = AS_OF.replace(month=12, day=31, hour=23, minute=30)
    assert issue(make_draft(customer), at_home_next_year).reference == "2027/1"


def test_what_is_issued_is_what_was_on_the_screen(customer):
    draft = make_draft(customer)
    seen = digest(issuing.get_preview(invoice_id=draft.pk, as_of=AS_OF))
    make_draft(customer, SHARE, invoice_id=draft.pk)
    with pytest.raises(InvoiceWentOn):
        issuing.issue_invoice(invoice_id=draft.pk, issued_by=None, seen_sha256=seen, as_of=AS_OF)
    draft.refresh_from_db()
    assert (draft.state, draft.number, draft.frozen) == ("draft", None, "")
    assert counters() == []
    assert not InvoiceFile.objects.exists()


def test_frozen_content_stays_whatever_happens_to_the_customer(customer):
    invoice = issue(make_draft(customer))
    customer.name, customer.street = "Altro nome", "Altrove 1"
    customer.save()
    frozen = json.loads(Invoice.objects.get(pk=invoice.pk).frozen)
    assert frozen["document"]["customer"]["name"] == "Forno S.r.l."
    assert frozen["document"]["number"] == "2026/1"
    assert digest(frozen) == invoice.frozen_sha256
    with connection.cursor() as cursor:
        cursor.execute("SELECT frozen FROM invoicing_invoice WHERE id = %s", [invoice.pk])
        assert "Forno" not in cursor.fetchone()[0]


def test_a_rolled_back_number_is_given_again(customer):
    with pytest.raises(RuntimeError), transaction.atomic():
        assert issue(make_draft(customer)).number == 1
        raise RuntimeError
    assert issue(make_draft(customer)).number == 1
    close()


def test_a_number_that_no_document_bears_is_refused_at_commit(customer):
    with pytest.raises(IntegrityError, match="would be a gap"), transaction.atomic():
        take_number(issuer_id=customer.community_id, year=2026, series="")
        close()
    assert counters() == []


def test_a_number_that_was_not_taken_is_refused_at_commit(customer, monkeypatch):
    monkeypatch.setattr(issuing, "take_number", lambda **_named: 7)
    with pytest.raises(IntegrityError, match="never taken"), transaction.atomic():
        issue(make_draft(customer))
        close()


def test_a_number_is_taken_once(customer, monkeypatch):
    issue(make_draft(customer))
    monkeypatch.setattr(issuing, "take_number", lambda **_named: 1)
    with pytest.raises(IntegrityError, match="invoice_number_once"), transaction.atomic():
        issue(make_draft(customer))


def test_a_day_before_the_last_number_is_refused(customer):
    issue(make_draft(customer))
    with pytest.raises(InvoiceWentOn, match="rise with the days"):
        issue(make_draft(customer), AS_OF - timedelta(days=1))
    assert counters() == [(2026, "", 1)]


@pytest.mark.parametrize(
    ("community", "line", "changes"),
    [
        ({"street": ""}, FEE, {}),
        ({"vat_number": ""}, FEE, {}),
        ({"vat_number": ""}, ENERGY, {}),
        ({"vat_number": ""}, SHARE, {"vat_due": "S"}),
        ({}, FEE, {"due_on": date(2026, 3, 11)}),
    ],
    ids=["address", "VAT without a number", "reverse charge without a number", "split without a number", "due before"],
)
def test_what_lacks_something_is_refused_and_takes_no_number(community, line, changes):
    draft = make_draft(make_customer(make_issuer(**community)), line, **changes)
    with pytest.raises(DraftIncomplete):
        issue(draft)
    assert counters() == []


def test_without_a_vat_number_there_is_a_receipt_and_no_xml():
    invoice = issue(make_draft(make_customer(make_issuer(vat_number="")), SHARE))
    assert list(invoice.files.values_list("kind", flat=True)) == ["pdf"]
    assert "sull'originale" in json.loads(invoice.frozen)["document"]["notes"][0]


def test_a_line_needs_a_rate_or_a_nature(customer):
    with pytest.raises(DraftIncomplete):
        make_draft(customer, drafts.LineFacts(text="x", unit_price_eur=Decimal(1)))
    assert not Invoice.objects.exists()


def test_void_is_a_credit_note_for_the_whole_and_a_replacement_that_points_back(customer):
    original = issue(make_draft(customer, FEE, SHARE, charge_stamp=True, due_on=date(2026, 4, 30)))
    before = Invoice.objects.filter(pk=original.pk).values().get()
    credit = issue(drafts.draft_credit_note(invoice_id=original.pk, reason="Importo errato", drafted_by=None, as_of=AS_OF))
    replacement = drafts.draft_replacement(invoice_id=original.pk, drafted_by=None, as_of=AS_OF)
    make_draft(customer, FEE, invoice_id=replacement.pk)
    replacement = issue(replacement)
    close()
    assert Invoice.objects.filter(pk=original.pk).values().get() == before
    assert (credit.kind, credit.voids, credit.total_cents) == ("TD04", original, original.total_cents)
    said = json.loads(credit.frozen)["document"]
    assert said["related"] == {"number": "2026/1", "issued_on": "2026-03-12"}
    assert said["notes"][:2] == ["Storno totale del documento 2026/1 del 12/03/2026.", "Motivo: Importo errato"]
    assert said["rows"] == json.loads(original.frozen)["document"]["rows"]
    assert (replacement.replaces, replacement.reference) == (original, "2026/3")
    said = json.loads(replacement.frozen)["document"]
    assert said["related"]["number"] == "2026/1"
    assert "stornato con il documento 2026/2" in said["notes"][0]


def test_void_is_refused_for_drafts_credit_notes_twice_and_without_a_reason(customer):
    draft = make_draft(customer)

    def void(invoice, reason="Errore"):
        return drafts.draft_credit_note(invoice_id=invoice.pk, reason=reason, drafted_by=None, as_of=AS_OF)

    with pytest.raises(InvoiceNotVoidable, match="Only an issued invoice"):
        void(draft)
    original = issue(draft)
    with pytest.raises(InvoiceNotVoidable, match="reason is missing"):
        void(original, " ")
    with pytest.raises(InvoiceNotVoidable, match="Only a voided invoice"):
        drafts.draft_replacement(invoice_id=original.pk, drafted_by=None, as_of=AS_OF)
    credit = void(original)
    with pytest.raises(InvoiceNotVoidable, match="voided already"):
        void(original)
    with pytest.raises(InvoiceNotDraft, match="cannot be edited"):
        make_draft(customer, SHARE, invoice_id=credit.pk)
    replacement = drafts.draft_replacement(invoice_id=original.pk, drafted_by=None, as_of=AS_OF)
    with pytest.raises(DraftIncomplete, match="Issue the credit note first"):
        issue(replacement)
    credit = issue(credit)
    with pytest.raises(InvoiceNotVoidable, match="Only an issued invoice"):
        void(credit)
    assert Invoice.objects.count() == 3


def test_issued_invoices_are_not_drafts_any_more(customer):
    invoice = issue(make_draft(customer))
    for attempt in (
        lambda: make_draft(customer, SHARE, invoice_id=invoice.pk),
        lambda: drafts.discard_draft(invoice_id=invoice.pk),
        lambda: issue(invoice),
    ):
        with pytest.raises(InvoiceNotDraft):
            attempt()
    draft = make_draft(customer)
    drafts.discard_draft(invoice_id=draft.pk)
    assert list(Invoice.objects.all()) == [invoice]
    assert InvoiceLine.objects.filter(invoice=invoice).count() == 1


def test_a_customer_of_another_community_is_refused(customer):
    with pytest.raises(DraftIncomplete, match="another community"):
        make_draft(customer, issuer_id=make_issuer("CER-G").pk)
