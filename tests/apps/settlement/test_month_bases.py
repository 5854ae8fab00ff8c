"""One base per month: every later kind of run posts only what is missing, and says whose word the month rests on."""

from datetime import date, timedelta

import pytest
from django.db import transaction
from django.db.utils import DatabaseError

from apps.communities.models import MeteringPoint, Plant
from apps.metering.models import DayCurve
from apps.settlement import operations
from apps.settlement.comparisons import get_failure
from apps.settlement.corrections import open_correction
from apps.settlement.errors import KindTooLate, RunChanged, RunNotOpen
from apps.settlement.history import get_base, list_corrections
from apps.settlement.inputs import get_month_inputs
from apps.settlement.issue_operations import issue_run
from apps.settlement.models import ContributionTotal, LedgerEntry, MemberResult, RuleParameter, SettlementRun, ZonalPrice
from apps.settlement.posted import get_posted_amounts
from apps.settlement.reversals import open_reversal
from tasks.comparisons import compare_runs
from tasks.settlement import settle_month, verify
from tests.apps.settlement.corrected import NOW, approve, correct, settle
from tests.doors.backoffice.village import MONTH, make_measures, make_ready_village, open_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def village():
    return make_ready_village()


def opened(village, kind):
    return operations.open_run(configuration=village.configuration, month=MONTH, kind=kind, opened_by=village.anna, as_of=NOW)


def cents(*runs):
    return {payee: amount for payee, amount in get_posted_amounts([run.pk for run in runs]).items() if amount}


def totals(run):
    rows = ContributionTotal.objects.filter(run=run).values_list("contribution", "amount_cents", "month_cents")
    return {name: (amount, month) for name, amount, month in rows}


def test_a_final_run_after_an_approved_provisional_posts_the_difference(village):
    """170 instead of 150 €/MWh: 22.40 instead of 26.88 € of premium; the final run posts -4.48 € and the month is 22.40 €."""
    provisional = approve(settle(opened(village, "provisional")), village)
    before = list(LedgerEntry.objects.filter(run=provisional).order_by("pk").values())
    ZonalPrice.objects.update(price_eur_per_mwh=170)
    final = settle(opened(village, "final"))
    assert (final.kind, final.corrects_id, final.settled_as) == ("final", provisional.pk, "final")
    assert totals(final) == {"premium": (-448, 2240), "valorisation": (0, 190), "excess": (0, 0)}
    final = approve(final, village)
    assert list(LedgerEntry.objects.filter(run=provisional).order_by("pk").values()) == before
    assert sum(cents(provisional, final).values()) == 2240 + 190
    assert verify(run_id=final.pk)["ok"] is True
    ZonalPrice.objects.update(price_eur_per_mwh=150)
    correction = correct(provisional, village)
    assert (correction.settled_as, correction.corrects_id) == ("final", provisional.pk)
    assert totals(correction)["premium"] == (448, 2688)
    approve(correction, village)
    assert [run.kind for run in list_corrections([provisional])] == ["final", "correction"]
    assert get_base(configuration_id=village.configuration.pk, month=MONTH) == provisional


def test_a_final_run_after_a_provisional_refuses_missing_hours_until_they_are_accepted(village):
    make_measures(village)
    DayCurve.objects.filter(pod_key=village.pods[1]).delete()
    provisional = approve(settle(opened(village, "provisional")), village)
    final = opened(village, "final")
    settle_month.apply(args=(final.pk,), throw=True)
    final.refresh_from_db()
    assert (final.state, final.result_sha256) == ("parked", "")
    assert village.pods[1] in final.error
    assert not LedgerEntry.objects.filter(run=final).exists()
    operations.accept_missing(run_id=final.pk, pods=[village.pods[1]], accepted_by=village.anna)
    operations.retry_run(run_id=final.pk, opened_by=village.anna, as_of=NOW)
    final = approve(settle(final), village)
    assert cents(final) == {}
    correction = open_correction(run_id=provisional.pk, opened_by=village.anna, as_of=NOW)
    assert (correction.accepted_missing, correction.accepted_by) == ([village.pods[1]], village.anna)
    assert correction.settled_as == "final"


