"""Opening, claiming, approving: who may do what, and that twice is the same as once."""

import threading
from datetime import UTC, datetime

import pytest
from django.db import connection

from apps.settlement import operations
from apps.settlement.errors import ApproverComputed, MonthNotOver, RunAlreadyOpen, RunChanged, RunNotOpen
from apps.settlement.models import SettlementRun
from tests.apps.settlement.rows import AS_OF, MONTH, make_computed_run, make_configuration, make_user


def _open(configuration, **changes):
    wanted = {"configuration": configuration, "month": MONTH, "kind": "provisional", "opened_by": None, "as_of": AS_OF}
    return operations.open_run(**{**wanted, **changes})


@pytest.mark.django_db
def test_versions_count_up_and_only_one_is_open() -> None:
    configuration = make_configuration()
    first = _open(configuration)
    assert (first.version, first.state) == (1, "draft")
    with pytest.raises(RunAlreadyOpen) as refusal:
        _open(configuration)
    assert operations.open_error_run_id(refusal.value) == first.pk
    operations.park_run(run_id=first.pk, reason="a reason")
    assert _open(configuration).version == 2
    assert _open(configuration, kind="final").version == 1


@pytest.mark.django_db
def test_a_month_that_is_not_over_is_refused_to_the_hour() -> None:
    configuration = make_configuration()
    # March 2023 ends at 22:00 UTC of the 31st: summer time.
    with pytest.raises(MonthNotOver):
        _open(configuration, as_of=datetime(2023, 3, 31, 21, 59, tzinfo=UTC))
    assert not SettlementRun.objects.exists()
    assert _open(configuration, as_of=datetime(2023, 3, 31, 22, 0, tzinfo=UTC)).version == 1


@pytest.mark.django_db(transaction=True)
def test_twenty_people_who_press_at_once_get_one_run() -> None:
    configuration = make_configuration()
    outcomes: list[str] = []
    barrier = threading.Barrier(20)

    def press() -> None:
        barrier.wait()
        try:
            outcomes.append(f"opened {_open(configuration).pk}")
        except RunAlreadyOpen:
            outcomes.append("already open")
        finally:
            connection.close()

    threads = [threading.Thread(target=press) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert SettlementRun.objects.count() == 1
    assert sorted(outcomes)[:19] == ["already open"] * 19


@pytest.mark.django_db(transaction=True)
def test_while_one_worker_holds_a_run_another_does_not() -> None:
    run = _open(make_configuration())
    seen: list[bool] = []

    def other() -> None:
        with operations.lock_run(run.pk) as mine:
            seen.append(mine)
        connection.close()

    with operations.lock_run(run.pk) as mine:
        assert mine
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert seen == [False]
    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert seen == [False, True]


@pytest.mark.django_db
def test_a_run_whose_worker_died_is_claimed_again_but_not_for_ever() -> None:
    run = _open(make_configuration())
    for attempt in range(operations.MAX_ATTEMPTS):
        assert operations.claim_run(run_id=run.pk, as_of=AS_OF)
        run.refresh_from_db()
        assert (run.state, run.attempts) == ("computing", attempt + 1)
    assert not operations.claim_run(run_id=run.pk, as_of=AS_OF)
    run.refresh_from_db()
    assert run.state == "failed"
    assert "interrupted" in run.error


@pytest.mark.django_db
def test_approval_names_what_was_on_the_screen() -> None:
    anna, bruno = make_user("anna"), make_user("bruno")
    run = make_computed_run(make_configuration(), computed_by=anna)
    with pytest.raises(RunChanged):
        operations.approve_run(run_id=run.pk, approved_by=bruno, seen_sha256="9" * 64, as_of=AS_OF)
    with pytest.raises(ApproverComputed):
        operations.approve_run(run_id=run.pk, approved_by=anna, seen_sha256="2" * 64, as_of=AS_OF)
    run.refresh_from_db()
    assert run.state == "computed"
    approved = operations.approve_run(run_id=run.pk, approved_by=bruno, seen_sha256="2" * 64, as_of=AS_OF)
    assert (approved.state, approved.approved_by, approved.approved_sha256) == ("approved", bruno, "2" * 64)
    with pytest.raises(RunNotOpen):
        operations.approve_run(run_id=run.pk, approved_by=bruno, seen_sha256="2" * 64, as_of=AS_OF)


@pytest.mark.django_db
def test_an_older_version_cannot_be_approved_over_a_newer_one_nor_a_second_beside_the_first() -> None:
    anna, bruno = make_user("anna"), make_user("bruno")
    configuration = make_configuration()
    old = make_computed_run(configuration, computed_by=anna)
    new = make_computed_run(configuration, computed_by=anna, version=2)
    with pytest.raises(RunChanged):
        operations.approve_run(run_id=old.pk, approved_by=bruno, seen_sha256="2" * 64, as_of=AS_OF)
    operations.approve_run(run_id=new.pk, approved_by=bruno, seen_sha256="2" * 64, as_of=AS_OF)
    third = make_computed_run(configuration, computed_by=anna, version=3)
    with pytest.raises(RunNotOpen, match="correction"):
        operations.approve_run(run_id=third.pk, approved_by=bruno, seen_sha256="2" * 64, as_of=AS_OF)


@pytest.mark.django_db
def test_a_parked_run_can_be_retried_and_a_computed_one_cannot() -> None:
    anna = make_user("anna")
    configuration = make_configuration()
    run = _open(configuration)
    operations.park_run(run_id=run.pk, reason="no price")
    retried = operations.retry_run(run_id=run.pk, opened_by=anna, as_of=AS_OF)
    assert (retried.state, retried.error, retried.opened_by) == ("draft", "", anna)
    computed = make_computed_run(make_configuration("CER-T-B"))
    with pytest.raises(RunNotOpen):
        operations.retry_run(run_id=computed.pk, opened_by=anna, as_of=AS_OF)
