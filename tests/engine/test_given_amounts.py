"""Amounts that somebody else found are split as they are; the engine's energies, laws and hashes stay its own."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from apps.engine.digest import inputs_sha256, result_sha256
from apps.engine.errors import InputsInconsistent, ParameterMissing
from apps.engine.inputs import AmountSource, Contribution, GivenAmount, RunKind, YearToDate
from apps.engine.ordering import canonical
from apps.engine.own_amounts import OwnAmounts, own_amounts
from apps.engine.payees import amounts_of
from apps.engine.run_diff import Booked, Cause, compare
from apps.engine.settlement import settle
from tests.engine.facts import WITHDRAWAL, Facts, with_parameters
from tests.engine.random_communities import random_inputs

ADVANCE, PUBLISHED = AmountSource.GSE_ADVANCE, AmountSource.GSE_PUBLISHED
PREMIUM, VALORISATION, EXCESS = Contribution.PREMIUM, Contribution.VALORISATION, Contribution.EXCESS


def village() -> Facts:
    facts = Facts()
    facts.point(1, "A")
    facts.point(2, "B")
    facts.plant("P1", 1)
    facts.plant("P2", 1)
    facts.hourly(1, "P1", {5: 1000})
    facts.hourly(2, WITHDRAWAL, {5: 1000})
    return facts


def given(*rows: GivenAmount):
    return replace(village().inputs(), given=tuple(sorted(rows, key=lambda row: row.contribution.value)))


def cents(result):
    return result.premium_cents, result.valorisation_cents, result.excess_cents


def test_each_contribution_is_given_or_the_engine_s_own() -> None:
    """1 kWh × 120 + 10 €/MWh is 13 cents of premium, of which 45 points are excess: 6; × 8.48 €/MWh is 1 cent.

    A premium that is given without its excess being given includes it.
    """
    assert cents(settle(village().inputs())) == (7, 1, 6)
    assert cents(settle(given(GivenAmount(PREMIUM, 4321, PUBLISHED)))) == (4315, 1, 6)
    assert cents(settle(given(GivenAmount(VALORISATION, 99, PUBLISHED)))) == (7, 99, 6)
    assert cents(settle(given(GivenAmount(EXCESS, -5, PUBLISHED)))) == (18, 1, -5)
    whole = settle(given(*(GivenAmount(one, 100, PUBLISHED) for one in Contribution)))
    assert cents(whole) == (100, 100, 100)
    assert sum(line.cents for line in whole.lines) == 300


def test_plants_show_what_they_were_given() -> None:
    inputs = given(GivenAmount(PREMIUM, 700, ADVANCE, (("P1", 300), ("P2", 400))), GivenAmount(EXCESS, 0, ADVANCE))
    result = settle(replace(inputs, run_kind=RunKind.ADVANCE))
    assert [(plant.code, plant.premium_cents) for plant in result.plants] == [("P1", 300), ("P2", 400)]
    assert (result.premium_gross_cents, result.premium_cents, result.excess_sets) == (700, 700, ())


def test_an_advance_has_no_excess_whatever_the_year_was() -> None:
    inputs = replace(village().inputs(), run_kind=RunKind.ADVANCE, year_to_date=(YearToDate(False, 1000, 1000, 5000, 0),))
    assert (settle(inputs).excess_sets, settle(inputs).excess_cents) == ((), 0)


def test_a_given_valorisation_needs_no_trase() -> None:
    inputs = with_parameters(village(), trase_eur_per_mwh=None).inputs()
    with pytest.raises(ParameterMissing):
        settle(inputs)
    result = settle(replace(inputs, given=(GivenAmount(VALORISATION, 5, PUBLISHED),)))
    assert (result.valorisation.amount_cents, result.valorisation.shared_wh) == (5, 1000)


@pytest.mark.parametrize("seed", range(40))
def test_whatever_is_given_is_split_to_the_cent(seed: int) -> None:
    inputs = replace(random_inputs(seed), accepted_missing=(), run_kind=RunKind.PROVISIONAL)
    signs = {EXCESS: 0, PREMIUM: 1, VALORISATION: -1}
    rows = tuple(GivenAmount(one, 1000 * seed * sign - 7, PUBLISHED) for one, sign in signs.items())
    result = settle(replace(inputs, given=rows))
    assert result.taken_wh.sum(axis=0).tolist() == result.shared_wh.tolist()
    amounts = {row.contribution: row.cents for row in rows}
    for one in Contribution:
        assert sum(line.cents for line in result.lines if line.contribution is one) == amounts[one]


def test_they_are_part_of_both_hashes_and_of_the_canonical_order() -> None:
    own = village().inputs()
    rows = (GivenAmount(VALORISATION, 5, ADVANCE), GivenAmount(PREMIUM, 700, ADVANCE, (("P2", 400), ("P1", 300))))
    mixed = replace(own, given=rows)
    assert [row.contribution for row in canonical(mixed).given] == [PREMIUM, VALORISATION]
    assert canonical(mixed).given[0].by_plant == (("P1", 300), ("P2", 400))
    assert inputs_sha256(mixed) == inputs_sha256(canonical(mixed)) != inputs_sha256(own)
    published = replace(mixed, given=tuple(replace(row, source=PUBLISHED) for row in rows))
    assert inputs_sha256(published) != inputs_sha256(mixed)
    assert result_sha256(settle(canonical(mixed))) != result_sha256(settle(own))


def test_nothing_given_leaves_the_hash_as_it_always_was() -> None:
    """The digest of inputs that were stored before amounts could be given: a known value."""
    assert inputs_sha256(village().inputs()) == "d8921b685b1cbdf60395fef2525b81282259e2b76019b6f2dc1c50b6195c889c"


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        ((GivenAmount(PREMIUM, 1, ADVANCE), GivenAmount(PREMIUM, 2, ADVANCE)), "premium twice"),
        ((GivenAmount(VALORISATION, 1, ADVANCE), GivenAmount(PREMIUM, 2, ADVANCE)), "canonical order"),
        ((GivenAmount(PREMIUM, 1, ADVANCE, (("P1", 1),)),), "name each plant once"),
        ((GivenAmount(PREMIUM, 1, ADVANCE, (("P1", 1), ("P2", 1))),), "do not sum to 1 cents"),
    ],
)
def test_given_amounts_that_contradict_themselves_are_refused(rows, what) -> None:
    with pytest.raises(InputsInconsistent, match=what):
        settle(replace(village().inputs(), given=rows))


def test_a_month_without_any_point_comes_to_nothing() -> None:
    """What a reversal posts the difference to."""
    own = village().inputs()
    empty = replace(
        own,
        run_kind=RunKind.REVERSAL,
        points=(),
        plants=(),
        injections=(),
        zones=(),
        withdrawn_wh=np.zeros((0, own.withdrawn_wh.shape[1]), np.int32),
        withdrawn_quality=np.zeros((0, own.withdrawn_wh.shape[1]), np.uint8),
        injected_wh=np.zeros((0, own.withdrawn_wh.shape[1]), np.int32),
        injected_quality=np.zeros((0, own.withdrawn_wh.shape[1]), np.uint8),
        prices_ueur_per_mwh=np.zeros((0, own.prices_ueur_per_mwh.shape[1]), np.int64),
    )
    result = settle(empty)
    assert (cents(result), result.lines, int(result.shared_wh.sum())) == ((0, 0, 0), (), 0)
    assert [member.total_cents for member in result.members] == [0, 0]


def test_the_difference_between_an_advance_and_the_month_has_its_own_cause() -> None:
    advance = replace(given(*(GivenAmount(one, 1000, ADVANCE) for one in Contribution)), run_kind=RunKind.ADVANCE)
    now = village().inputs()
    before, after = (Booked(inputs, amounts_of(settle(inputs).lines)) for inputs in (advance, now))
    changes = compare(before, after)
    causes = {cause for row in changes for cause, found in zip(Cause, row.causes, strict=True) if found}
    assert causes == {Cause.GIVEN}
    assert sum(row.difference_cents for row in changes) == 14 - 3000
    assert Decimal(sum(sum(row.causes) for row in changes)) == 14 - 3000


def test_the_own_amounts_are_those_of_the_same_month_with_nothing_given() -> None:
    """Whatever GSE published, the comparison is with what the rules alone make of the month."""
    alone = settle(village().inputs())
    assert own_amounts(village().inputs(), alone) is None, "what is divided is the own computation"
    for names in ([PREMIUM], [VALORISATION], [EXCESS], [PREMIUM, EXCESS], list(Contribution)):
        inputs = given(*(GivenAmount(one, 4321, PUBLISHED) for one in names))
        assert own_amounts(inputs, settle(inputs)) == OwnAmounts(*cents(alone)), names


def test_an_advance_has_no_own_amounts_and_a_year_without_trase_no_own_valorisation() -> None:
    inputs = given(*(GivenAmount(one, 0 if one is EXCESS else 100, ADVANCE) for one in Contribution))
    inputs = replace(inputs, run_kind=RunKind.ADVANCE)
    assert own_amounts(inputs, settle(inputs)) is None
    unknown = with_parameters(village(), trase_eur_per_mwh=None).inputs()
    unknown = replace(unknown, given=(GivenAmount(VALORISATION, 99, PUBLISHED),))
    assert own_amounts(unknown, settle(unknown)) == OwnAmounts(7, None, 6)


@pytest.mark.parametrize("seed", range(4))
def test_the_own_amounts_of_a_random_community_are_found_again(seed: int) -> None:
    inputs = random_inputs(seed)
    published = tuple(GivenAmount(one, 100 + seed, PUBLISHED) for one in sorted(Contribution, key=lambda one: one.value))
    divided = replace(inputs, given=published)
    assert own_amounts(divided, settle(divided)) == OwnAmounts(*cents(settle(inputs)))