@pytest.mark.parametrize(("approved", "later"), [("final", "provisional"), ("final", "advance"), ("provisional", "advance")])
def test_what_knows_less_cannot_follow(village, approved, later):
    approve(settle(opened(village, approved)), village)
    with pytest.raises(KindTooLate, match="Open a correction of run"):
        opened(village, later)
    assert SettlementRun.objects.count() == 1


def test_a_month_is_not_approved_twice_as_certainly(village):
    approve(settle(opened(village, "provisional")), village)
    again = settle(opened(village, "provisional"))
    assert cents(again) == {}
    with pytest.raises(RunNotOpen, match="not a second approval"):
        approve(again, village)


def test_a_run_computed_before_the_base_was_approved_must_be_opened_again(village):
    provisional, final = settle(opened(village, "provisional")), settle(opened(village, "final"))
    assert final.corrects_id is None
    approve(provisional, village)
    with pytest.raises(RunChanged, match="of its month was approved"):
        approve(final, village)
    by_hand = {"approved_by": village.bruno, "approved_at": NOW, "approved_sha256": final.result_sha256, "state": "approved"}
    with pytest.raises(DatabaseError, match="posts the whole month"), transaction.atomic():
        SettlementRun.objects.filter(pk=final.pk).update(**by_hand)
    second = approve(settle(opened(village, "final")), village)
    assert (second.corrects_id, cents(second)) == (provisional.pk, {})


def test_a_parked_run_that_is_tried_again_stands_on_what_was_approved_meanwhile(village):
    ZonalPrice.objects.update(zone="SUD")
    final = opened(village, "final")
    settle_month.apply(args=(final.pk,), throw=True)
    ZonalPrice.objects.update(zone="NORD")
    provisional = approve(settle(opened(village, "provisional")), village)
    operations.retry_run(run_id=final.pk, opened_by=village.anna, as_of=NOW)
    assert settle(final).corrects_id == provisional.pk


def test_an_advance_is_gse_s_formula_split_by_the_energies_known_now(village):
    """99.9 kW PV in the North: 99.9 × 900/12 × 0.60 = 4 495.5 kWh × 110 €/MWh = 494.505 → 494.51 €; × 8.48 = 38.12184 → 38.12 €.

    Management 10 %: 49.45; of 445.06 half, 222.53, to the producer, 222.53 by 89.6 and 134.4 kWh: 89.01 and 133.52.
    Valorisation, all to consumers: 15.25 and 22.87.
    """
    run = settle(opened(village, "advance"))
    assert totals(run) == {"premium": (49451, None), "valorisation": (3812, None), "excess": (0, None)}
    members = MemberResult.objects.filter(run=run).order_by("member__code")
    assert [(row.premium_cents, row.valorisation_cents, row.excess_cents) for row in members] == [
        (22253, 0, 0),
        (8901, 1525, 0),
        (13352, 2287, 0),
    ]
    assert (run.facts["excess_sets"], run.facts["premium_gross_cents"], run.shared_wh) == ([], 49451, 224_000)
    given = {row["contribution"]: (row["cents"], row["source"], row["by_plant"]) for row in run.facts["given"]}
    assert given["premium"] == (49451, "gse_advance", [["P1", 49451]])
    assert verify(run_id=run.pk)["ok"] is True


def test_an_advance_needs_no_price_and_without_any_weight_nothing_vanishes(village):
    ZonalPrice.objects.all().delete()
    DayCurve.objects.all().delete()
    run = settle(opened(village, "advance"))
    amounts = {(payee.contribution.value, payee.account): amount for payee, amount in cents(run).items()}
    assert amounts == {
        ("premium", "management"): 4945,
        ("premium", "undistributed"): 44506,
        ("valorisation", "undistributed"): 3812,
    }


def test_an_advance_without_a_parameter_is_parked_with_its_name_and_date(village):
    RuleParameter.objects.filter(key="advance_coincidence").delete()
    run = opened(village, "advance")
    settle_month.apply(args=(run.pk,), throw=True)
    run.refresh_from_db()
    assert run.state == "parked"
    assert "advance_coincidence" in run.error
    assert "01/02/2023" in run.error
    assert not LedgerEntry.objects.filter(run=run).exists()


