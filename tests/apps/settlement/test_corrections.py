"""Corrections: the difference to what was posted, however often; what was issued stays; the year still closes."""

from dataclasses import replace

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError

from apps.communities.models import Member, MeteringPoint
from apps.engine.settlement import settle as engine_settle
from apps.settlement import operations
from apps.settlement.corrections import open_correction
from apps.settlement.errors import ApproverComputed, RunAlreadyOpen, RunChanged, RunNotOpen
from apps.settlement.facts import result_facts
from apps.settlement.inputs import get_month_inputs
from apps.settlement.models import ContributionTotal, LedgerEntry, MemberResult, SettlementRun, ZonalPrice
from apps.settlement.reversals import open_reversal
from tasks.comparisons import compare_runs
from tasks.settlement import verify
from tests.apps.settlement.corrected import NOW, approve, correct, settle
from tests.doors.backoffice.village import MONTH, make_ready_village, open_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def village():
    return make_ready_village()


def price(euros, month=MONTH):
    ZonalPrice.objects.filter(starts_at__month=month.month).update(price_eur_per_mwh=euros)


def cents(*runs):
    """(contribution, member or account) -> cents over these runs, without zeros."""
    found: dict[tuple[str, str], int] = {}
    for entry in LedgerEntry.objects.filter(run__in=runs).select_related("member"):
        key = entry.contribution, entry.member.code if entry.member else entry.account
        found[key] = found.get(key, 0) + entry.cents
    return {key: value for key, value in found.items() if value}


def rows(run):
    return list(LedgerEntry.objects.filter(run=run).order_by("position").values()) + list(
        MemberResult.objects.filter(run=run).order_by("pk").values()
    )


@pytest.fixture
def approved(village):
    return approve(settle(open_run(village)), village)


def test_a_dearer_price_takes_back_premium_and_nothing_else(village, approved):
    """At 170 €/MWh the 224 kWh earn 100 instead of 120 €/MWh: 22.40 instead of 26.88 €, 4.48 € less.

    Management 10 %: 2.69 → 2.24. Half of the rest to the producer: 24.19 → 12.10, 20.16 → 10.08. The households share the other
    half 2 to 3: 12.09 → 4.84 and 7.25, 10.08 → 4.03 and 6.05.
    """
    before = rows(approved)
    price(170)
    run = correct(approved, village)
    assert (run.kind, run.version, run.corrects_id) == ("correction", 1, approved.pk)
    assert cents(run) == {
        ("premium", "management"): -45,
        ("premium", "M1"): -202,
        ("premium", "M2"): -81,
        ("premium", "M3"): -120,
    }
    totals = ContributionTotal.objects.filter(run=run).values_list("contribution", "amount_cents", "month_cents")
    assert {name: (amount, month) for name, amount, month in totals} == {
        "premium": (-448, 2240),
        "valorisation": (0, 190),
        "excess": (0, 0),
    }
    member = MemberResult.objects.get(run=run, member__code="M2")
    assert (member.premium_cents, member.valorisation_cents, member.shared_wh) == (-81, 0, 0)
    assert run.shared_wh == approved.shared_wh
    assert rows(approved) == before
    assert verify(run_id=run.pk)["ok"] is True
    approve(run, village)
    assert rows(approved) == before


def test_corrections_in_a_row_post_what_the_ones_before_did_not_know(village, approved):
    price(170)
    first = approve(correct(approved, village), village)
    price(160)
    second = approve(correct(first, village), village)
    assert (second.version, second.corrects_id) == (2, approved.pk)
    assert cents(second) == {
        ("premium", "management"): 22,
        ("premium", "M1"): 101,
        ("premium", "M2"): 41,
        ("premium", "M3"): 60,
    }
    fresh = settle(open_run(village, version=2))
    assert cents(approved, first, second) == cents(fresh)
    price(150)
    third = approve(correct(approved, village), village)
    assert cents(approved, first, second, third) == cents(approved)


def test_nothing_new_posts_nothing(village, approved):
    run = correct(approved, village)
    assert cents(run) == {}
    assert approve(run, village).state == "approved"


def test_two_people_and_the_screen_are_asked_for_as_for_any_run(village, approved):
    run = correct(approved, village)
    with pytest.raises(ApproverComputed):
        operations.approve_run(run_id=run.pk, approved_by=village.anna, seen_sha256=run.result_sha256, as_of=NOW)
    with pytest.raises(RunChanged):
        operations.approve_run(run_id=run.pk, approved_by=village.bruno, seen_sha256="0" * 64, as_of=NOW)


