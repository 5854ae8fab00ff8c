"""The result of a run as Parquet tables, for whoever wants to read it without this program."""

from typing import Any

import numpy as np

from apps.engine.inputs import MonthInputs
from apps.engine.results import MonthResult
from reports.snapshot_columns import (
    ENERGY_PLACES,
    MONEY_PLACES,
    PRICE_PLACES,
    decimals,
    exact_decimals,
    instants,
    repeated,
    wholes,
)
from reports.snapshot_quarters import quarter_starts
from reports.snapshot_tables import write_table


def write_results(inputs: MonthInputs, result: MonthResult) -> dict[str, bytes]:
    """Hours, hours per plant, plants (cascade order), members, lines (the engine's order)."""
    starts = quarter_starts(inputs.year, inputs.month, 4 * result.hours)[::4]
    return {
        "results_hours.parquet": write_table(
            {
                "starts_at": instants(starts),
                "injected_kwh": _kwh(result.injected_wh),
                "withdrawn_kwh": _kwh(result.withdrawn_wh),
                "shared_kwh": _kwh(result.shared_wh),
            }
        ),
        "results_plant_hours.parquet": write_table(
            {
                "plant": repeated([plant.code for plant in result.plants], result.hours),
                "starts_at": instants(np.tile(starts, len(result.plants))),
                "taken_kwh": _kwh(result.taken_wh),
            }
        ),
        "results_plants.parquet": _plants(result),
        "results_members.parquet": _members(result),
        "results_lines.parquet": _lines(result),
    }


def _kwh(values: Any) -> Any:
    return decimals(values, ENERGY_PLACES)


def _eur(values: list[int]) -> Any:
    return decimals(values, MONEY_PLACES)


def _plants(result: MonthResult) -> bytes:
    plants = result.plants
    return write_table(
        {
            "plant": [plant.code for plant in plants],
            "injected_kwh": _kwh([plant.injected_wh for plant in plants]),
            "taken_kwh": _kwh([plant.taken_wh for plant in plants]),
            "incentivised_kwh": _kwh([plant.incentivised_wh for plant in plants]),
            "exempt_kwh": _kwh([plant.exempt_wh for plant in plants]),
            "premium_eur": _eur([plant.premium_cents for plant in plants]),
            "base_eur_per_mwh": decimals([plant.base_ueur_per_mwh for plant in plants], PRICE_PLACES),
            "cap_eur_per_mwh": decimals([plant.cap_ueur_per_mwh for plant in plants], PRICE_PLACES),
            "correction_eur_per_mwh": decimals([plant.correction_ueur_per_mwh for plant in plants], PRICE_PLACES),
            "reduction": [str(plant.reduction) for plant in plants],
            "obligation_share": [str(plant.obligation_share) for plant in plants],
            "not_incentivised_because": [plant.not_incentivised_because for plant in plants],
        }
    )


def _members(result: MonthResult) -> bytes:
    members = result.members
    return write_table(
        {
            "member": [member.code for member in members],
            "injected_kwh": _kwh([member.injected_wh for member in members]),
            "withdrawn_kwh": _kwh([member.withdrawn_wh for member in members]),
            "shared_kwh": _kwh([member.shared_wh for member in members]),
            "incentivised_kwh": _kwh([member.incentivised_wh for member in members]),
            "premium_eur": _eur([member.premium_cents for member in members]),
            "valorisation_eur": _eur([member.valorisation_cents for member in members]),
            "excess_eur": _eur([member.excess_cents for member in members]),
            "total_eur": _eur([member.total_cents for member in members]),
        }
    )


def _lines(result: MonthResult) -> bytes:
    lines = result.lines
    return write_table(
        {
            "contribution": [line.contribution.value for line in lines],
            "block": [line.block for line in lines],
            "member": [line.member for line in lines],
            "account": [line.account for line in lines],
            "key": [line.key for line in lines],
            "weight": wholes([line.weight for line in lines]),
            "weight_total": wholes([line.weight_total for line in lines]),
            "percent": exact_decimals([line.percent for line in lines]),
            "block_eur": _eur([line.block_cents for line in lines]),
            "amount_eur": _eur([line.cents for line in lines]),
        }
    )
