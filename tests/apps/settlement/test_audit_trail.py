"""Every step of every run writes one entry, in its own transaction, and numbers have no gaps."""

import threading
import time
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction

from apps.settlement import issue_operations, operations
from apps.settlement.audit.chain import is_genuine
from apps.settlement.audit.operations import append_entry
from apps.settlement.audit.queries import get_last_sequence, iterate_entries, list_history
from apps.settlement.corrections import open_correction
from apps.settlement.errors import RunAlreadyOpen, RunChanged
from apps.settlement.models import AuditEntry, SettlementRun
from tests.apps.settlement.rows import AS_OF, MONTH, make_computed_run, make_configuration, make_user

pytestmark = pytest.mark.django_db
RESULT = "2" * 64


def _open(configuration, **changes):
    wanted = {"configuration": configuration, "month": MONTH, "kind": "provisional", "opened_by": None, "as_of": AS_OF}
    return operations.open_run(**{**wanted, **changes})


def _steps(run: SettlementRun) -> list[tuple[str, str, str, str, str]]:
    return [(row.actor, row.action, row.from_state, row.to_state, row.reason) for row in list_history(run)]


def test_a_run_that_stops_and_is_taken_up_again_tells_every_step() -> None:
    anna = make_user("anna")
    run = _open(make_configuration(), kind="final")
    operations.claim_run(run_id=run.pk, as_of=AS_OF)
    operations.claim_run(run_id=run.pk, as_of=AS_OF)
    operations.park_run(run_id=run.pk, reason="No price for NORD.")
    operations.park_run(run_id=run.pk, reason="A second time is no step.")
    operations.accept_missing(run_id=run.pk, pods=["IT001E2", "IT001E1"], accepted_by=anna)
    operations.retry_run(run_id=run.pk, opened_by=anna, as_of=AS_OF)
    operations.fail_run(run_id=run.pk, reason="ValueError: x")
    operations.discard_run(run_id=run.pk)
    assert _steps(run) == [
        ("timetable", "open", "", "draft", ""),
        ("worker", "claim", "draft", "computing", ""),
        ("worker", "claim", "computing", "computing", ""),
        ("worker", "park", "computing", "parked", "No price for NORD."),
        ("person", "accept_missing", "parked", "parked", ""),
        ("person", "retry", "parked", "draft", ""),
        ("worker", "fail", "draft", "failed", "ValueError: x"),
        ("command_line", "discard", "failed", "", "ValueError: x"),
    ]
    assert list_history(run)[4].details == {"pods": ["IT001E1", "IT001E2"]}
    assert {row.user for row in list_history(run)} == {None, anna}
    assert not SettlementRun.objects.exists()


def test_a_run_that_wears_out_its_workers_is_failed_in_the_trail_too() -> None:
    run = _open(make_configuration())
    for _ in range(operations.MAX_ATTEMPTS + 1):
        operations.claim_run(run_id=run.pk, as_of=AS_OF)
    assert _steps(run)[-1][:4] == ("worker", "fail", "computing", "failed")
    assert "interrupted" in _steps(run)[-1][4]


def test_approval_issue_and_payment_name_people_reasons_and_hashes() -> None:
    anna, bruno = make_user("anna"), make_user("bruno")
    run = make_computed_run(make_configuration(), computed_by=anna)
    operations.approve_run(run_id=run.pk, approved_by=bruno, seen_sha256=RESULT, as_of=AS_OF, reason="checked by hand")
    issue_operations.issue_run(run_id=run.pk, issued_by=None, seen_sha256=RESULT, as_of=AS_OF)
    issue_operations.mark_paid(
        run_id=run.pk, paid_by=anna, paid_on=MONTH, reference="CRO 1", seen_sha256=RESULT, seen_sequence=get_last_sequence(run),
        as_of=AS_OF, reason="batch of the 3rd",
    )  # fmt: skip
    approve, issue, pay = list_history(run)
    hashes = {"inputs_sha256": "1" * 64, "result_sha256": RESULT}
    assert (approve.user, approve.reason, approve.details) == (bruno, "checked by hand", hashes)
    assert (issue.actor, issue.user, issue.details) == ("worker", None, hashes)
    assert (pay.user, pay.reason) == (anna, "batch of the 3rd")
    assert pay.details == hashes | {"paid_on": "2023-03-01", "payment_reference": "CRO 1"}


def test_a_refused_step_writes_nothing() -> None:
    configuration = make_configuration()
    _open(configuration)
    with pytest.raises(RunAlreadyOpen):
        _open(configuration)
    computed = make_computed_run(make_configuration("CER-T-B"))
    with pytest.raises(RunChanged):
        operations.approve_run(run_id=computed.pk, approved_by=make_user("bruno"), seen_sha256="9" * 64, as_of=AS_OF)
    assert AuditEntry.objects.count() == 1