def test_an_advance_is_made_good_by_what_was_measured(village):
    """After 494.51 + 38.12 € in advance the month is worth 26.88 + 1.90 €: the provisional run takes the rest back."""
    advance = approve(settle(opened(village, "advance")), village)
    provisional = opened(village, "provisional")
    settle_month.apply(args=(provisional.pk,), throw=True)
    provisional.refresh_from_db()
    assert (provisional.state, provisional.corrects_id, provisional.settled_as) == ("computed", advance.pk, "provisional")
    assert totals(provisional) == {
        "premium": (2688 - 49451, 2688),
        "valorisation": (190 - 3812, 190),
        "excess": (0, 0),
    }
    provisional = approve(provisional, village)
    final = approve(settle(opened(village, "final")), village)
    assert cents(final) == {}
    assert sum(cents(advance, provisional, final).values()) == 2688 + 190


def test_a_correction_of_an_advance_is_an_advance(village):
    advance = approve(settle(opened(village, "advance")), village)
    correction = correct(advance, village)
    assert (correction.settled_as, cents(correction)) == ("advance", {})
    approve(correction, village)
    provisional = settle(opened(village, "provisional"))
    assert provisional.facts["correction"]["against"] == [advance.pk, correction.pk]


def test_the_month_of_an_advance_does_not_count_in_the_year_yet(village):
    march = date(2023, 3, 1)
    make_measures(village, month=march)
    first = ZonalPrice.objects.latest("starts_at").starts_at
    ZonalPrice.objects.bulk_create(
        ZonalPrice(zone="NORD", starts_at=first + timedelta(hours=hour), price_eur_per_mwh=150) for hour in range(1, 800)
    )
    approve(settle(opened(village, "advance")), village)
    run = open_run(village, month=march)
    assert get_month_inputs(run_id=run.pk).year_to_date == ()


def test_a_comparison_that_fails_is_told_and_made_good(village):
    provisional = approve(settle(opened(village, "provisional")), village)
    final = settle(opened(village, "final"))
    path = provisional.snapshot_path
    SettlementRun.objects.filter(pk=final.pk).update(snapshot_path="snapshots/nowhere")
    compare_runs(provisional.pk, final.pk)
    failure = get_failure(before=provisional, now=final)
    assert failure is not None
    assert "snapshots/nowhere" in failure.sentence
    SettlementRun.objects.filter(pk=final.pk).update(snapshot_path=path)
    compare_runs(provisional.pk, final.pk)
    assert get_failure(before=provisional, now=final) is None
    assert final.comparisons.count() == 1


@pytest.mark.parametrize(
    ("model", "change"),
    [
        (Plant, {"entered_operation_on": date(2023, 2, 2)}),
        (MeteringPoint, {"valid_from": date(2023, 2, 2)}),
    ],
)
def test_a_plant_that_begins_inside_the_month_has_no_advance_yet(village, model, change):
    model.objects.update(**change)
    run = settle(opened(village, "advance"))
    assert totals(run) == {"premium": (0, None), "valorisation": (0, None), "excess": (0, None)}
    assert {row["contribution"]: row["by_plant"] for row in run.facts["given"]}["premium"] == [["P1", 0]]


def test_a_correction_of_a_month_that_was_taken_back_meanwhile_is_refused(village):
    base = approve(settle(opened(village, "provisional")), village)
    correction = open_correction(run_id=base.pk, opened_by=village.anna, as_of=NOW)
    issue_run(run_id=base.pk, issued_by=None, seen_sha256=base.result_sha256, as_of=NOW)
    approve(settle(open_reversal(run_id=base.pk, opened_by=village.anna, reason="Sbagliato", as_of=NOW)), village)
    with pytest.raises(RunChanged, match="Open it again"):
        approve(settle(correction), village)
    assert SettlementRun.objects.get(pk=correction.pk).state == "computed"
