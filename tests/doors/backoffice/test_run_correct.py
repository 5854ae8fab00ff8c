"""From the button to the documents of a correction: the difference, with the run that it corrects by name."""

import json
from datetime import timedelta

import pytest

from apps.invoicing.models import IssuedDocument
from apps.invoicing.operations import freeze_documents
from apps.settlement.models import SettlementRun, ZonalPrice
from reports.statement_view import view_of
from tasks.corrections import look_again
from tasks.exports import render, statement_from, workbook_from
from tests.apps.settlement.corrected import NOW, approve
from tests.doors.backoffice.addresses import at
from tests.doors.backoffice.conftest import settle
from tests.doors.backoffice.pages import words
from tests.doors.backoffice.village import make_measures, open_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def approved(settled, village):
    return approve(settled, village)


@pytest.fixture
def correction(approved, village, anna):
    """170 instead of 150 €/MWh: M2 gets 4.03 instead of 4.84 € of premium, 0.81 € less."""
    ZonalPrice.objects.update(price_eur_per_mwh=170)
    anna.post(at(approved, "correct/"))
    return settle(SettlementRun.objects.get(kind="correction"))


def test_the_button_opens_a_correction_once(approved, anna, enqueued, django_capture_on_commit_callbacks):
    assert "Rettifica questo mese" in words(anna.get(at(approved)))
    with django_capture_on_commit_callbacks(execute=True):
        answer = anna.post(at(approved, "correct/"))
    run = SettlementRun.objects.get(kind="correction")
    assert (answer.status_code, answer["Location"]) == (302, at(run))
    assert enqueued == [("settlement.settle_month", (run.pk,))]
    assert anna.post(at(approved, "correct/"))["Location"] == at(run)
    assert SettlementRun.objects.count() == 2


def test_only_an_administrator_and_only_an_approved_month(settled, village, as_user, enqueued):
    assert "Rettifica questo mese" not in words(as_user(village.bruno).get(at(settled)))
    assert as_user(village.carla).post(at(settled, "correct/")).status_code == 403
    assert as_user(village.bruno).post(at(settled, "correct/")).status_code == 409
    assert SettlementRun.objects.count() == 1


def test_its_page_tells_differences_and_what_they_are_to(approved, correction, anna, bruno):
    page = words(bruno.get(at(correction)))
    assert "Rettifica di CER-V-A · febbraio 2023 · provvisoria, versione 1" in page
    assert "Approva questo risultato" in page
    compared = words(anna.get(at(correction, f"compare/{approved.pk}/")))
    assert "M2 Socio 2 89,600 89,600 0,000 5,60 4,79 −0,81" in compared
    assert bruno.post(at(correction, "approve/"), {"seen_sha256": correction.result_sha256}).status_code == 302
    assert "rettifica, versione 1" in words(anna.get(at(approved)))


def test_its_statements_tell_the_difference_the_run_and_the_month(approved, correction, village):
    before = list(freeze_documents(run_id=approved.pk, as_of=NOW))
    told = list(IssuedDocument.objects.filter(run=approved).order_by("pk").values("reference", "frozen", "state"))
    approve(correction, village)
    freeze_documents(run_id=correction.pk, as_of=NOW)
    assert before
    assert list(IssuedDocument.objects.filter(run=approved).order_by("pk").values("reference", "frozen", "state")) == told
    issued = IssuedDocument.objects.get(run=correction, member__code="M2")
    assert issued.reference == "CER-V-A/2023-02/v1-correction/M2"
    document = statement_from(json.loads(issued.frozen))
    assert (document.total_cents, document.month_cents, document.energy.shared_wh) == (-81, 479, 89_600)
    assert [(row.month, row.total_cents) for row in document.year_rows] == [(2, 479)]
    view = view_of(document)
    banner = dict(view.banners)["correction"]
    assert "Rettifica del rendiconto CER-V-A/2023-02/v1/M2" in banner
    assert "spettano ora 4,79" in banner.replace("\u00a0", " ")
    premium = [(row.kind, row.amount.replace("\u00a0", " ")) for row in view.explanations[0].rows]
    assert premium == [("pool", "4,03 €"), ("step", "−4,84 €"), ("mine", "−0,81 €")]
    assert render(issued).startswith(b"%PDF")


def test_its_workbook_closes(correction, village):
    approve(correction, village)
    freeze_documents(run_id=correction.pk, as_of=NOW)
    issued = IssuedDocument.objects.get(run=correction, kind="workbook")
    document = workbook_from(json.loads(issued.frozen), correction)
    assert [check.name for check in document.checks if not check.ok] == []
    assert sum(line.cents for line in document.lines) == document.premium_cents + document.valorisation_cents == -448
    assert document.corrects == "CER-V-A/2023-02/provisional-v1/cartella"
    assert render(issued).startswith(b"PK")


def test_a_later_month_tells_the_year_with_corrections(approved, correction, village):
    approve(correction, village)
    march = approved.month.replace(month=3)
    first = ZonalPrice.objects.latest("starts_at").starts_at
    ZonalPrice.objects.bulk_create(
        ZonalPrice(zone="NORD", starts_at=first + timedelta(hours=hour), price_eur_per_mwh=150) for hour in range(1, 800)
    )
    make_measures(village, month=march)
    run = approve(settle(open_run(village, month=march)), village)
    freeze_documents(run_id=run.pk, as_of=NOW)
    document = statement_from(json.loads(IssuedDocument.objects.get(run=run, member__code="M2").frozen))
    assert (document.year_rows[0].month, document.year_rows[0].total_cents) == (2, 479)


def test_late_data_stand_on_the_board_and_on_the_page_until_a_correction_is_opened(approved, anna):
    ZonalPrice.objects.update(price_eur_per_mwh=170)
    look_again(approved.pk)
    assert "Rettifiche proposte dati arrivati tardi" in words(anna.get("/ceradmin/"))
    page = words(anna.get(at(approved)))
    assert "Dopo l’approvazione sono cambiati: prezzi" in page
    assert "Rettifica questo mese" in page
    anna.post(at(approved, "correct/"))
    assert "rettifica proposta" not in words(anna.get("/ceradmin/"))
    assert "rettifica proposta" not in words(anna.get(at(approved)))
