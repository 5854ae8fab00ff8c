"""Two ways of looking at a result: against the oracle, and against the laws that every run obeys."""

from collections import defaultdict
from dataclasses import asdict
from typing import Any

from apps.engine.inputs import Contribution, MonthInputs
from apps.engine.results import MonthResult


def as_oracle(result: MonthResult) -> dict[str, Any]:
    """Return a result in the words of the oracle. Fails when the result contradicts itself on the way."""
    postings: dict[tuple[str, str, str, str], int] = defaultdict(int)
    for line in result.lines:
        postings[str(line.contribution), line.block, line.member, line.account] += line.cents
    valorisation = result.valorisation
    return {
        "hours": result.hours,
        "missing": {row.pod: row.hours for row in result.missing},
        "injected_wh": result.injected_wh.tolist(),
        "withdrawn_wh": result.withdrawn_wh.tolist(),
        "shared_wh": result.shared_wh.tolist(),
        "taken_wh": result.taken_wh.tolist(),
        "point_shared_wh": result.point_shared_wh.tolist(),
        "plants": [asdict(plant) for plant in result.plants],
        "members": [asdict(member) for member in result.members],
        "premium_gross_cents": result.premium_gross_cents,
        "premium_cents": result.premium_cents,
        "valorisation": (
            valorisation.shared_wh,
            valorisation.building_shared_wh,
            valorisation.avoided_losses_cents_unrounded,
            valorisation.amount_cents,
        ),
        "excess_sets": [
            (row.granted, row.injected_wh, row.incentivised_wh, row.premium_cents, row.excess_year_cents, row.excess_month_cents)
            for row in result.excess_sets
        ],
        "excess_cents": result.excess_cents,
        "postings": {key: cents for key, cents in postings.items() if cents},
    }


def differences(result: MonthResult, expected: dict[str, Any]) -> list[str]:
    """Return the parts in which a result differs from the oracle's."""
    got = as_oracle(result)
    assert got.keys() == expected.keys()
    return [name for name in expected if got[name] != expected[name]]


def assert_laws(inputs: MonthInputs, result: MonthResult) -> None:
    """Assert every conservation law of settlement-rules 7."""
    taken, points = result.taken_wh.sum(axis=0), result.point_shared_wh.sum(axis=0)
    assert taken.tolist() == result.shared_wh.tolist(), "per hour, what plants take is what is shared"
    assert points.tolist() == result.shared_wh.tolist(), "per hour, what consumers get is what is shared"
    assert (result.shared_wh >= 0).all()
    assert (result.shared_wh <= result.injected_wh).all()
    assert (result.shared_wh <= result.withdrawn_wh).all()
    assert (result.taken_wh >= 0).all()
    assert (result.point_shared_wh >= 0).all()
    for i, point in enumerate(inputs.points):
        assert not result.point_shared_wh[i, : point.first_hour].any(), "nothing is shared before a point joins"
        assert not result.point_shared_wh[i, point.last_hour :].any(), "nothing is shared after it has left"

    amounts = {
        Contribution.PREMIUM: result.premium_cents,
        Contribution.VALORISATION: result.valorisation_cents,
        Contribution.EXCESS: result.excess_cents,
    }
    by_member: dict[tuple[Contribution, str], int] = defaultdict(int)
    for contribution, amount in amounts.items():
        lines = [line for line in result.lines if line.contribution is contribution]
        assert sum(line.cents for line in lines) == amount, f"{contribution}: members and accounts add up to the amount"
        for line in lines:
            assert bool(line.member) != bool(line.account)
            by_member[contribution, line.member] += line.cents
            assert not line.weight or line.cents * line.block_cents >= 0, "a share never has the wrong sign"
            if line.member:
                exact = line.block_cents * line.weight
                assert abs(line.cents * line.weight_total - exact) < line.weight_total, "a share is less than a cent off"
    assert result.premium_gross_cents == result.premium_cents + result.excess_cents
    assert result.premium_gross_cents == sum(plant.premium_cents for plant in result.plants)
    assert sum(member.shared_wh for member in result.members) == int(result.shared_wh.sum())
    assert sum(member.withdrawn_wh for member in result.members) == int(result.withdrawn_wh.sum())
    assert sum(member.injected_wh for member in result.members) == int(result.injected_wh.sum())
    assert sum(member.incentivised_wh for member in result.members) == sum(plant.incentivised_wh for plant in result.plants)
    for member in result.members:
        assert member.premium_cents == by_member[Contribution.PREMIUM, member.code]
        assert member.valorisation_cents == by_member[Contribution.VALORISATION, member.code]
        assert member.excess_cents == by_member[Contribution.EXCESS, member.code]
        assert member.total_cents == member.premium_cents + member.valorisation_cents + member.excess_cents
    for plant in result.plants:
        assert 0 <= plant.exempt_wh <= plant.incentivised_wh <= plant.taken_wh <= plant.injected_wh
        assert plant.premium_cents >= 0
