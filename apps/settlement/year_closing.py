"""Read: whether the months of a year still sum to its excess, and which month may be corrected to close it (rules 5)."""

import hashlib
import json
from datetime import date
from decimal import Decimal

from apps.engine.excess import excess_cents
from apps.engine.inputs import Contribution
from apps.settlement.history import get_year_of_runs, list_effective_runs, list_speaking_runs
from apps.settlement.models import SettlementRun


def find_open_year(run: SettlementRun) -> str:
    """The hash of the year's figures when they do not close and a correction of this run's month would close them; else "".

    Months post the change of the year's figure as each knew it, so a month that was taken back and settled anew, or settled
    after later ones, leaves the year with another excess than its formula gives. A correction looks at the whole year, and one
    is enough: that of the latest approved month that divides its own excess. While a month that was taken back is empty, or one
    before it waits for its approval, nothing is said: settling it moves the year again.
    """
    first, after = date(run.month.year, 1, 1), date(run.month.year + 1, 1, 1)
    effective = list_effective_runs(configuration_id=run.configuration_id, from_month=first, before=after)
    taken_back = SettlementRun.objects.filter(
        configuration=run.configuration_id, month__gte=first, month__lt=after, state=SettlementRun.State.REVERSED
    )
    if set(taken_back.values_list("month", flat=True)) - {base.month for base in effective}:
        return ""
    speaking = [one for one in list_speaking_runs(effective) if one.settled_as != SettlementRun.Kind.ADVANCE]
    closing = [one for one in speaking if one.state in SettlementRun.APPROVED_STATES and not _excess_is_given(one)]
    if not closing or closing[-1].pk != run.pk:
        return ""
    if any(base.month < run.month and base.state not in SettlementRun.APPROVED_STATES for base in effective):
        return ""
    thresholds = {row["granted"]: Decimal(row["threshold"]) for one in speaking for row in one.facts["excess_sets"]}
    sums = [
        (row.granted, row.injected_wh, row.incentivised_wh, row.premium_cents, row.excess_cents)
        for row in get_year_of_runs(speaking)
        if row.granted in thresholds
    ]
    if all(
        excess_cents(incentivised, injected, premium, thresholds[granted]) == posted
        for granted, injected, incentivised, premium, posted in sums
    ):
        return ""
    return hashlib.sha256(json.dumps(sums).encode()).hexdigest()


def _excess_is_given(run: SettlementRun) -> bool:
    """Where GSE certified the excess of a month its figure is divided, and nothing that the year says would move it."""
    return any(row["contribution"] == Contribution.EXCESS.value for row in run.facts.get("given", []))
