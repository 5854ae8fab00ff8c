"""After the approval: issued when the documents are ready, paid when a person says so; every step stands in the history."""

from datetime import UTC, datetime

import pytest
from django.core.management import call_command

from apps.invoicing.models import IssuedDocument
from apps.invoicing.operations import record_rendering
from apps.settlement import operations
from apps.settlement.audit.queries import get_last_sequence
from apps.settlement.models import AuditEntry, SettlementRun
from tasks.exports import render_documents
from tasks.invoicing import complete_documents, issue_documents
from tests.doors.backoffice.addresses import at
from tests.doors.backoffice.conftest import settle
from tests.doors.backoffice.pages import words
from tests.doors.backoffice.test_run_documents import make_document
from tests.doors.backoffice.village import MONTH

pytestmark = pytest.mark.django_db
APPROVED_AT = datetime(2023, 3, 3, tzinfo=UTC)


@pytest.fixture
def approved(village):
    """Anna's run of February, opened and computed by the operations, approved by Bruno."""
    run = operations.open_run(
        configuration=village.configuration, month=MONTH, kind="provisional", opened_by=village.anna, as_of=APPROVED_AT
    )
    run = settle(SettlementRun.objects.get(pk=run.pk))
    operations.approve_run(
        run_id=run.pk, approved_by=village.bruno, seen_sha256=run.result_sha256, as_of=APPROVED_AT, reason="Tutto <b>torna</b>."
    )
    run.refresh_from_db()
    return run


@pytest.fixture
def issued(approved, bruno):
    make_document(approved, content=b"xlsx")
    bruno.post(at(approved, "issue/"), seen(approved))
    approved.refresh_from_db()
    assert approved.state == "issued"
    return approved


def seen(run, **more):
    return {"seen_sha256": run.result_sha256, "seen_sequence": get_last_sequence(run), "confirm": "on"} | more


def payment(run, **more):
    return seen(run, paid_on="2023-04-05", reference="CRO 123", **more)


def test_the_history_says_who_when_and_why(approved, anna):
    page = anna.get(at(approved))
    text = words(page)
    assert "Storia della regolazione" in text
    for step in ("Anna1 aperta", "elaboratore presa in calcolo", "elaboratore calcolata", "Bruno1 approvata"):
        assert step in text
    assert "Tutto &lt;b&gt;torna&lt;/b&gt;." in page.content.decode()


def test_a_run_without_its_documents_waits_and_offers_no_button(approved, anna):
    make_document(approved, "M1", state="pending")
    page = anna.get(at(approved))
    assert "risulterà emessa quando tutti i documenti saranno pronti" in words(page)
    assert at(approved, "issue/") not in page.content.decode()
    answer = anna.post(at(approved, "issue/"), seen(approved))
    assert (answer.status_code, "I documenti non sono ancora tutti pronti" in words(answer)) == (409, True)
    approved.refresh_from_db()
    assert (approved.state, approved.issued_at) == ("approved", None)


def test_a_person_issues_and_then_notes_the_payment(approved, village, anna):
    make_document(approved, content=b"xlsx")
    assert f'action="{at(approved, "issue/")}"' in anna.get(at(approved)).content.decode()
    assert anna.post(at(approved, "issue/"), seen(approved, reason="consegna")).status_code == 302
    approved.refresh_from_db()
    assert (approved.state, approved.issued_by) == ("issued", village.anna)
    assert f'action="{at(approved, "pay/")}"' in anna.get(at(approved)).content.decode()
    assert anna.post(at(approved, "pay/"), payment(approved)).status_code == 302
    approved.refresh_from_db()
    assert (approved.state, approved.paid_by, str(approved.paid_on)) == ("paid", village.anna, "2023-04-05")
    assert approved.payment_reference == "CRO 123"
    text = words(anna.get(at(approved)))
    assert "Anna1 emessa consegna" in text
    assert "Anna1 pagata Pagata il 05/04/2023, riferimento CRO 123." in text
    assert "Segna come pagata" not in text


def test_a_stale_screen_is_refused_and_told_what_changed(approved, anna, bruno):
    make_document(approved, content=b"xlsx")
    screen = seen(approved)
    assert bruno.post(at(approved, "issue/"), screen).status_code == 302
    answer = anna.post(at(approved, "issue/"), screen)
    assert answer.status_code == 409
    text = words(answer)
    assert "La regolazione è andata avanti mentre la guardavi" in text
    assert "Che cosa è successo dopo che hai aperto la pagina" in text
    assert "Bruno1 emessa" in text
    assert "Anna1 aperta" not in text
    assert AuditEntry.objects.filter(action="issue").count() == 1


@pytest.mark.parametrize(
    "change", [{"seen_sequence": ""}, {"seen_sequence": "1"}, {"seen_sha256": ""}, {"seen_sha256": "0" * 64}]
)
def test_a_payment_needs_exactly_what_was_on_the_screen(issued, anna, change):
    assert anna.post(at(issued, "pay/"), payment(issued) | change).status_code == 409
    issued.refresh_from_db()
    assert (issued.state, issued.paid_on) == ("issued", None)


