"""Two people at the same moment: a month is taken back while the bank's word about it, or a correction of it, is written down."""

import threading
import time

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError

from apps.settlement.audit.queries import find_contradicted_run, get_last_sequence
from apps.settlement.errors import RunChanged, RunNotOpen, SettlementError
from apps.settlement.issue_operations import issue_run, mark_paid
from apps.settlement.models import AuditEntry, SettlementRun, ZonalPrice
from apps.settlement.reversals import open_reversal
from tests.apps.settlement.corrected import NOW, approve, correct, settle
from tests.doors.backoffice.village import make_ready_village, open_run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def village():
    return make_ready_village()


@pytest.fixture
def base(village):
    run = approve(settle(open_run(village)), village)
    return issue_run(run_id=run.pk, issued_by=None, seen_sha256=run.result_sha256, as_of=NOW)


@pytest.fixture
def reversal(village, base):
    return settle(open_reversal(run_id=base.pk, opened_by=village.anna, reason="Cabina sbagliata", as_of=NOW))


def press(outcomes, act):
    try:
        act()
        outcomes.append("done")
    except (SettlementError, DatabaseError) as error:  # a deadlock is one of the database's
        outcomes.append(type(error).__name__)
    finally:
        connection.close()


def wait_until_somebody_waits():
    """For us: the suite next door has locks of its own in the same server."""
    for _ in range(1200):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.05)
    raise AssertionError("Nobody waits.")


def test_who_notes_a_payment_and_who_takes_the_month_back_do_not_wait_for_each_other(village, base, reversal):
    """The payment holds the row and goes on to the trail; the reversal must not hold the trail while it waits for the row."""
    outcomes: list[str] = []
    with transaction.atomic():
        SettlementRun.objects.select_for_update().get(pk=base.pk)  # as who confirms a batch does, before the first entry
        other = threading.Thread(target=press, args=(outcomes, lambda: approve(reversal, village)))
        other.start()
        wait_until_somebody_waits()
        mark_paid(
            run_id=base.pk, paid_by=village.bruno, paid_on=NOW.date(), reference="CRO", seen_sha256=base.result_sha256,
            seen_sequence=get_last_sequence(base), as_of=NOW,
        )  # fmt: skip
    other.join()
    assert outcomes == ["done"]
    steps = AuditEntry.objects.filter(run_number=base.pk).order_by("sequence").values_list("action", "from_state", "to_state")
    assert list(steps)[-2:] == [("pay", "issued", "paid"), ("reverse", "paid", "reversed")]
    assert find_contradicted_run() is None


@pytest.mark.parametrize("round_number", range(3))
def test_of_a_correction_and_a_reversal_approved_at_once_one_stands(village, base, reversal, round_number):
    ZonalPrice.objects.update(price_eur_per_mwh=170)
    correction = correct(base, village)
    outcomes: list[str] = []
    barrier = threading.Barrier(2)

    def act(run):
        barrier.wait()
        approve(run, village)

    threads = [threading.Thread(target=press, args=(outcomes, lambda run=run: act(run))) for run in (correction, reversal)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) in (sorted(["done", RunChanged.__name__]), sorted(["done", RunNotOpen.__name__]))
    states = dict(SettlementRun.objects.values_list("kind", "state"))
    assert states in (
        {"provisional": "reversed", "correction": "computed", "reversal": "approved"},
        {"provisional": "issued", "correction": "approved", "reversal": "computed"},
    )
    assert find_contradicted_run() is None
