"""How the amounts came about, as JSON next to the run, and what a person should look at before approving."""

from typing import Any

from apps.engine.inputs import MonthInputs
from apps.engine.results import MonthResult
from apps.settlement.history import list_corrections, list_effective_runs
from apps.settlement.models import SettlementRun
from apps.settlement.posted import describe_ground, get_posted_members

# A member's amount that moves by more than this against the month before is pointed out before approval.
LARGEST_CHANGE_PERCENT = 300
SMALLEST_NOTED_CENTS = 500


def result_facts(*, run: SettlementRun, inputs: MonthInputs, result: MonthResult) -> dict[str, Any]:
    """Texts for exact numbers, integers for Wh, cents and µ€/MWh."""
    valorisation = result.valorisation
    return {
        "premium_gross_cents": result.premium_gross_cents,
        "valorisation": {
            "shared_wh": valorisation.shared_wh,
            "trase_ueur_per_mwh": valorisation.trase_ueur_per_mwh,
            "building_shared_wh": valorisation.building_shared_wh,
            "btau_ueur_per_mwh": valorisation.btau_ueur_per_mwh,
            "avoided_losses_cents_unrounded": str(valorisation.avoided_losses_cents_unrounded),
            "amount_cents": valorisation.amount_cents,
        },
        "excess_sets": [
            {
                "granted": row.granted,
                "threshold": str(row.threshold),
                "injected_wh": row.injected_wh,
                "incentivised_wh": row.incentivised_wh,
                "premium_cents": row.premium_cents,
                "excess_year_cents": row.excess_year_cents,
                "excess_month_cents": row.excess_month_cents,
            }
            for row in result.excess_sets
        ],
        "producers_percent": {
            "premium": str(inputs.distribution.premium.producers_percent),
            "valorisation": str(inputs.distribution.valorisation.producers_percent),
        },
        "attention": _attention(run=run, result=result),
        **({"correction": describe_ground(run, inputs.year_to_date)} if run.corrects_id else {}),
    }


def _attention(*, run: SettlementRun, result: MonthResult) -> list[dict[str, Any]]:
    """Negative totals, and members whose amount moved by more than ±300 % against the month before (reliability: bounds)."""
    notes: list[dict[str, Any]] = [
        {"what": "negative", "member": member.code, "cents": member.total_cents}
        for member in result.members
        if member.total_cents < 0
    ]
    if run.corrects_id:
        return notes  # what a correction moves is its subject, with causes; only a month that ends below zero is a surprise
    before = list_effective_runs(configuration_id=run.configuration_id, from_month=_month_before(run), before=run.month)
    if not before:
        return notes
    month_before = [before[-1].pk, *(correction.pk for correction in list_corrections(before[-1:]))]
    earlier = {code: row.total_cents for code, row in get_posted_members(month_before).items()}
    for member in result.members:
        was, now = earlier.get(member.code, 0), member.total_cents
        if was and max(abs(was), abs(now)) >= SMALLEST_NOTED_CENTS and abs(now - was) * 100 > LARGEST_CHANGE_PERCENT * abs(was):
            notes.append({"what": "change", "member": member.code, "cents": now, "before_cents": was})
    return notes


def _month_before(run: SettlementRun) -> Any:
    year, month = (run.month.year, run.month.month - 1) if run.month.month > 1 else (run.month.year - 1, 12)
    return run.month.replace(year=year, month=month)
