"""Ten screens, ten workers, processes that die between two steps: nobody is paid twice, nothing is half done."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from apps.invoicing.errors import InvoicingError
from apps.invoicing.models import AccountMovement, PayoutBatch, PayoutTransfer
from apps.invoicing.payouts import booking, operations
from tasks.payouts import book_credits, make_payout_file
from tests.apps.invoicing.payout_rows import (
    NOW,
    TODAY,
    book,
    confirm,
    issue,
    make_batch,
    make_community,
    make_iban,
    make_member,
    make_user,
    pay,
    plan,
    send,
    send_back,
)

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 8


def at_once(press: Callable[[int], object]) -> list[str]:
    """What became of each of many presses at the same moment."""
    outcomes: list[str] = []
    barrier = threading.Barrier(AT_ONCE)

    def one(number: int) -> None:
        barrier.wait()
        try:
            press(number)
            outcomes.append("done")
        except InvoicingError as error:
            outcomes.append(type(error).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(outcomes)


def kinds() -> dict[str, int]:
    rows = AccountMovement.objects.values_list("kind", flat=True)
    return {kind: list(rows).count(kind) for kind in set(rows)}


def test_credits_batches_files_confirmations_and_returns_happen_once_however_often_they_are_pressed():
    place = make_community()
    ada, ugo = make_member(place, "M1"), make_member(place, "M2")
    maker, people = make_user("maker"), [make_user(f"press{number}") for number in range(AT_ONCE)]
    issue(place, {ada: 700, ugo: 100})
    assert at_once(lambda _: book_credits()) == ["done"] * AT_ONCE
    assert kinds() == {"credit": 2}

    seen = plan(place)
    outcomes = at_once(
        lambda number: operations.make_batch(
            community_id=place.community_id, run_ids=seen.run_ids, execute_on=TODAY, created_by=maker,
            seen_sha256=seen.sha256, as_of=NOW,
        )
    )  # fmt: skip
    assert outcomes == ["PlanChanged"] * (AT_ONCE - 1) + ["done"]
    batch = PayoutBatch.objects.get()
    assert (batch.total_cents, PayoutTransfer.objects.count()) == (800, 2)

    assert at_once(lambda _: make_payout_file(batch.pk)) == ["done"] * AT_ONCE
    contents: set[bytes] = set()
    at_once(lambda number: contents.add(operations.hand_out_file(batch_id=batch.pk, downloaded_by=people[number], as_of=NOW)))
    assert len(contents) == 1

    def press(number: int) -> None:
        operations.confirm_execution(
            batch_id=batch.pk, executed_by=people[number], executed_on=TODAY, reference="CRO 1", as_of=NOW
        )

    assert at_once(press) == ["BatchNotOpen"] * (AT_ONCE - 1) + ["done"]
    assert kinds() == {"credit": 2, "transfer": 2}

    assert at_once(lambda _: send_back(batch, ada)) == ["BatchNotOpen"] * (AT_ONCE - 1) + ["done"]
    assert kinds() == {"credit": 2, "transfer": 2, "return": 1}


def test_a_confirmation_and_a_discard_at_once_cannot_both_be():
    place = make_community()
    ada = make_member(place, "M1")
    issue(place, {ada: 700})
    book(place)
    batch = make_batch(place)
    send(batch)
    people = [make_user(f"press{number}") for number in range(AT_ONCE)]

    def press(number: int) -> None:
        if number % 2:
            operations.discard_batch(batch_id=batch.pk, discarded_by=people[number], reason="x", as_of=NOW)
        else:
            operations.confirm_execution(
                batch_id=batch.pk, executed_by=people[number], executed_on=TODAY, reference="CRO 1", as_of=NOW
            )

    assert at_once(press) == ["BatchNotOpen"] * (AT_ONCE - 1) + ["done"]
    batch.refresh_from_db()
    owed = sum(AccountMovement.objects.values_list("cents", flat=True))
    assert (batch.state, owed) in {("executed", 0), ("discarded", 700)}


class Killed(BaseException):
    """What a process that dies in the middle looks like from inside: nothing after it runs, nothing is committed."""


STEPS: dict[str, tuple[str, Callable[..., object]]] = {
    "movements": ("apps.invoicing.payouts.booking.AccountMovement.objects.bulk_create", lambda place: book(place)),
    "transfers": ("apps.invoicing.payouts.operations.PayoutTransfer.objects.bulk_create", lambda place: make_batch(place)),
    "payment": ("apps.settlement.issue_operations.append_entry", lambda place: confirm(PayoutBatch.objects.get())),
    "return": (
        "apps.invoicing.payouts.operations.AccountMovement.objects.create",
        lambda place: send_back(PayoutBatch.objects.get(), PayoutTransfer.objects.order_by("pk")[0].member),
    ),
}


def test_a_process_that_dies_in_the_middle_of_a_step_leaves_nothing_and_the_step_is_done_once_after(monkeypatch):
    place = make_community()
    ada, ugo = make_member(place, "M1"), make_member(place, "M2")
    issue(place, {ada: 700, ugo: 100})

    def fingerprint() -> list[int]:
        return [
            AccountMovement.objects.count(),
            PayoutBatch.objects.exclude(state="discarded").count(),
            PayoutTransfer.objects.count(),
            PayoutBatch.objects.filter(state="executed").count(),
            PayoutTransfer.objects.filter(state="returned").count(),
        ]

    for name, (target, step) in STEPS.items():
        if name == "payment":
            send(PayoutBatch.objects.get())
        before = fingerprint()
        with monkeypatch.context() as patch:

            def die(*args: object, **named: object) -> None:
                raise Killed

            patch.setattr(target, die)
            with pytest.raises(Killed):
                step(place)
        assert fingerprint() == before, name
        step(place)
        assert fingerprint() != before, name
    ada.iban = make_iban(88)
    ada.save()
    assert [transfer.cents for transfer in pay(place).transfers.all()] == [700]
    assert sum(AccountMovement.objects.values_list("cents", flat=True)) == 0


def test_without_the_lock_and_the_guards_the_same_presses_would_pay_twice():
    """Negative control: two plans that were both right when they were read, written without asking again."""
    place = make_community()
    ada = make_member(place, "M1")
    issue(place, {ada: 700})
    book(place)
    first = make_batch(place)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE invoicing_payouttransfer DISABLE TRIGGER USER")
        cursor.execute("DROP INDEX payout_transfer_one_on_the_way")
        second = PayoutBatch.objects.create(
            community=place.community, number=2, message_id="x", execute_on=TODAY, dialect="iso", payer=first.payer,
            total_cents=700, transfers_count=1, created_by=first.created_by, created_at=NOW,
        )  # fmt: skip
        PayoutTransfer.objects.create(
            batch=second, member=ada, end_to_end_id="x", cents=700, balance_cents=700, name="A", iban="I"
        )
        assert sum(PayoutTransfer.objects.filter(member=ada).values_list("cents", flat=True)) == 1400
        transaction.set_rollback(True)
    assert booking.list_communities_to_book() == []
