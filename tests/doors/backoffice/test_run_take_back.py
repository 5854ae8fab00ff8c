"""Release and reversal in the backoffice: a reason, two people, and nothing for who may only look."""

import pytest

from apps.settlement.issue_operations import issue_run
from apps.settlement.models import AuditEntry, SettlementRun
from tests.apps.settlement.corrected import NOW, approve
from tests.doors.backoffice.addresses import at
from tests.doors.backoffice.conftest import settle
from tests.doors.backoffice.pages import words

pytestmark = pytest.mark.django_db
NOTES = [
    {"what": "negative", "member": "M1", "cents": -123},
    {"what": "change", "member": "M2", "cents": 5000, "before_cents": 600},
    {"what": "lines", "lines": 2017, "most": 2016},
]


@pytest.fixture
def parked(settled):
    SettlementRun.objects.filter(pk=settled.pk).update(state="parked", facts=settled.facts | {"attention": NOTES})
    settled.refresh_from_db()
    return settled


@pytest.fixture
def issued(settled, village):
    run = approve(settled, village)
    return issue_run(run_id=run.pk, issued_by=None, seen_sha256=run.result_sha256, as_of=NOW)


def test_a_parked_run_shows_its_result_and_what_is_beyond_the_bounds(parked, anna, village, as_user):
    page = words(anna.get(at(parked))).replace("\xa0", " ")
    assert "Sospesa: importi oltre i limiti" in page
    assert "M1 Socio 1 ha un totale negativo: −1,23 €." in page
    assert "M2 Socio 2 passa da 6,00 € del mese precedente a 50,00 €." in page
    assert "Le registrazioni sono 2.017, più di 2.016: POD per ore del mese." in page
    assert "Energia del mese" in page
    assert "Approva questo risultato" not in page
    looking = as_user(village.carla).get(at(parked))
    assert "In attesa che un amministratore della comunità la sblocchi." in words(looking)
    assert 'name="reason"' not in looking.content.decode()


def test_released_with_a_reason_then_approved_by_another_person(parked, anna, bruno, enqueued):
    seen = {"seen_sha256": parked.result_sha256}
    anna.post(at(parked, "release/"), seen | {"reason": " "})
    parked.refresh_from_db()
    assert parked.state == "parked"
    assert anna.post(at(parked, "release/"), {"seen_sha256": "0" * 64, "reason": "Visto"}).status_code == 409
    assert anna.post(at(parked, "release/"), seen | {"reason": "Impianto nuovo"}).status_code == 302
    parked.refresh_from_db()
    assert parked.state == "computed"
    page = words(bruno.get(at(parked)))
    assert "sbloccata da una persona" in page
    assert "Impianto nuovo" in page
    assert anna.post(at(parked, "approve/"), seen).status_code == 409
    assert bruno.post(at(parked, "approve/"), seen).status_code == 302
    assert anna.post(at(parked, "release/"), seen | {"reason": "Di nuovo"}).status_code == 409


def test_who_may_only_look_releases_and_reverses_nothing(parked, village, as_user):
    for step in ("release/", "reverse/"):
        assert as_user(village.carla).post(at(parked, step), {"reason": "x"}).status_code == 403
        assert as_user(village.stranger).post(at(parked, step), {"reason": "x"}).status_code == 404
        assert as_user(village.anna).get(at(parked, step)).status_code == 405
    parked.refresh_from_db()
    assert parked.state == "parked"


def test_the_button_opens_a_reversal_that_another_person_approves(
    issued, anna, bruno, village, enqueued, django_capture_on_commit_callbacks
):
    assert "Storna questo mese" in words(anna.get(at(issued)))
    anna.post(at(issued, "reverse/"), {"reason": ""})
    assert SettlementRun.objects.count() == 1
    with django_capture_on_commit_callbacks(execute=True):
        answer = anna.post(at(issued, "reverse/"), {"reason": "Cabina sbagliata"})
    run = SettlementRun.objects.get(kind="reversal")
    assert (answer.status_code, answer["Location"]) == (302, at(run))
    assert enqueued == [("settlement.settle_month", (run.pk,))]
    assert anna.post(at(issued, "reverse/"), {"reason": "Due volte"})["Location"] == at(run)
    settle(run)
    page = words(bruno.get(at(run)))
    assert "Il mese viene annullato" in page
    assert "Cabina sbagliata" in page
    seen = {"seen_sha256": run.result_sha256}
    assert anna.post(at(run, "approve/"), seen).status_code == 409
    assert bruno.post(at(run, "approve/"), seen).status_code == 302
    issued.refresh_from_db()
    assert issued.state == "reversed"
    assert AuditEntry.objects.filter(run_number=issued.pk, action="reverse", user=village.bruno).exists()
    assert "Storna questo mese" not in words(anna.get(at(issued)))
    assert "stornata" in words(anna.get(at(issued)))


def test_a_month_that_has_not_gone_out_is_not_reversed(settled, village, anna):
    run = approve(settled, village)
    assert "Storna questo mese" not in words(anna.get(at(run)))
    assert anna.post(at(run, "reverse/"), {"reason": "Prima"}).status_code == 409
    assert SettlementRun.objects.count() == 1


def test_a_final_run_after_a_provisional_says_what_it_stands_on(settled, village, anna):
    base = approve(settled, village)
    answer = anna.post(
        "/ceradmin/settlement/settlementrun/new/",
        {"configuration": village.configuration.pk, "month": 2, "year": 2023, "kind": "final"},
    )
    run = settle(SettlementRun.objects.get(kind="final"))
    assert (answer["Location"], run.corrects_id) == (at(run), base.pk)
    page = words(anna.get(at(run)))
    assert "Calcolo definitivo dopo quello approvato" in page
    assert "definitiva, versione 1" in words(anna.get(at(base)))
    for later in ("provisional", "advance"):
        if later == "provisional":
            approve(run, village)
        answer = anna.post(
            "/ceradmin/settlement/settlementrun/new/",
            {"configuration": village.configuration.pk, "month": 2, "year": 2023, "kind": later},
        )
        assert answer.status_code == 409
        assert "non può seguire" in words(answer)
