"""Gather: the transfers that GSE owes a configuration, and which receipts of the bank pay them."""

from collections.abc import Iterable, Set
from dataclasses import dataclass
from datetime import date

from apps.communities.models import Configuration
from apps.engine.gse_payments import Payments, Published, Receipt, plan_payments
from apps.settlement.gse.queries import list_matches_in_force, list_publications_in_force, list_receipts_in_force
from apps.settlement.gse_parameters import get_gse_charges
from apps.settlement.models import BankReceipt, GsePublication, ReceiptMatch


@dataclass(frozen=True, slots=True)
class ConfigurationPayments:
    """The plan, the rows behind its numbers, and by receipt what a person said last of what it pays."""

    payments: Payments
    published: tuple[Published, ...]
    publications: dict[int, GsePublication]
    receipts: dict[int, BankReceipt]
    words: dict[int, ReceiptMatch]


def get_payments(*, configuration: Configuration, on: date) -> ConfigurationPayments:
    """Everything that GSE published for a configuration as payments, by the threshold in force on a day.

    Errors: `ParameterUnknown` when there is something to pay and the threshold is not recorded for the day.
    """
    publications = {row.pk: row for row in list_publications_in_force(configuration_id=configuration.pk)}
    receipts = {
        row.pk: row
        for row in list_receipts_in_force(community_id=configuration.community_id)
        if row.configuration_id == configuration.pk
    }
    published = tuple(
        Published(row.pk, row.month, row.item, row.kind, row.cents, row.published_on) for row in publications.values()
    )
    if not published and not receipts:
        return ConfigurationPayments(Payments((), (), ()), (), {}, {}, {})
    threshold_cents = get_gse_charges(on=on).threshold_cents
    came = [Receipt(row.pk, row.value_date, row.cents) for row in receipts.values()]
    words = {row.receipt_id: row for row in list_matches_in_force(receipt_ids=receipts)}
    said = _said(configuration, publications.keys(), words.values())
    return ConfigurationPayments(plan_payments(published, came, threshold_cents, said), published, publications, receipts, words)


def _said(configuration: Configuration, in_force: Set[int], words: Iterable[ReceiptMatch]) -> dict[int, int | None]:
    """What people said, for the plan: the amount in force now whose payment a receipt is, None for none."""
    said = {
        row.receipt_id: row.publication_id if row.says == ReceiptMatch.Says.PAYS else None
        for row in words
        if row.says != ReceiptMatch.Says.PROPOSED
    }
    if all(number is None or number in in_force for number in said.values()):
        return said
    chains = GsePublication.objects.filter(configuration=configuration, supersedes__isnull=False)
    later: dict[int | None, int] = dict(chains.values_list("supersedes_id", "pk"))
    return {receipt: _latest(number, later) for receipt, number in said.items()}


def _latest(number: int | None, later: dict[int | None, int]) -> int | None:
    while number in later:
        number = later[number]
    return number
