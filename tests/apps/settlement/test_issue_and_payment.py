"""Issued and paid at the level of the operations: once, by the screen that was right, with words that can be true."""

import threading
from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, connection, transaction

from apps.settlement import issue_operations, operations
from apps.settlement.audit.queries import get_last_sequence
from apps.settlement.errors import PaymentRefused, RunNotOpen, RunWentOn
from apps.settlement.models import AuditEntry, SettlementRun
from tests.apps.settlement.rows import AS_OF, make_computed_run, make_configuration, make_user

RESULT = "2" * 64


def _issued() -> SettlementRun:
    anna, bruno = make_user("anna"), make_user("bruno")
    with transaction.atomic():
        run = make_computed_run(make_configuration(), computed_by=anna)
    operations.approve_run(run_id=run.pk, approved_by=bruno, seen_sha256=RESULT, as_of=AS_OF)
    return issue_operations.issue_run(run_id=run.pk, issued_by=bruno, seen_sha256=RESULT, as_of=AS_OF)


def _pay(run: SettlementRun, **changes):
    wanted = {
        "run_id": run.pk,
        "paid_by": run.issued_by,
        "paid_on": date(2023, 4, 3),
        "reference": " CRO 1 ",
        "seen_sha256": RESULT,
        "seen_sequence": get_last_sequence(run),
        "as_of": AS_OF,
    }
    return issue_operations.mark_paid(**{**wanted, **changes})


@pytest.mark.django_db(transaction=True)
def test_ten_screens_that_pay_at_once_pay_once() -> None:
    run = _issued()
    seen = get_last_sequence(run)
    outcomes: list[str] = []
    barrier = threading.Barrier(10)

    def press() -> None:
        barrier.wait()
        try:
            outcomes.append(_pay(run, seen_sequence=seen).state)
        except RunWentOn:
            outcomes.append("went on")
        finally:
            connection.close()

    threads = [threading.Thread(target=press) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["paid"] + ["went on"] * 9
    assert AuditEntry.objects.filter(action="pay").count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("paid_on", [date(2023, 2, 28), date(2023, 4, 4), date(2999, 1, 1)])
def test_a_day_before_the_month_or_still_to_come_is_refused(paid_on: date) -> None:
    run = _issued()
    with pytest.raises(PaymentRefused, match="Correct the day"):
        _pay(run, paid_on=paid_on)
    run.refresh_from_db()
    assert (run.state, run.paid_on) == ("issued", None)


@pytest.mark.django_db
def test_today_is_the_day_in_rome() -> None:
    run = _issued()
    with pytest.raises(PaymentRefused):
        _pay(run, paid_on=date(2023, 4, 4), as_of=datetime(2023, 4, 3, 21, 59, tzinfo=UTC))
    paid = _pay(run, paid_on=date(2023, 4, 4), as_of=datetime(2023, 4, 3, 22, 0, tzinfo=UTC))
    assert (paid.paid_on, paid.payment_reference) == (date(2023, 4, 4), "CRO 1")


@pytest.mark.django_db
def test_without_a_reference_or_out_of_turn_nothing_is_paid() -> None:
    run = _issued()
    with pytest.raises(PaymentRefused, match="no reference"):
        _pay(run, reference="  ")
    with pytest.raises(RunNotOpen, match="not in the state approved"):
        issue_operations.issue_run(run_id=run.pk, issued_by=None, seen_sha256=RESULT, as_of=AS_OF)
    assert list(AuditEntry.objects.values_list("action", flat=True)) == ["approve", "issue"]


@pytest.mark.django_db
@pytest.mark.parametrize("lacking", ["paid_by", "paid_at", "paid_on", "payment_reference"])
def test_the_database_takes_no_payment_that_says_less(lacking: str) -> None:
    run = _issued()
    said = {"paid_by": run.issued_by, "paid_at": AS_OF, "paid_on": AS_OF.date(), "payment_reference": "CRO 1"}
    del said[lacking]
    with pytest.raises(IntegrityError, match="run_payment_is_complete"), transaction.atomic():
        SettlementRun.objects.filter(pk=run.pk).update(state="paid", **said)
