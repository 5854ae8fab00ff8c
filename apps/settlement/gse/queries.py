"""Read: what GSE published and certified, and whose amounts a configuration divides."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet

from apps.settlement.models import AmountsChoice, BankReceipt, GseItem, GsePublication, ReceiptMatch


@dataclass(frozen=True, slots=True)
class PublishedAmounts:
    """What GSE published for one month, in cents per contribution: advance, true-up and recalculations together.

    None is a contribution of which GSE said nothing, which is not zero. `has_true_up`: not only the advance is known.
    `references` are the documents, in order of publication; `publications` the numbers of the rows that the sums are made of.
    """

    premium_cents: int | None
    valorisation_cents: int | None
    excess_cents: int | None
    has_true_up: bool
    references: tuple[str, ...]
    publications: tuple[int, ...]


def list_publications_in_force(*, configuration_id: int) -> QuerySet[GsePublication]:
    """Of every chain of publications the last, by day of publication."""
    rows = GsePublication.objects.filter(configuration=configuration_id, superseded_by__isnull=True)
    return rows.select_related("configuration", "plant", "brought_by").order_by("published_on", "month", "item", "pk")


def list_receipts_in_force(*, community_id: int) -> QuerySet[BankReceipt]:
    """Every receipt of a community once, as it was assigned last."""
    rows = BankReceipt.objects.filter(community=community_id, superseded_by__isnull=True)
    return rows.select_related("configuration", "brought_by").order_by("value_date", "pk")


def list_matches_in_force(*, receipt_ids: Iterable[int]) -> QuerySet[ReceiptMatch]:
    """Of each of these receipts what a person said last of what it pays; nothing of those of which nobody spoke."""
    rows = ReceiptMatch.objects.filter(receipt__in=list(receipt_ids), superseded_by__isnull=True)
    return rows.select_related("said_by").order_by("pk")


def get_published_amounts(*, configuration_id: int, month: date) -> PublishedAmounts | None:
    """What GSE published for a month, without its fees; None when it published nothing for it."""
    rows = list(
        list_publications_in_force(configuration_id=configuration_id).filter(month=month.replace(day=1)).exclude(item=GseItem.FEE)
    )
    if not rows:
        return None
    sums: dict[str, int] = {}
    for row in rows:
        sums[row.item] = sums.get(row.item, 0) + row.cents
    return PublishedAmounts(
        premium_cents=sums.get(GseItem.PREMIUM),
        valorisation_cents=sums.get(GseItem.VALORISATION),
        excess_cents=sums.get(GseItem.EXCESS),
        has_true_up=any(row.kind != "advance" for row in rows),
        references=_references(rows),
        publications=tuple(row.pk for row in rows),
    )


def get_amounts_source(*, configuration_id: int, month: date) -> AmountsChoice.Source:
    """Whose amounts are divided in a month: what was chosen last for the latest month up to it, else the own computation."""
    chosen = (
        AmountsChoice.objects.filter(configuration=configuration_id, valid_from__lte=month).order_by("valid_from", "pk").last()
    )
    return AmountsChoice.Source(chosen.amounts_from) if chosen else AmountsChoice.Source.OWN


def _references(rows: Sequence[GsePublication]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(row.reference for row in rows if row.reference))