def test_entries_count_from_one_seal_each_other_and_bear_the_time_of_the_database() -> None:
    for code in ("CER-T-A", "CER-T-B", "CER-T-C"):
        _open(make_configuration(code))
    entries = list(iterate_entries())
    assert [entry.sequence for entry in entries] == [1, 2, 3]
    assert [entry.previous_mac for entry in entries] == ["", entries[0].mac, entries[1].mac]
    assert all(is_genuine(entry, settings.AUDIT_KEYS) for entry in entries)
    assert abs((datetime.now(UTC) - entries[0].at).total_seconds()) < 60
    assert entries[0].at < entries[1].at < entries[2].at


def test_the_key_of_the_chain_is_not_the_key_that_encrypts() -> None:
    assert set(settings.AUDIT_KEYS) == {key_id for key_id, _ in settings.PII_KEYS}
    assert not {*settings.AUDIT_KEYS.values()} & {key for _, key in settings.PII_KEYS}


def test_a_step_that_is_rolled_back_leaves_neither_entry_nor_gap() -> None:
    first = _open(make_configuration())
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        operations.park_run(run_id=first.pk, reason="x")
        raise ZeroDivisionError
    operations.fail_run(run_id=first.pk, reason="y")
    assert [(entry.sequence, entry.action) for entry in iterate_entries()] == [(1, "open"), (2, "fail")]


@pytest.mark.parametrize(
    ("sequence", "previous"), [(3, None), (1, None), (2, "0" * 64), (2, "")], ids=["gap", "again", "another", "first"]
)
def test_the_database_takes_only_the_entry_that_follows(sequence: int, previous: str | None) -> None:
    _open(make_configuration())
    last = AuditEntry.objects.get()
    with pytest.raises(IntegrityError, match=r"does not follow|duplicate key"), transaction.atomic():
        AuditEntry.objects.create(
            sequence=sequence, at=AS_OF, actor="worker", action="open", run_number=1, run_name="x", key_id="k1",
            previous_mac=last.mac if previous is None else previous, mac="f" * 64,
        )  # fmt: skip
    assert AuditEntry.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_no_entry_is_written() -> None:
    with transaction.atomic():
        run = make_computed_run(make_configuration())
    with pytest.raises(transaction.TransactionManagementError):
        append_entry(run=run, action=AuditEntry.Action.PARK, from_state="computed", to_state="parked")
    assert not AuditEntry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_thirty_steps_at_once_make_one_chain_without_gaps() -> None:
    """A third of them is rolled back, as a crash would."""
    configurations = [make_configuration(f"CER-T-{number:02d}") for number in range(30)]
    barrier = threading.Barrier(10)

    def work(mine: list) -> None:
        barrier.wait()
        try:
            for number, configuration in enumerate(mine):
                with transaction.atomic():
                    _open(configuration)
                    transaction.set_rollback(number == 1)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(configurations[place::10],)) for place in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    entries = list(iterate_entries())
    assert [entry.sequence for entry in entries] == list(range(1, 21))
    assert [entry.previous_mac for entry in entries] == ["", *(entry.mac for entry in entries[:-1])]
    assert {entry.run_number for entry in entries} == set(SettlementRun.objects.values_list("pk", flat=True))


@pytest.mark.django_db(transaction=True)
def test_what_a_commit_would_check_is_checked_before_the_trail_is_locked() -> None:
    """Else whoever opens a correction, and somebody whose step of the corrected run waits its turn, wait for each other."""
    anna, bruno = make_user("anna"), make_user("bruno")
    with transaction.atomic():
        base = make_computed_run(make_configuration(), computed_by=anna)
    operations.approve_run(run_id=base.pk, approved_by=bruno, seen_sha256=base.result_sha256, as_of=AS_OF)
    locked = threading.Event()

    def correct() -> None:
        try:
            locked.wait(10)
            open_correction(run_id=base.pk, opened_by=anna, as_of=AS_OF)
        finally:
            connection.close()

    other = threading.Thread(target=correct)
    other.start()
    with transaction.atomic():
        SettlementRun.objects.select_for_update().get(pk=base.pk)
        locked.set()
        time.sleep(0.7)  # until the other one needs the row
        append_entry(run=base, action=AuditEntry.Action.PARK, from_state="approved", to_state="approved")
    other.join()
    assert [entry.action for entry in iterate_entries()] == ["approve", "park", "open"]
