"""Payments of GSE from what it published, and which receipts pay them: exact, and nothing lost."""

from datetime import date, timedelta
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st

from apps.engine import gse_payments
from apps.engine.gse_payments import Published, Receipt, attribute, attribute_all, attribute_receipts

plan_payments = partial(gse_payments.plan_payments, threshold_cents=50_00)

APRIL, MAY = date(2024, 4, 1), date(2024, 5, 1)


def published(number, month, cents, published_on, item="premium", kind="advance"):
    return Published(number, month, item, kind, cents, published_on)


def test_what_is_published_in_a_month_is_one_payment_on_the_last_working_day_of_the_next() -> None:
    plan = plan_payments(
        [published(1, APRIL, 495_00, date(2024, 5, 25)), published(2, APRIL, 47_57, date(2024, 5, 24), "valorisation")],
        [Receipt(9, date(2024, 6, 28), 542_57)],
    )
    (payment,) = plan.payments
    assert (payment.due_on, payment.cents, payment.received_cents) == (date(2024, 6, 28), 542_57, 542_57)
    assert attribute(payment) == {1: 495_00, 2: 47_57}
    assert not plan.carried
    assert not plan.unmatched


def test_below_50_euros_nothing_is_paid_and_the_amount_goes_on_to_the_next() -> None:
    plan = plan_payments(
        [published(1, APRIL, 49_99, date(2024, 5, 25)), published(2, MAY, 1, date(2024, 6, 25))],
        [],
    )
    (payment,) = plan.payments
    assert (payment.due_on, payment.cents) == (date(2024, 7, 31), 50_00)
    assert [line.number for line in payment.lines] == [1, 2]
    alone = plan_payments([published(1, APRIL, 49_99, date(2024, 5, 25))], [])
    assert alone.payments == ()
    assert [line.number for line in alone.carried] == [1]


def test_a_fee_is_netted_and_a_debt_is_carried() -> None:
    plan = plan_payments(
        [
            published(1, APRIL, -200_00, date(2024, 5, 25)),
            published(2, MAY, 300_00, date(2024, 6, 25)),
            published(3, MAY, -18_30, date(2024, 6, 20), "fee", "fee"),
        ],
        [Receipt(7, date(2024, 7, 30), 81_70)],
    )
    (payment,) = plan.payments
    assert (payment.cents, payment.fee_cents) == (81_70, -18_30)
    assert attribute(payment) == {1: -200_00, 2: 300_00, 3: -18_30}


def test_a_missing_payment_is_unknown_and_not_zero() -> None:
    plan = plan_payments([published(1, APRIL, 100_00, date(2024, 5, 25))], [])
    assert plan.payments[0].received_cents is None
    assert attribute_all(plan) == {}


def test_a_late_receipt_of_an_equal_advance_does_not_take_the_place_of_the_next() -> None:
    plan = plan_payments(
        [published(1, APRIL, 495_00, date(2024, 5, 25)), published(2, MAY, 495_00, date(2024, 6, 25))],
        [Receipt(1, date(2024, 7, 20), 495_00), Receipt(2, date(2024, 7, 31), 495_00)],
    )
    assert [[receipt.number for receipt in payment.receipts] for payment in plan.payments] == [[1], [2]]


def test_a_receipt_that_nobody_expected_stays_apart() -> None:
    plan = plan_payments([published(1, APRIL, 495_00, date(2024, 5, 25))], [Receipt(1, date(2024, 9, 30), 12_00)])
    assert [receipt.number for receipt in plan.unmatched] == [1]


def test_a_gap_is_shared_over_the_lines_in_proportion() -> None:
    plan = plan_payments(
        [published(1, APRIL, 300_00, date(2024, 5, 25)), published(2, APRIL, 100_00, date(2024, 5, 25), "valorisation")],
        [Receipt(1, date(2024, 6, 28), 399_96)],
    )
    assert attribute(plan.payments[0]) == {1: 299_97, 2: 99_99}


LINES = st.lists(
    st.tuples(st.integers(0, 11), st.sampled_from(["premium", "valorisation", "excess", "fee"]), st.integers(-20_000, 90_000)),
    max_size=25,
)


