"""Read: months that divide GSE's amounts and have none to divide: their final runs and corrections cannot be settled."""

from collections.abc import Collection, Sequence
from datetime import date

from apps.communities.models import Configuration
from apps.engine.gse_dates import true_up_due_on
from apps.settlement.models import AmountsChoice, GseItem, GseKind, GsePublication, SettlementRun


def list_missing_true_ups(configurations: Collection[Configuration], *, today: date) -> dict[int, list[date]]:
    """Per configuration the approved months without a true-up: GSE should have published it, or the month is final already.

    A final month was settled before somebody chose GSE's amounts for it: nothing late can be noticed in it until they are there.
    A month that nobody settled says so elsewhere, and its final run says what it lacks. Configurations that lack nothing are left
    out. Three queries, one where nobody ever chose GSE's amounts.
    """
    choices: dict[int, list[AmountsChoice]] = {}
    rows = AmountsChoice.objects.filter(configuration__in=[one.pk for one in configurations])
    for row in rows.order_by("valid_from", "pk"):
        choices.setdefault(row.configuration_id, []).append(row)
    divided = {
        one.pk: months
        for one in configurations
        if (months := [month for month in _months(one, today) if _divides_gse(choices.get(one.pk, ()), month)])
    }
    if not divided:
        return {}
    published = set(
        GsePublication.objects.filter(configuration__in=divided, superseded_by__isnull=True)
        .exclude(item=GseItem.FEE)
        .exclude(kind=GseKind.ADVANCE)
        .values_list("configuration", "month")
    )
    approved = set(
        SettlementRun.objects.filter(
            configuration__in=divided, kind__in=SettlementRun.BASE_KINDS, state__in=SettlementRun.APPROVED_STATES
        ).values_list("configuration", "month", "kind")
    )
    settled = {(number, month) for number, month, _kind in approved}
    missing = {
        number: [
            month
            for month in months
            if (number, month) in settled - published
            and ((number, month, SettlementRun.Kind.FINAL) in approved or today > true_up_due_on(month.year))
        ]
        for number, months in divided.items()
    }
    return {number: months for number, months in missing.items() if months}


def _months(configuration: Configuration, today: date) -> list[date]:
    """The months that ended, from the first of the configuration to its last."""
    month, months = configuration.starts_on.replace(day=1), []
    while month < today.replace(day=1) and (configuration.ends_on is None or configuration.ends_on > month):
        months.append(month)
        month = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return months


def _divides_gse(choices: Sequence[AmountsChoice], month: date) -> bool:
    """As `apps.settlement.gse.queries.get_amounts_source`, of choices in the order of their months and words."""
    held = [choice for choice in choices if choice.valid_from <= month]
    return bool(held) and held[-1].amounts_from == AmountsChoice.Source.GSE
