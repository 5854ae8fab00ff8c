"""Gather: the transfers that GSE owes a configuration, and which receipts of the bank pay them."""

from dataclasses import dataclass
from datetime import date

from apps.communities.models import Configuration
from apps.engine.gse_payments import Payments, Published, Receipt, plan_payments
from apps.settlement.gse.queries import list_publications_in_force, list_receipts_in_force
from apps.settlement.gse_parameters import get_gse_charges
from apps.settlement.models import BankReceipt, GsePublication


@dataclass(frozen=True, slots=True)
class ConfigurationPayments:
    """The plan, and the rows behind its numbers."""

    payments: Payments
    published: tuple[Published, ...]
    publications: dict[int, GsePublication]
    receipts: dict[int, BankReceipt]


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
        return ConfigurationPayments(Payments((), (), ()), (), {}, {})
    threshold_cents = get_gse_charges(on=on).threshold_cents
    came = [Receipt(row.pk, row.value_date, row.cents) for row in receipts.values()]
    return ConfigurationPayments(plan_payments(published, came, threshold_cents), published, publications, receipts)
