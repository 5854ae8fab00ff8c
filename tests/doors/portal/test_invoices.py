"""A member's own invoices, and nobody else's."""

import pytest
from django.test import Client

from apps.invoicing.invoices.files import list_waiting_files
from apps.settlement.archive import locate
from reports import fattura_pa
from tasks.invoices import render_invoice_files
from tests.apps.invoicing.invoices import issue, make_customer, make_draft, make_issuer
from tests.doors.portal.rows import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def lucia():
    customer = make_customer(make_issuer(), member="M1")
    assert customer.member
    customer.member.user = make_user("lucia@example.org")
    customer.member.save()
    return customer


def printed(customer):
    invoice = issue(make_draft(customer))
    render_invoice_files(list_waiting_files(invoice_id=invoice.pk))
    return invoice


def test_a_member_sees_and_downloads_their_own_invoices(lucia, as_user):
    invoice = printed(lucia)
    make_draft(lucia)
    issue(make_draft(lucia))  # not printed yet
    client = as_user(lucia.member.user)
    assert f"/members/{lucia.member_id}/invoices/" in client.get(f"/members/{lucia.member_id}/").content.decode()
    page = client.get(f"/members/{lucia.member_id}/invoices/").content.decode()
    assert invoice.reference in page
    assert page.count("/invoices/") >= 2
    assert "2026/2" not in page
    for file in invoice.files.all():
        answer = client.get(f"/invoices/{file.pk}/")
        assert b"".join(answer.streaming_content) == locate(file.path).read_bytes()
        assert answer["X-Content-Type-Options"] == "nosniff"
        name = "fattura-2026-1.pdf" if file.kind == "pdf" else f"IT90012340049_{fattura_pa.file_number(invoice.pk)}.xml"
        assert name in answer["Content-Disposition"]


def test_for_everybody_else_they_do_not_exist(lucia, as_user, anna):
    mine = printed(lucia)
    company = make_customer(lucia.community)  # an invoice that belongs to no member
    other = printed(company)
    waiting = issue(make_draft(lucia))
    addresses = [f"/invoices/{file.pk}/" for file in mine.files.all()] + [f"/members/{lucia.member_id}/invoices/"]
    for address in addresses:
        assert as_user(anna.user).get(address).status_code == 404
        assert Client().get(address)["Location"].startswith("/account/login/")
    client = as_user(lucia.member.user)
    for file in (*other.files.all(), *waiting.files.all()):
        assert client.get(f"/invoices/{file.pk}/").status_code == 404
    lucia.member.user = None
    lucia.member.save()
    for address in addresses:
        assert client.get(address).status_code == 404


def test_a_file_that_was_changed_is_not_handed_out(lucia, as_user):
    file = printed(lucia).files.get(kind="pdf")
    locate(file.path).write_bytes(b"%PDF altered")
    assert as_user(lucia.member.user).get(f"/invoices/{file.pk}/").status_code == 503
