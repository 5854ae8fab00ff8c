"""How the amounts came about, as JSON next to the run, and what lies beyond the bounds."""

from typing import Any

from apps.engine.inputs import Contribution, MonthInputs
from apps.engine.own_amounts import own_amounts
from apps.engine.results import MonthResult
from apps.settlement.bounds import list_beyond_bounds
from apps.settlement.models import SettlementRun
from apps.settlement.posted import describe_ground


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
        "attention": list_beyond_bounds(run=run, inputs=inputs, result=result),
        "given": [
            {
                "contribution": row.contribution.value,
                "cents": row.cents,
                "source": row.source.value,
                "by_plant": [list(pair) for pair in row.by_plant],
            }
            for row in inputs.given
        ],
        **_own(inputs, result),
        **({"correction": describe_ground(run, inputs.year_to_date)} if run.corrects_id else {}),
    }


def _own(inputs: MonthInputs, result: MonthResult) -> dict[str, dict[str, int | None]]:
    """The own computation of a month that divides GSE's amounts; nothing where what is divided is the own computation."""
    own = own_amounts(inputs, result)
    if own is None:
        return {}
    return {
        "own": {
            Contribution.PREMIUM.value: own.premium_cents,
            Contribution.VALORISATION.value: own.valorisation_cents,
            Contribution.EXCESS.value: own.excess_cents,
        }
    }
