"""The demo shows a fee, a reverse charge and a voided invoice, all of them complete and printable, once."""

import pytest

from apps.backoffice.demo.invoices import issue_demo_invoices
from apps.invoicing.invoices.files import list_waiting_files
from apps.invoicing.invoices.models import Invoice, InvoiceFile
from tasks.invoices import render_invoice_files

pytestmark = pytest.mark.django_db


def test_the_demo_has_four_documents_once(village, enqueued):
    community = village.configuration.community
    community.tax_code = "90063470042"
    community.save()
    member = community.members.get(kind="sme")
    member.tax_code = "02159600044"
    member.save()
    said: list[str] = []
    issue_demo_invoices(community, issuer=village.anna, say=said.append)
    issue_demo_invoices(community, issuer=village.anna, say=said.append)
    assert len(said) == Invoice.objects.count() == 4
    assert sorted(Invoice.objects.values_list("total_cents", flat=True)) == [36_60, 36_60, 138_60, 414_73]
    assert enqueued == [("invoicing.render_invoice_files", (list_waiting_files(),))]
    render_invoice_files(list_waiting_files())
    assert set(InvoiceFile.objects.values_list("state", flat=True)) == {"ready"}
