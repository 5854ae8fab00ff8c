"""Every difference has the reason that the rules print, or is open; what a person explains holds for that many cents."""

from datetime import date
from functools import partial

import pytest

from apps.engine import gse_payments
from apps.engine.gse_differences import Facts, Reason, Side
from apps.engine.gse_expected import expected_of_month
from apps.engine.gse_payments import Published, Receipt
from apps.engine.gse_reconciliation import difference_of, reconcile, total_of
from apps.engine.inputs import Contribution

plan_payments = partial(gse_payments.plan_payments, threshold_cents=50_00)

MARCH = date(2023, 3, 1)
PREMIUM, VALORISATION, EXCESS = Contribution.PREMIUM, Contribution.VALORISATION, Contribution.EXCESS


def say(cents, *, item="premium", kind="advance", on=date(2023, 4, 25), number=None):
    return Published(number if number is not None else hash((item, kind, on)) % 10**6, MARCH, item, kind, cents, on)


def judge(*, own=None, advances=None, published=(), receipts=(), as_of=date(2023, 12, 1), **more):
    facts = Facts(
        months=[MARCH],
        own={(MARCH, name): cents for name, cents in (own or {}).items()},
        advances={(MARCH, name): cents for name, cents in (advances or {}).items()},
        published=list(published),
        payments=plan_payments(list(published), list(receipts)),
        as_of=as_of,
        **more,
    )
    return {line.contribution: line for line in reconcile(facts)}


def reasons(line):
    return [(finding.side.value, finding.reason.value, finding.cents) for finding in line.findings]


def test_what_agrees_to_the_cent_has_no_finding() -> None:
    line = judge(
        own={PREMIUM: 600_00},
        published=[say(495_00), say(105_00, kind="true_up", on=date(2024, 5, 10))],
        receipts=[Receipt(1, date(2023, 5, 31), 495_00), Receipt(2, date(2024, 6, 28), 105_00)],
        as_of=date(2024, 8, 1),
    )[PREMIUM]
    assert line.findings == ()
    assert (line.own_cents, line.gse_cents, line.bank_cents) == (600_00, 600_00, 600_00)
    assert (line.gse_difference, line.bank_difference) == (0, 0)


@pytest.mark.parametrize(("apart", "expected"), [(2, "rounding"), (-2, "rounding"), (3, "differs"), (-3, "differs")])
def test_two_cents_are_rounding_and_three_are_open(apart, expected) -> None:
    said = [say(600_00 + apart, kind="true_up")]
    line = judge(own={PREMIUM: 600_00}, published=said, receipts=[Receipt(1, date(2023, 5, 31), 600_00 + apart)])[PREMIUM]
    assert reasons(line) == [("gse", expected, apart)]
    assert line.is_open == (expected == "differs")


def test_an_advance_waits_for_its_true_up_until_15_may() -> None:
    given = {
        "own": {PREMIUM: 600_00},
        "advances": {PREMIUM: 495_00},
        "published": [say(495_00)],
        "receipts": [Receipt(1, date(2023, 5, 31), 495_00)],
    }
    line = judge(**given, as_of=date(2024, 5, 15))[PREMIUM]
    assert reasons(line) == [("gse", "advance_only", -105_00)]
    assert line.findings[0].due_on == date(2024, 5, 15)
    assert line.findings[0].expected_cents == 105_00
    assert reasons(judge(**given, as_of=date(2024, 5, 16))[PREMIUM]) == [("gse", "not_published", -105_00)]


def test_an_advance_that_is_not_the_expected_one_is_open() -> None:
    line = judge(advances={PREMIUM: 495_00}, published=[say(450_00)], receipts=[Receipt(1, date(2023, 5, 31), 450_00)])[PREMIUM]
    assert reasons(line) == [("gse", "advance_differs", -45_00), ("gse", "not_settled", 0)]


def test_silence_is_open_only_after_the_date() -> None:
    given = {"own": {PREMIUM: 600_00}, "advances": {PREMIUM: 495_00}}
    assert reasons(judge(**given, as_of=date(2023, 4, 25))[PREMIUM]) == [("gse", "not_yet_published", -600_00)]
    assert reasons(judge(**given, as_of=date(2023, 4, 26))[PREMIUM]) == [("gse", "not_published", -600_00)]
    assert reasons(judge(own={EXCESS: 0}, as_of=date(2025, 1, 1))[EXCESS]) == []


