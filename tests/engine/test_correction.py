"""A correction is the difference, payee by payee: whatever the two results, sums close and corrections telescope."""

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.engine.correction import Posted, correct
from apps.engine.inputs import Contribution, MonthInputs, RunKind
from apps.engine.payees import amounts_of
from apps.engine.results import MonthResult
from apps.engine.settlement import settle
from tests.engine.random_communities import random_inputs

SEEDS = st.integers(0, 400)


def _settled(seed: int) -> MonthResult:
    inputs: MonthInputs = replace(random_inputs(seed), run_kind=RunKind.PROVISIONAL)
    return settle(inputs)


def _posted(result: MonthResult) -> Posted:
    return Posted(amounts_of(result.lines), {row.code: row for row in result.members})


def _total(result: MonthResult, contribution: Contribution) -> int:
    return int(getattr(result, f"{contribution.value}_cents"))


@given(SEEDS, SEEDS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_members_and_accounts_sum_to_new_minus_old(old: int, new: int) -> None:
    """Two strangers' months are the hardest case: members, accounts and plants come and go."""
    before, now = _settled(old), _settled(new)
    correction = correct(now, _posted(before))
    for contribution in Contribution:
        wanted = _total(now, contribution) - _total(before, contribution)
        assert correction.amounts[contribution] == wanted
        assert sum(line.cents for line in correction.lines if line.contribution is contribution) == wanted
        assert correction.month_amounts[contribution] == _total(now, contribution)
    assert all(line.cents for line in correction.lines)
    lines = amounts_of(correction.lines)
    for row in correction.members:
        for contribution in Contribution:
            cents = sum(value for payee, value in lines.items() if (payee.contribution, payee.member) == (contribution, row.code))
            assert getattr(row, f"{contribution.value}_cents") == cents
    assert {row.code for row in correction.members} == {row.code for row in (*before.members, *now.members)}


@given(SEEDS, SEEDS, SEEDS)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_corrections_in_a_row_come_to_the_newest_truth(first: int, second: int, third: int) -> None:
    results = [_settled(seed) for seed in (first, second, third)]
    amounts = amounts_of(results[0].lines)
    for result in results[1:]:
        for payee, cents in amounts_of(correct(result, Posted(amounts, {})).lines).items():
            amounts[payee] = amounts.get(payee, 0) + cents
    newest = amounts_of(results[2].lines)
    assert {payee: cents for payee, cents in amounts.items() if cents} == {p: c for p, c in newest.items() if c}


def test_nothing_new_has_no_lines() -> None:
    result = _settled(7)
    correction = correct(result, _posted(result))
    assert correction.lines == ()
    assert set(correction.amounts.values()) == {0}
    assert {row.total_cents for row in correction.members} == {0}
