"""What the bank received from GSE and what GSE keeps for itself, for the journal.

A run says what GSE owes for each contribution; a receipt pays it: the bank against those accounts, as the reconciliation divides
the transfer over what it pays. A fee is a cost on the day that GSE published it, and a debt until a transfer that comes short of
it settles it. A receipt that pays nothing that was expected, or of which nobody knows the configuration, stands on an account of
its own. Which receipt pays what may change with the next import or by a person's word, so the postings themselves are frozen.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from apps.engine.gse_payments import FEE, Payment, attribute_receipts
from apps.invoicing.accountancy.chart import BANK, CONTRIBUTIONS, GSE_COSTS, GSE_FEES, GSE_UNMATCHED, gse_key
from apps.invoicing.accountancy.journal_nouns import GSE, Posting
from apps.invoicing.accountancy.scope import Scope, list_configurations
from apps.settlement.gse.payments import ConfigurationPayments, get_payments
from apps.settlement.gse.queries import list_receipts_in_force
from apps.settlement.models import BankReceipt, GsePublication

Values = dict[str, Any]  # day (ISO), document, text, parts: [[account key, contribution, cents], …]


class GseReceipts:
    """Each receipt of the period is a document, and each fee that GSE published in it."""

    name = "gse"

    def freeze(self, scope: Scope) -> list[Values]:
        found: list[Values] = []
        for configuration in list_configurations(scope):
            found += _documents_of(get_payments(configuration=configuration, on=scope.last_day), scope)
        if scope.configuration is None:
            waiting = list_receipts_in_force(community_id=scope.community.pk).filter(configuration=None)
            found += [_unmatched(receipt, "da assegnare") for receipt in waiting if _within(scope, receipt.value_date)]
        return sorted(found, key=lambda values: (values["day"], values["document"]))

    def iterate_postings(self, frozen: Sequence[Values]) -> Iterator[Posting]:
        for values in frozen:
            day = date.fromisoformat(values["day"])
            for key, contribution, cents in values["parts"]:
                yield Posting(day, values["document"], key, cents, values["text"], contribution, GSE, "GSE")


def _documents_of(gathered: ConfigurationPayments, scope: Scope) -> Iterator[Values]:
    for payment in gathered.payments.payments:
        for number, parts in attribute_receipts(payment).items():
            receipt = gathered.receipts[number]
            if _within(scope, receipt.value_date):
                yield _paid(receipt, payment, parts)
    for unmatched in gathered.payments.unmatched:
        if _within(scope, unmatched.value_date):
            yield _unmatched(gathered.receipts[unmatched.number], "da attribuire")
    for row in gathered.publications.values():
        if row.item == FEE and row.cents and _within(scope, row.published_on):
            yield _fee(row)


def _within(scope: Scope, day: date) -> bool:
    return scope.first_day <= day <= scope.last_day


def _paid(receipt: BankReceipt, payment: Payment, parts: dict[str, int]) -> Values:
    """The bank, against what GSE owed; a fee that was netted settles the debt for it."""
    months = sorted({line.month for line in payment.lines})
    span = f"{months[0]:%m/%Y}" if len(months) == 1 else f"{months[0]:%m/%Y}-{months[-1]:%m/%Y}"
    owed = [[gse_key(name), name, -parts[name]] for name in CONTRIBUTIONS if parts.get(name)]
    fees = [[GSE_FEES, "", -parts[FEE]]] if parts.get(FEE) else []
    return _receipt(receipt, f"per {span}", [*owed, *fees])


def _unmatched(receipt: BankReceipt, why: str) -> Values:
    return _receipt(receipt, why, [[GSE_UNMATCHED, "", -receipt.cents]] if receipt.cents else [])


def _receipt(receipt: BankReceipt, what: str, against: list[list[Any]]) -> Values:
    """The document's name is the place of the receipt in the bank's file: it stays, whatever the receipt is assigned to."""
    code = f"{receipt.configuration.code}, " if receipt.configuration else ""
    reference = f", rif. {receipt.reference}" if receipt.reference else ""
    bank = [[BANK, "", receipt.cents]] if receipt.cents else []
    return {
        "day": receipt.value_date.isoformat(),
        "document": f"GSE/{receipt.brought_by_id}/{receipt.line}",
        "text": f"Accredito GSE, {code}{what}{reference}",
        "parts": [*bank, *against],
    }


def _fee(row: GsePublication) -> Values:
    reference = f", rif. {row.reference}" if row.reference else ""
    return {
        "day": row.published_on.isoformat(),
        "document": f"GSE/{row.brought_by_id}/{row.line}/spese",
        "text": f"Spese annue del GSE, {row.configuration.code} {row.month:%m/%Y}{reference}",
        "parts": [[GSE_COSTS, "", -row.cents], [GSE_FEES, "", row.cents]],
    }
