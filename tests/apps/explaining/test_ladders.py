"""Every step of every amount foots, for every member of communities of every kind, and ends at the cents that were posted."""

from decimal import Decimal

import pytest
from django.utils import translation

from apps.communities.models import Plant
from apps.engine.errors import RuleViolation
from apps.engine.explaining import exact_premiums
from apps.engine.inputs import Contribution, Kind
from apps.engine.results import Line
from apps.engine.settlement import settle
from apps.explaining.ladders import MINE, Ladder, Row, excess_ladder, premium_ladder, split_ladders, valorisation_ladder
from apps.settlement.models import PlantResult, SettlementRun
from tests.engine.random_communities import random_inputs


def run_of(result) -> SettlementRun:
    """A run that carries what `result_facts` writes about amounts."""
    told = result.valorisation
    return SettlementRun(
        facts={
            "premium_gross_cents": result.premium_gross_cents,
            "valorisation": {
                "shared_wh": told.shared_wh,
                "trase_ueur_per_mwh": told.trase_ueur_per_mwh,
                "building_shared_wh": told.building_shared_wh,
                "btau_ueur_per_mwh": told.btau_ueur_per_mwh,
                "avoided_losses_cents_unrounded": str(told.avoided_losses_cents_unrounded),
                "amount_cents": told.amount_cents,
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
        }
    )


def plants_of(result) -> list[PlantResult]:
    return [
        PlantResult(
            plant=Plant(code=row.code),
            incentivised_wh=row.incentivised_wh,
            exempt_wh=row.exempt_wh,
            premium_cents=row.premium_cents,
            facts={
                "not_incentivised_because": row.not_incentivised_because,
                "granted": row.reduction > 0,
                "reduction": str(row.reduction),
            },
        )
        for row in result.plants
    ]


@pytest.mark.parametrize("seed", range(60))
def test_every_ladder_foots_and_ends_at_what_was_posted(seed: int) -> None:
    inputs = random_inputs(seed)
    try:
        result = settle(inputs)
    except RuleViolation:
        pytest.skip("this community is refused")
    run = run_of(result)
    premium = premium_ladder(run, plants_of(result), exact_premiums(inputs, result.taken_wh), result.premium_cents)
    valorisation = valorisation_ladder(run, is_group=inputs.kind is Kind.GROUP)
    assert [premium.foots, valorisation.foots, excess_ladder(run, result.excess_cents).foots] == [True] * 3
    assert [premium.rows[-1].cents, valorisation.rows[-1].cents] == [result.premium_cents, result.valorisation_cents]
    amounts = {
        Contribution.PREMIUM: result.premium_cents,
        Contribution.VALORISATION: result.valorisation_cents,
        Contribution.EXCESS: result.excess_cents,
    }
    for contribution, amount in amounts.items():
        for member in result.members:
            lines = [line for line in result.lines if line.contribution is contribution and line.member in ("", member.code)]
            ladders = split_ladders(contribution, amount, lines, inputs.distribution, member.code)
            assert all(ladder.foots for ladder in ladders), (contribution, member.code)
            reached = [row.cents for ladder in ladders[-1:] for row in ladder.rows if row.kind == MINE]
            assert sum(reached) == getattr(member, f"{contribution.value}_cents")


def test_a_ladder_that_does_not_foot_is_seen() -> None:
    rows = [Row("a", 5), Row("b", -2), Row("c", 4, MINE)]
    assert not Ladder("x", rows).foots
    assert Ladder("x", [*rows[:2], Row("c", 3, MINE)]).foots


def test_the_share_is_worked_with_its_numbers() -> None:
    inputs = random_inputs(0)
    line = Line(Contribution.PREMIUM, "consumers", "M1", "", 346, 662, "coincident", 64_237, 122_586)
    fund = Line(Contribution.PREMIUM, "deduction", "", "management", 74, 736, percent=Decimal(10))
    with translation.override("it"):
        ladders = split_ladders(Contribution.PREMIUM, 736, [fund, line], inputs.distribution, "M1")
    assert ladders[0].rows[1].note == "10\u00a0% di 7,36\u00a0€"
    mine = ladders[-1].rows[-1]
    assert mine.note.startswith("64,237\u00a0kWh su 122,586\u00a0kWh, il 52,4\u00a0%: 6,62\u00a0€ × 64,237 ÷ 122,586 = 3,46")
    assert mine.note.endswith("→ 3,46\u00a0€")