@settings(max_examples=200, deadline=None)
@given(
    LINES,
    st.lists(st.tuples(st.integers(0, 420), st.integers(-5_000, 200_000)), max_size=15),
    st.dictionaries(st.integers(0, 14), st.none() | st.integers(0, 24), max_size=4),
)
def test_no_cent_is_lost_and_none_is_invented(lines, receipts, words) -> None:
    said = [
        published(number, date(2024, month + 1, 1), -abs(cents) if item == "fee" else cents, date(2024, month + 1, 25), item)
        for number, (month, item, cents) in enumerate(lines)
    ]
    came = [Receipt(number, date(2024, 2, 1) + timedelta(days=day), cents) for number, (day, cents) in enumerate(receipts)]
    plan = plan_payments(said, came, said=words)
    numbers = [line.number for payment in plan.payments for line in payment.lines] + [line.number for line in plan.carried]
    assert sorted(numbers) == sorted(line.number for line in said)
    seen = [receipt.number for payment in plan.payments for receipt in payment.receipts] + [one.number for one in plan.unmatched]
    assert sorted(seen) == sorted(receipt.number for receipt in came)
    for payment in plan.payments:
        assert payment.cents == sum(line.cents for line in payment.lines)
        assert payment.cents >= 50_00 or {line.number for line in payment.lines} & set(words.values())
        if payment.receipts:
            assert sum(attribute(payment).values()) == payment.received_cents
            brought = attribute_receipts(payment)
            assert {number: sum(parts.values()) for number, parts in brought.items()} == {
                receipt.number: receipt.cents for receipt in payment.receipts
            }
            for item in {line.item for line in payment.lines}:
                of_lines = sum(attribute(payment)[line.number] for line in payment.lines if line.item == item)
                assert sum(parts.get(item, 0) for parts in brought.values()) == of_lines
    assert sum(attribute_all(plan).values()) + sum(one.cents for one in plan.unmatched) == sum(one.cents for one in came)
    assert plan == plan_payments(said[::-1], came[::-1], said=words), "whatever the order of rows"


def test_a_person_says_which_payment_a_receipt_is_or_that_it_is_none() -> None:
    said = [published(1, APRIL, 495_00, date(2024, 5, 25)), published(2, MAY, 495_00, date(2024, 6, 25))]
    came = [Receipt(7, date(2024, 6, 28), 495_00), Receipt(8, date(2024, 9, 30), 480_00)]

    def paid(words):
        plan = plan_payments(said, came, said=words)
        return [[one.number for one in payment.receipts] for payment in plan.payments], [one.number for one in plan.unmatched]

    assert paid({}) == ([[7], []], [8])
    assert paid({8: 2}) == ([[7], [8]], []), "a receipt of another amount and month"
    assert paid({7: 2}) == ([[], [7]], [8]), "the nearest is not the right one"
    assert paid({7: 2, 8: 2}) == ([[], [7, 8]], [])
    assert paid({7: None}) == ([[], []], [7, 8]), "an exact amount that is no payment of GSE"
    assert paid({8: 99, 77: 1}) == ([[7], []], [8]), "what is not there changes nothing"


def test_what_waits_below_the_threshold_and_was_paid_all_the_same_is_a_payment() -> None:
    said = [published(1, APRIL, 20_00, date(2024, 5, 25)), published(2, MAY, 10_00, date(2024, 6, 25))]
    came = [Receipt(7, date(2024, 7, 31), 30_00)]
    assert plan_payments(said, came).payments == ()
    plan = plan_payments(said, came, said={7: 1})
    (payment,) = plan.payments
    assert (payment.due_on, payment.cents, payment.received_cents) == (date(2024, 7, 31), 30_00, 30_00)
    assert attribute(payment) == {1: 20_00, 2: 10_00}
    assert (plan.carried, plan.unmatched) == ((), ())


def test_of_several_receipts_the_last_brings_the_rest_and_the_fees() -> None:
    plan = plan_payments(
        [
            published(1, APRIL, 300_00, date(2024, 5, 25)),
            published(2, APRIL, 100_00, date(2024, 5, 25), "valorisation"),
            published(3, APRIL, -18_30, date(2024, 5, 25), "fee", "fee"),
        ],
        [Receipt(8, date(2024, 6, 27), 200_00), Receipt(9, date(2024, 6, 28), 181_70)],
    )
    assert attribute_receipts(plan.payments[0]) == {
        8: {"premium": 150_00, "valorisation": 50_00},
        9: {"premium": 150_00, "valorisation": 50_00, "fee": -18_30},
    }
