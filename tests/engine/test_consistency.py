"""Inputs that contradict themselves are refused by name, before any rule looks at them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from apps.engine.errors import InputsInconsistent, PointsOverlap
from apps.engine.inputs import Injection, MonthInputs, YearToDate
from apps.engine.settlement import settle
from tests.engine.facts import WITHDRAWAL, Facts


def inputs() -> MonthInputs:
    facts = Facts()
    facts.point(1, "P")
    facts.point(2, "H")
    facts.point(3, "K")
    facts.plant("A", 1)
    facts.plant("B", 2, zone="SUD")
    facts.hourly(1, "A", {5: 1000})
    facts.hourly(2, WITHDRAWAL, {5: 1000})
    return facts.inputs()


def first_point(given: MonthInputs, **changes: object) -> MonthInputs:
    return replace(given, points=(replace(given.points[0], **changes), *given.points[1:]))  # type: ignore[arg-type]


CASES: list[tuple[str, Callable[[MonthInputs], MonthInputs]]] = [
    ("withdrawn_wh is int32 of shape", lambda it: replace(it, withdrawn_wh=it.withdrawn_wh[:, :-1])),
    ("withdrawn_wh is int64", lambda it: replace(it, withdrawn_wh=it.withdrawn_wh.astype(np.int64))),
    ("withdrawn_quality is", lambda it: replace(it, withdrawn_quality=it.withdrawn_quality[1:])),
    ("injected_wh is", lambda it: replace(it, injected_wh=it.injected_wh[1:])),
    ("injected_quality is float64", lambda it: replace(it, injected_quality=it.injected_quality.astype("f8"))),
    ("prices_ueur_per_mwh is", lambda it: replace(it, prices_ueur_per_mwh=it.prices_ueur_per_mwh[:, :3])),
    ("points is not in canonical order", lambda it: replace(it, points=it.points[::-1])),
    ("plants is not in canonical order at A", lambda it: replace(it, plants=it.plants[::-1])),
    ("plants has A twice", lambda it: replace(it, plants=(it.plants[0], it.plants[0]))),
    ("injections is not in canonical order", lambda it: replace(it, injections=it.injections[::-1])),
    ("members is not in canonical order", lambda it: replace(it, members=it.members[::-1])),
    ("members has H twice", lambda it: replace(it, members=(it.members[0], *it.members))),
    ("zones is not in canonical order", lambda it: replace(it, zones=it.zones[::-1])),
    ("year_to_date has False twice", lambda it: replace(it, year_to_date=(YearToDate(False), YearToDate(False)))),
    ("belongs to X, who is no member", lambda it: first_point(it, member="X")),
    ("has hours -1..720 of 720", lambda it: first_point(it, first_hour=-1)),
    ("has hours 0..721 of 720", lambda it: first_point(it, last_hour=721)),
    ("has hours 9..3 of 720", lambda it: first_point(it, first_hour=9, last_hour=3)),
    ("has an efficiency of 1.01", lambda it: first_point(it, storage_efficiency=Decimal("1.01"))),
    ("has an efficiency of -0.5", lambda it: first_point(it, storage_efficiency=Decimal("-0.5"))),
    ("names point 7 and plant 1", lambda it: replace(it, injections=(it.injections[0], Injection(7, 1)))),
    ("names point 1 and plant 9", lambda it: replace(it, injections=(it.injections[0], Injection(1, 9)))),
    ("the plant B stands behind", lambda it: replace(it, injections=(it.injections[0], Injection(2, 1)))),
]


@pytest.mark.parametrize(("words", "break_it"), CASES, ids=[words for words, _ in CASES])
def test_a_broken_input_is_refused(words: str, break_it: Callable[[MonthInputs], MonthInputs]) -> None:
    with pytest.raises(InputsInconsistent, match=words) as caught:
        settle(break_it(inputs()))
    assert str(caught.value).startswith("The input of CER-TEST-A 2023-11 is inconsistent: ")


def test_the_same_input_unbroken_is_settled() -> None:
    assert settle(inputs()).hours == 720


def test_a_pod_with_and_without_its_fifteenth_character_is_the_same_pod() -> None:
    facts = Facts()
    facts.point(1, "P")
    facts.point(2, "P")
    facts.points[1] = replace(facts.points[1], pod=facts.points[0].pod + "2")
    with pytest.raises(PointsOverlap, match="held twice in hour 0"):
        settle(facts.inputs())


def test_a_pod_may_pass_on_and_come_back() -> None:
    facts = Facts()
    facts.point(1, "A", valid_to=date(2023, 11, 5))
    facts.point(1, "B", valid_from=date(2023, 11, 5), valid_to=date(2023, 11, 9))
    facts.point(1, "A", valid_from=date(2023, 11, 9))
    facts.point(1, "C", valid_from=date(2023, 12, 1))
    facts.hourly(1, WITHDRAWAL, {0: 1, 96: 2, 192: 4})
    assert [member.withdrawn_wh for member in settle(facts.inputs()).members] == [5, 2, 0]