def test_what_is_not_due_yet_and_what_did_not_come() -> None:
    given = {"own": {PREMIUM: 495_00}, "published": [say(495_00)]}
    assert reasons(judge(**given, as_of=date(2023, 5, 31))[PREMIUM]) == [("bank", "not_yet_paid", -495_00)]
    line = judge(**given, as_of=date(2023, 6, 1))[PREMIUM]
    assert reasons(line) == [("bank", "not_received", -495_00)]
    assert line.bank_cents is None, "unknown is not zero"
    assert line.is_open


def test_what_is_under_the_threshold_is_explained_by_it() -> None:
    line = judge(own={PREMIUM: 49_99}, published=[say(49_99)], as_of=date(2023, 8, 1))[PREMIUM]
    assert reasons(line) == [("bank", "carried", -49_99)]
    assert line.findings[0].expected_cents == 49_99, "the balance that waits"
    assert not line.is_open


def test_a_payment_short_of_exactly_the_fee_is_explained_by_it() -> None:
    given = {"own": {PREMIUM: 495_00}, "published": [say(495_00)], "receipts": [Receipt(1, date(2023, 5, 31), 476_70)]}
    assert reasons(judge(**given, expected_fee_cents=18_30)[PREMIUM]) == [("bank", "fee_netted", -18_30)]
    assert reasons(judge(**given, expected_fee_cents=18_00)[PREMIUM]) == [("bank", "paid_differs", -18_30)]


def test_an_excess_inside_the_premium_is_one_habit_and_no_two_differences() -> None:
    lines = judge(
        own={PREMIUM: 500_00, EXCESS: 40_00},
        published=[say(540_00, kind="true_up")],
        receipts=[Receipt(1, date(2023, 5, 31), 540_00)],
        as_of=date(2025, 1, 1),
    )
    assert reasons(lines[PREMIUM]) == [("gse", "excess_inside", 40_00)]
    assert reasons(lines[EXCESS]) == [("gse", "excess_inside", -40_00)]
    assert not any(line.is_open for line in lines.values())


def test_a_premium_that_differs_by_something_else_than_the_excess_stays_a_difference() -> None:
    lines = judge(own={PREMIUM: 500_00, EXCESS: 40_00}, published=[say(555_00, kind="true_up")], as_of=date(2025, 1, 1))
    assert ("gse", "differs", 55_00) in reasons(lines[PREMIUM])
    assert not any(reason == "excess_inside" for line in lines.values() for _side, reason, _cents in reasons(line))


def test_an_explanation_holds_for_that_many_cents_and_no_other() -> None:
    given = {"own": {PREMIUM: 600_00}, "receipts": [Receipt(1, date(2023, 5, 31), 590_00)]}
    explained = {(MARCH, PREMIUM, Side.GSE): -10_00}
    line = judge(**given, published=[say(590_00, kind="true_up")], explained=explained)[PREMIUM]
    assert [finding.reason for finding in line.findings] == [Reason.EXPLAINED]
    assert not line.is_open
    assert difference_of(line, Side.GSE) == -10_00
    moved = judge(**given, published=[say(589_99, kind="true_up")], explained=explained)[PREMIUM]
    assert moved.is_open


def test_a_total_is_unknown_where_the_own_computation_is() -> None:
    lines = judge(own={PREMIUM: 1_00, VALORISATION: 2_00, EXCESS: 0}, published=[say(5)])
    total = total_of(list(lines.values()))
    assert (total.own_cents, total.gse_cents, total.bank_cents) == (3_00, 5, None)
    assert total_of(list(judge(own={PREMIUM: 1_00}).values())).own_cents is None


def test_the_true_up_is_the_own_computation_less_the_advance_that_was_published() -> None:
    said = expected_of_month(month=MARCH, advance_cents=495_00, own_cents=600_00, published_advance_cents=450_00)
    assert said.true_up_cents == 150_00
    assert (said.advance_published_by, said.advance_paid_by) == (date(2023, 4, 25), date(2023, 5, 31))
    assert (said.true_up_published_by, said.true_up_paid_by) == (date(2024, 5, 15), date(2024, 6, 28))
    unknown = expected_of_month(month=MARCH, advance_cents=495_00, own_cents=None, published_advance_cents=None)
    assert unknown.true_up_cents is None