def test_a_correction_is_opened_only_where_there_is_something_to_correct(village, approved):
    computed = settle(open_run(village, version=2))
    with pytest.raises(RunNotOpen, match="not approved"):
        open_correction(run_id=computed.pk, opened_by=village.anna, as_of=NOW)
    run = open_correction(run_id=approved.pk, opened_by=village.anna, as_of=NOW)
    with pytest.raises(RunAlreadyOpen) as refusal:
        open_correction(run_id=approved.pk, opened_by=village.bruno, as_of=NOW)
    assert refusal.value.args[1] == run.pk


def _two_computed(village, approved):
    """Two corrections computed against the same ground; the second one's version is hidden from the first."""
    price(170)
    return correct(approved, village), correct(approved, village)


def test_a_difference_to_what_no_longer_holds_is_refused(village, approved):
    first, second = _two_computed(village, approved)
    SettlementRun.objects.filter(pk=second.pk).update(version=99)
    approve(second, village)
    SettlementRun.objects.filter(pk=first.pk).update(version=100)
    with pytest.raises(RunChanged, match="computed before another run"):
        approve(first, village)
    assert SettlementRun.objects.get(pk=first.pk).state == "computed"


def test_a_difference_to_a_run_that_was_reversed_is_refused(village, approved):
    run = correct(approved, village)
    SettlementRun.objects.filter(pk=approved.pk).update(state="issued", issued_at=approved.approved_at)
    approve(settle(open_reversal(run_id=approved.pk, opened_by=village.anna, reason="Punti sbagliati", as_of=NOW)), village)
    with pytest.raises(RunChanged, match="computed before another run"):
        approve(run, village)


def test_a_member_who_was_settled_by_mistake_gives_everything_back(village, approved):
    """M3's point belongs to M2: 4.84 + 0.76 € and 7.25 + 1.14 € become M2's, M3's row goes back by what it had."""
    before = MemberResult.objects.get(run=approved, member__code="M3")
    MeteringPoint.objects.filter(pod=village.pods[2]).update(member=Member.objects.get(code="M2"))
    run = approve(correct(approved, village), village)
    after = MemberResult.objects.get(run=run, member__code="M3")
    assert (after.total_cents, after.shared_wh) == (-before.total_cents, -before.shared_wh)
    assert MemberResult.objects.get(run=run, member__code="M2").total_cents == before.total_cents
    assert sum(cents(run).values()) == 0


def test_the_database_refuses_the_same_difference_twice(village, approved):
    """Negative control: without the operation's own look, the trigger still says no."""
    first, second = _two_computed(village, approved)
    approve(second, village)
    by_hand = {"approved_by": village.bruno, "approved_at": NOW, "approved_sha256": first.result_sha256, "state": "approved"}
    with pytest.raises(IntegrityError, match="does not bring premium"), transaction.atomic():
        SettlementRun.objects.filter(pk=first.pk).update(**by_hand)
    with pytest.raises(IntegrityError, match="run_correction_points_back"), transaction.atomic():
        SettlementRun.objects.filter(pk=first.pk).update(corrects=None)


def test_entries_of_a_correction_that_do_not_sum_are_refused(village, approved):
    price(170)
    run = correct(approved, village)
    with pytest.raises(IntegrityError, match="sum to"), transaction.atomic():
        LedgerEntry.objects.filter(run=run, position=0).update(cents=0)
        connection.check_constraints()


def test_only_a_month_that_ends_below_zero_is_pointed_out_before_approval(village, approved):
    run = open_correction(run_id=approved.pk, opened_by=village.anna, as_of=NOW)
    inputs = get_month_inputs(run_id=run.pk)
    result = engine_settle(inputs)
    first, *others = result.members
    below = replace(result, members=(replace(first, premium_cents=-500, valorisation_cents=0), *others))
    assert result_facts(run=run, inputs=inputs, result=result)["attention"] == []
    assert result_facts(run=run, inputs=inputs, result=below)["attention"] == [
        {"what": "negative", "member": "M1", "cents": -500}
    ]


def test_a_computed_correction_sends_for_its_causes(village, approved, monkeypatch):
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(compare_runs, "delay", lambda *pair: sent.append(pair))
    first = approve(correct(approved, village), village)
    second = correct(approved, village)
    settle(open_run(village, version=2))
    assert sent == [(approved.pk, first.pk), (first.pk, second.pk)]


def test_the_causes_of_a_correction_are_told_against_the_whole_month(village, approved):
    price(170)
    first = approve(correct(approved, village), village)
    compare_runs(approved.pk, first.pk)
    stored = first.comparisons.get()
    assert sum(row[4] for row in stored.rows) == 2240 + 190
    assert {cause for row in stored.rows for cause, c in zip(stored.causes, row[5], strict=True) if c} == {"price"}
