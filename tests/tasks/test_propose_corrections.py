"""Late data after an approval: a correction is proposed, and nothing that was approved is touched."""

from datetime import date

import numpy as np
import pytest

from apps.communities.models import MeteringPoint
from apps.invoicing.models import IssuedDocument
from apps.invoicing.operations import freeze_documents
from apps.metering.models import Channel
from apps.settlement.corrections import open_correction
from apps.settlement.gse import operations as gse
from apps.settlement.models import ContributionTotal, CorrectionProposal, LedgerEntry, MemberResult, SettlementRun, ZonalPrice
from apps.settlement.proposals import list_open_proposals
from tasks.corrections import look_again, propose_corrections
from tasks.schedule import TIMETABLE
from tests.apps.settlement.corrected import NOW, approve, correct, settle
from tests.apps.settlement.gse.test_amounts_divided import publish
from tests.doors.backoffice import village as rows
from tests.doors.backoffice.village import make_measures, make_prices, make_ready_village, open_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def village():
    return make_ready_village()


@pytest.fixture
def approved(village):
    return approve(settle(open_run(village)), village)


@pytest.fixture
def looks(monkeypatch):
    """Which runs were sent for a look."""
    sent: list[int] = []
    monkeypatch.setattr(look_again, "delay", sent.append)
    return sent


def everything():
    models = (SettlementRun, LedgerEntry, MemberResult, IssuedDocument)
    return [list(model.objects.order_by("pk").values()) for model in models]


def causes():
    return [row.causes for row in CorrectionProposal.objects.all()]


def test_the_timetable_looks_daily_at_what_speaks_for_the_approved_months(village, approved, looks, monkeypatch):
    monkeypatch.setattr("tasks.corrections.timezone.localdate", lambda: date(2024, 2, 1))
    propose_corrections()
    assert looks == [approved.pk]
    correction = approve(correct(approved, village), village)
    propose_corrections()
    assert looks == [approved.pk, correction.pk]
    monkeypatch.setattr("tasks.corrections.timezone.localdate", lambda: date(2028, 4, 1))
    propose_corrections()
    assert len(looks) == 2, "the 61 months are over"
    assert [job.hour for job in TIMETABLE if job.task == "settlement.propose_corrections"] == ["4"]


def test_nothing_changed_proposes_nothing(approved):
    look_again(approved.pk)
    assert not CorrectionProposal.objects.exists()


def test_a_late_price_is_proposed_once_and_issued_rows_stay(approved):
    freeze_documents(run_id=approved.pk, as_of=NOW)
    before = everything()
    ZonalPrice.objects.update(price_eur_per_mwh=170)
    look_again(approved.pk)
    first = CorrectionProposal.objects.values().get()
    look_again(approved.pk)
    assert CorrectionProposal.objects.values().get() == first
    assert first["causes"] == ["price"]
    assert everything() == before


def test_late_curves_are_data_and_another_holder_is_perimeter(village, approved):
    rows._store(village.pods[1], Channel.WITHDRAWN, np.full(rows.QUARTERS, 100, np.int32), rows.MONTH)
    look_again(approved.pk)
    assert causes() == [["data"]]
    MeteringPoint.objects.filter(pod=village.pods[2]).update(valid_from=date(2023, 2, 10))
    look_again(approved.pk)
    assert causes() == [["data", "perimeter"]]


def test_facts_that_are_again_as_they_were_withdraw_the_proposal(approved):
    ZonalPrice.objects.update(price_eur_per_mwh=170)
    look_again(approved.pk)
    assert CorrectionProposal.objects.exists()
    ZonalPrice.objects.update(price_eur_per_mwh=150)
    look_again(approved.pk)
    assert not CorrectionProposal.objects.exists()


def test_a_correction_settles_what_was_proposed(village, approved):
    ZonalPrice.objects.update(price_eur_per_mwh=170)
    look_again(approved.pk)
    correction = approve(correct(approved, village), village)
    look_again(correction.pk)
    assert not CorrectionProposal.objects.filter(run=correction).exists()


