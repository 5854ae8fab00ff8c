"""Issued invoices and credit notes, for the journal: what the customer owes, against revenue and VAT.

A credit note stands on the opposite side. Where the customer pays the VAT to the State (split payment) it is no debt of theirs to
the community, nor of the community to the State.
"""

from collections.abc import Iterator, Sequence

from apps.invoicing.accountancy.chart import CUSTOMERS, REVENUE, VAT
from apps.invoicing.accountancy.journal_nouns import Posting
from apps.invoicing.accountancy.scope import Scope
from apps.invoicing.models import Invoice


class Invoices:
    """Each document that has a number."""

    name = "invoices"

    def freeze(self, scope: Scope) -> list[int]:
        if scope.configuration is not None:  # the issuer is the community
            return []
        issued = Invoice.objects.filter(
            issuer=scope.community, state=Invoice.State.ISSUED, issued_on__gte=scope.first_day, issued_on__lte=scope.last_day
        )
        return list(issued.order_by("issued_on", "series", "number").values_list("pk", flat=True))

    def iterate_postings(self, frozen: Sequence[int]) -> Iterator[Posting]:
        invoices = Invoice.objects.defer("frozen").in_bulk(list(frozen))
        for number in frozen:
            yield from _postings_of(invoices[number])


def _postings_of(invoice: Invoice) -> Iterator[Posting]:
    if invoice.issued_on is None:
        raise ValueError(f"Invoice {invoice.pk} is issued and has no day.")  # the database refuses such a row
    sign = -1 if invoice.kind == Invoice.Kind.CREDIT_NOTE else 1
    vat = 0 if invoice.vat_due == Invoice.VatDue.SPLIT else invoice.vat_cents
    text = f"{invoice.get_kind_display().capitalize()} {invoice.reference}"
    parts = ((CUSTOMERS, invoice.net_cents + vat), (REVENUE, -invoice.net_cents), (VAT, -vat))
    for key, cents in parts:
        if cents:
            yield Posting(invoice.issued_on, f"FT {invoice.reference}", key, sign * cents, text, "", "", invoice.customer_name)