@pytest.mark.parametrize(
    "change",
    [
        {"confirm": ""},
        {"paid_on": ""},
        {"paid_on": "2023-01-31"},
        {"paid_on": "2999-01-01"},
        {"reference": " "},
        {"reference": "x" * 141},
        {"seen_sequence": "-1"},
        {"seen_sequence": "x"},
    ],
)
def test_a_payment_that_cannot_be_changes_nothing(issued, anna, change):
    before = AuditEntry.objects.count()
    answer = anna.post(at(issued, "pay/"), payment(issued) | change, follow=True)
    assert answer.status_code == 200
    assert 'class="error"' in answer.content.decode()
    issued.refresh_from_db()
    assert (issued.state, AuditEntry.objects.count()) == ("issued", before)


def test_an_approved_run_cannot_be_paid_nor_a_computed_one_issued(approved, settled_final, anna):
    assert anna.post(at(approved, "pay/"), payment(approved)).status_code == 409
    assert anna.post(at(settled_final, "issue/"), seen(settled_final)).status_code == 409
    approved.refresh_from_db()
    settled_final.refresh_from_db()
    assert (approved.state, settled_final.state) == ("approved", "computed")


@pytest.fixture
def settled_final(village):
    run = operations.open_run(
        configuration=village.configuration, month=MONTH, kind="final", opened_by=village.anna, as_of=APPROVED_AT
    )
    return settle(SettlementRun.objects.get(pk=run.pk))


@pytest.mark.parametrize("tail", ["issue/", "pay/"])
def test_an_accountant_looks_and_does_not_decide(issued, village, as_user, tail):
    carla = as_user(village.carla)
    page = carla.get(at(issued))
    assert at(issued, tail) not in page.content.decode()
    assert "Storia della regolazione" in words(page)
    assert carla.post(at(issued, tail), payment(issued)).status_code == 403


def test_the_worker_that_makes_the_last_document_issues_the_run(approved, enqueued):
    issue_documents(approved.pk)
    waiting = list(IssuedDocument.objects.order_by("pk").values_list("pk", flat=True))
    assert enqueued == [("exports.render_documents", (waiting,))]
    render_documents(waiting[:-1])
    approved.refresh_from_db()
    assert approved.state == "approved"
    render_documents(waiting[-1:])
    render_documents(waiting)
    approved.refresh_from_db()
    assert (approved.state, approved.issued_by) == ("issued", None)
    assert list(AuditEntry.objects.filter(action="issue").values_list("actor", flat=True)) == ["worker"]


def test_the_timetable_issues_what_a_dead_worker_left_behind(approved, enqueued):
    make_document(approved, "M1", content=b"pdf")
    failed = make_document(approved, "M2", error="x")
    complete_documents()
    approved.refresh_from_db()
    assert approved.state == "approved"
    record_rendering(document=failed, content=b"pdf", extension="pdf", as_of=datetime.now(UTC))
    complete_documents()
    complete_documents()
    approved.refresh_from_db()
    assert approved.state == "issued"
    assert AuditEntry.objects.filter(action="issue").count() == 1


def test_the_whole_life_leaves_an_intact_trail(
    village, anna, bruno, enqueued, settings, tmp_path, capsys, django_capture_on_commit_callbacks
):
    settings.DATA_DIR = tmp_path
    with django_capture_on_commit_callbacks(execute=True):
        answer = anna.post(
            "/ceradmin/settlement/settlementrun/new/",
            {"configuration": village.configuration.pk, "month": 2, "year": 2023, "kind": "provisional"},
        )
        run = settle(SettlementRun.objects.get())
        assert answer["Location"] == at(run)
        bruno.post(at(run, "approve/"), seen(run))
        make_document(run, content=b"xlsx")
        bruno.post(at(run, "issue/"), seen(run))
        bruno.post(at(run, "pay/"), payment(run))
    assert list(AuditEntry.objects.values_list("action", flat=True)) == ["open", "claim", "compute", "approve", "issue", "pay"]
    call_command("verify_audit")
    assert "intact: 6 entries, anchored up to 6" in capsys.readouterr().out


@pytest.mark.parametrize("model", ["settlementrun", "auditentry", "ledgerentry", "contributiontotal", "memberresult"])
def test_the_admin_offers_no_way_to_change_what_is_approved(issued, village, as_user, model):
    village.carla.is_superuser = True
    village.carla.save()
    root = as_user(village.carla)
    before = list(AuditEntry.objects.values_list()), list(SettlementRun.objects.values_list())
    base = f"/ceradmin/settlement/{model}/"
    number = issued.pk if model == "settlementrun" else 1
    for tail in ("add/", f"{number}/change/", f"{number}/delete/", f"{number}/history/"):
        assert root.post(base + tail, {"post": "yes", "state": "draft", "note": "x"}).status_code == 404
    everything = {"action": "delete_selected", "_selected_action": [number], "post": "yes"}
    assert root.post(base, everything).status_code in (200, 302, 404)
    assert root.post(at(issued), {"state": "draft"}).status_code == 405
    assert before == (list(AuditEntry.objects.values_list()), list(SettlementRun.objects.values_list()))