def test_a_correction_of_another_month_is_no_late_data(village, approved):
    """March's year to date changes with the correction of February; March itself has nothing to correct."""
    march = date(2023, 3, 1)
    ZonalPrice.objects.all().delete()
    make_prices()
    ZonalPrice.objects.filter(starts_at__gte="2023-02-28T21:00Z").delete()
    make_prices(month=march)
    make_measures(village, month=march)
    run = approve(settle(open_run(village, month=march)), village)
    ZonalPrice.objects.filter(starts_at__lt="2023-02-28T21:00Z").update(price_eur_per_mwh=170)
    approve(correct(approved, village), village)
    look_again(run.pk)
    assert not CorrectionProposal.objects.exists()


def test_what_cannot_be_gathered_and_what_is_not_approved_is_left_alone(village, approved):
    computed = settle(open_run(village, version=2))
    ZonalPrice.objects.all().delete()
    look_again(approved.pk)
    look_again(computed.pk)
    assert not CorrectionProposal.objects.exists()


def test_an_open_correction_hides_the_proposal(village, approved):
    ZonalPrice.objects.update(price_eur_per_mwh=170)
    look_again(approved.pk)
    runs = SettlementRun.objects.all()
    assert [row.run_id for row in list_open_proposals(runs)] == [approved.pk]
    late = CorrectionProposal.objects.get().noticed_at
    run = open_correction(run_id=approved.pk, opened_by=village.anna, as_of=late)
    assert list(list_open_proposals(runs)) == []
    SettlementRun.objects.filter(pk=run.pk).update(state="parked")
    assert [row.run_id for row in list_open_proposals(runs)] == [approved.pk]


def test_a_proposal_noticed_while_its_correction_was_being_settled_ends_with_it(village, approved):
    """Opened before, computed after the look: the correction knows what was noticed."""
    run = open_correction(run_id=approved.pk, opened_by=village.anna, as_of=NOW)
    ZonalPrice.objects.update(price_eur_per_mwh=170)
    look_again(approved.pk)
    runs = SettlementRun.objects.all()
    assert [row.run_id for row in list_open_proposals(runs)] == [approved.pk]
    correction = approve(settle(run), village)
    assert list(list_open_proposals(runs)) == []
    ZonalPrice.objects.update(price_eur_per_mwh=160)
    look_again(correction.pk)
    assert [row.run_id for row in list_open_proposals(runs)] == [correction.pk]


def choose(village, source):
    gse.choose_amounts(
        configuration=village.configuration, valid_from=rows.MONTH, amounts_from=source, chosen_by=village.anna, as_of=NOW
    )


def test_a_choice_or_a_publication_after_a_final_run_is_proposed(village):
    base = approve(settle(open_run(village, kind="final")), village)
    publish(village, ("premium", "true_up", "26.00"), ("valorisation", "true_up", "1.90"))
    look_again(base.pk)
    assert causes() == [], "the own amounts are divided: what GSE publishes of them is for the reconciliation"
    choose(village, "gse")
    look_again(base.pk)
    assert causes() == [["given"]]
    correction = approve(correct(base, village), village)
    look_again(correction.pk)
    assert list(list_open_proposals(SettlementRun.objects.all())) == []
    choose(village, "own")
    look_again(correction.pk)
    assert [row.run_id for row in list_open_proposals(SettlementRun.objects.all())] == [correction.pk]
    choose(village, "gse")
    look_again(correction.pk)
    assert list(list_open_proposals(SettlementRun.objects.all())) == []
    publish(village, ("premium", "recalculation", "-1.00"))
    look_again(correction.pk)
    assert [row.causes for row in list_open_proposals(SettlementRun.objects.all())] == [["given"]]


def test_an_excess_certified_after_the_final_run_is_proposed_where_the_own_amounts_are_divided_too(village):
    base = approve(settle(open_run(village, kind="final")), village)
    publish(village, ("excess", "true_up", "2.00"))
    look_again(base.pk)
    assert causes() == [["given"]]
    correction = correct(base, village)
    moved = dict(ContributionTotal.objects.filter(run=correction).values_list("contribution", "amount_cents"))
    assert moved == {"premium": -200, "valorisation": 0, "excess": 200}
