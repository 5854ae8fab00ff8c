"""Amounts beyond their bounds park a run; a person releases it with a reason, another one approves."""

from dataclasses import replace

import pytest

from apps.engine.settlement import settle as engine_settle
from apps.settlement import operations
from apps.settlement.bounds import describe_bounds, is_beyond_bounds, list_beyond_bounds, release_run
from apps.settlement.errors import ApproverComputed, ReasonMissing, RunChanged, RunNotOpen
from apps.settlement.inputs import get_month_inputs
from apps.settlement.models import AuditEntry, LedgerEntry, MemberResult, SettlementRun
from tasks.settlement import settle_month, verify
from tests.apps.settlement.corrected import NOW, approve, settle
from tests.doors.backoffice.village import make_ready_village, open_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def village():
    return make_ready_village()


def found(village, change):
    """What is noted about the February of the village with this change of its result."""
    run = open_run(village)
    inputs = get_month_inputs(run_id=run.pk)
    return list_beyond_bounds(run=run, inputs=inputs, result=change(engine_settle(inputs)))


def below_zero(result):
    first, *others = result.members
    return replace(result, members=(replace(first, premium_cents=-500, valorisation_cents=0), *others))


@pytest.fixture
def parked(village, monkeypatch):
    """A run that found a negative total."""
    monkeypatch.setattr("tasks.settlement.settle", lambda inputs: below_zero(engine_settle(inputs)))
    return park(open_run(village))


def park(run):
    settle_month.apply(args=(run.pk,), throw=True)
    run.refresh_from_db()
    assert is_beyond_bounds(run)
    return run


def release(run, who, **changes):
    seen = {"run_id": run.pk, "released_by": who, "reason": "Verificato", "seen_sha256": run.result_sha256, "as_of": NOW}
    return release_run(**(seen | changes))


def test_what_is_beyond_the_bounds(village):
    """Three PODs × 672 hours are 2 016 postings at most."""
    assert found(village, lambda result: result) == []
    SettlementRun.objects.all().delete()
    assert found(village, below_zero) == [{"what": "negative", "member": "M1", "cents": -500}]
    SettlementRun.objects.all().delete()
    line = lambda result: result.lines[0]  # noqa: E731
    many = found(village, lambda result: replace(result, lines=(line(result),) * 2017))
    assert many == [{"what": "lines", "lines": 2017, "most": 2016}]
    SettlementRun.objects.all().delete()
    assert found(village, lambda result: replace(result, lines=(line(result),) * 2016)) == []
    assert describe_bounds([]) == ""


def test_a_run_beyond_the_bounds_is_parked_with_its_result(parked):
    assert parked.state == "parked"
    assert "release the run" in parked.error
    assert LedgerEntry.objects.filter(run=parked).exists()
    assert MemberResult.objects.get(run=parked, member__code="M1").premium_cents == -500
    last = AuditEntry.objects.latest("sequence")
    assert (last.action, last.to_state, last.details["result_sha256"]) == ("park", "parked", parked.result_sha256)
    with pytest.raises(RunNotOpen):
        operations.approve_run(run_id=parked.pk, approved_by=parked.opened_by, seen_sha256=parked.result_sha256, as_of=NOW)


def test_released_with_a_reason_and_approved_by_another_person(parked, village):
    released = release(parked, village.bruno)
    assert (released.state, released.error, released.computed_by) == ("computed", "", village.anna)
    last = AuditEntry.objects.latest("sequence")
    assert (last.action, last.reason, last.user) == ("release", "Verificato", village.bruno)
    assert approve(released, village).state == "approved"


def test_who_releases_a_run_of_nobody_answers_for_it(parked, village):
    SettlementRun.objects.filter(pk=parked.pk).update(computed_by=None)
    released = release(parked, village.bruno)
    assert released.computed_by == village.bruno
    with pytest.raises(ApproverComputed):
        operations.approve_run(run_id=released.pk, approved_by=village.bruno, seen_sha256=released.result_sha256, as_of=NOW)


def test_what_is_refused_changes_nothing(parked, village):
    steps = AuditEntry.objects.count()
    with pytest.raises(ReasonMissing):
        release(parked, village.bruno, reason="  ")
    with pytest.raises(RunChanged):
        release(parked, village.bruno, seen_sha256="0" * 64)
    parked.refresh_from_db()
    assert (parked.state, AuditEntry.objects.count()) == ("parked", steps)


def test_a_run_that_lacks_something_cannot_be_released(village):
    run = settle(open_run(village))
    with pytest.raises(RunNotOpen, match="nothing to release"):
        release(run, village.bruno)


def test_retried_after_mending_it_computes_again(parked, village, monkeypatch):
    monkeypatch.setattr("tasks.settlement.settle", engine_settle)
    operations.retry_run(run_id=parked.pk, opened_by=village.bruno, as_of=NOW)
    parked.refresh_from_db()
    assert (parked.state, parked.result_sha256, parked.facts) == ("draft", "", {})
    run = settle(parked)
    assert (run.error, run.computed_by) == ("", village.bruno)
    assert verify(run_id=run.pk)["ok"] is True
