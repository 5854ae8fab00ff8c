"""Payouts in the backoffice: the preview writes nothing, two people, one POST one step, and nobody else sees any of it."""

import io
from datetime import timedelta

import openpyxl
import pytest
from django.db import connection
from django.utils import timezone

from apps.invoicing.models import AccountMovement, PayoutBatch, PayoutSettings
from apps.invoicing.payouts import booking
from apps.invoicing.payouts import operations as payouts
from apps.settlement.models import SettlementRun
from tasks.payouts import make_payout_file
from tests.apps.invoicing.payout_rows import issue, make_community, make_iban, make_member
from tests.doors.backoffice.addresses import at
from tests.doors.backoffice.pages import links, words
from tests.doors.backoffice.test_access import fingerprint
from tests.doors.backoffice.village import make_person

pytestmark = pytest.mark.django_db
BASE = "/ceradmin/invoicing/payoutbatch/"


@pytest.fixture
def place():
    return make_community()


@pytest.fixture
def people(place):
    other = make_community("CER-ALTROVE").community
    names = {"gina": "administrator", "piero": "administrator", "carla": "accountant"}
    made = {name: make_person(name, place.community, kind) for name, kind in names.items()}
    return made | {"stranger": make_person("dario", other, "administrator")}


@pytest.fixture
def browsers(people, as_user):
    return {name: as_user(user) for name, user in people.items()}


@pytest.fixture
def run(place):
    ada, ugo = make_member(place, "M1"), make_member(place, "M2", iban="")
    made = issue(place, {ada: 123_456, ugo: 250}, to_account=300)
    booking.book_credits(community_id=place.community_id, as_of=timezone.now())
    return made


def form_of(page) -> dict[str, object]:
    """The hidden fields of the form that makes the batch."""
    context = page.context
    return {
        "community": context["community"].pk, "shown": "1", "run": list(context["plan"].run_ids),
        "seen_sha256": context["plan"].sha256, "execute_on": (timezone.localdate() + timedelta(days=1)).isoformat(),
    }  # fmt: skip


@pytest.fixture
def batch(browsers, run, enqueued):
    page = browsers["gina"].get(f"{BASE}new/")
    answer = browsers["gina"].post(f"{BASE}new/", form_of(page))
    made = PayoutBatch.objects.get()
    assert answer["Location"] == f"{BASE}{made.pk}/"
    make_payout_file(made.pk)
    return made


def test_the_preview_says_who_gets_what_and_who_does_not_and_writes_nothing(browsers, run):
    before = fingerprint()
    page = browsers["gina"].get(f"{BASE}new/")
    text = words(page)
    assert "Totale dei bonifici 1.234,56 €" in text
    assert "M2 Socio M2 2,50 manca un IBAN valido" in text
    assert fingerprint() == before


def test_from_the_preview_to_the_paid_run(browsers, run, batch, people):
    gina, piero = browsers["gina"], browsers["piero"]
    address = f"{BASE}{batch.pk}/"
    assert "Scarica il file per la banca" in words(gina.get(address))
    answer = gina.post(f"{address}file/")
    batch.refresh_from_db()
    assert answer.content.decode() == batch.content
    assert answer["Content-Disposition"] == 'attachment; filename="distinta-CER-P-1.xml"'
    assert batch.downloaded_by == people["gina"]
    assert "lo scrive un’altra persona" in words(gina.get(address))
    said = {"executed_on": timezone.localdate().isoformat(), "reference": "CRO 77", "confirm": "on"}
    assert gina.post(f"{address}confirm/", said).status_code == 409
    assert piero.post(f"{address}confirm/", said | {"reference": ""}).status_code == 302
    batch.refresh_from_db()
    assert batch.state == "ready"
    assert piero.post(f"{address}confirm/", said).status_code == 302
    batch.refresh_from_db()
    run.refresh_from_db()
    assert (batch.state, batch.executed_by, run.state) == ("executed", people["piero"], "issued"), "M2 is still owed 2.50"
    assert piero.post(f"{address}confirm/", said).status_code == 409
    transfer = batch.transfers.get()
    back = {"returned_on": timezone.localdate().isoformat(), "code": "AC04"}
    assert piero.post(f"{address}transfers/{transfer.pk}/return/", back).status_code == 302
    assert "1 restituito" not in words(piero.get(address))
    text = words(piero.get(address))
    assert "restituito" in text
    assert "AC04" in text
    assert piero.post(f"{address}transfers/{transfer.pk}/return/", back).status_code == 409
    assert piero.post(f"{address}transfers/{transfer.pk + 1}/return/", back).status_code == 404
    assert "serve quello nuovo" in words(piero.get(f"{BASE}new/"))


def test_an_open_batch_says_that_one_of_its_months_was_taken_back_since(browsers, run, batch, place, people):
    gina, address = browsers["gina"], f"{BASE}{batch.pk}/"
    assert "è stato stornato" not in words(gina.get(address))
    with connection.cursor() as cursor:  # as the approval of a reversal leaves it
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE settlement_settlementrun SET state = 'reversed' WHERE id = %s", [run.pk])
        cursor.execute("SET LOCAL session_replication_role = origin")
    said = words(gina.get(address))
    assert f"Dopo la preparazione è stato stornato: {place.code}" in said
    assert "annulla la distinta e preparane un’altra." in said
    payouts.hand_out_file(batch_id=batch.pk, downloaded_by=people["gina"], as_of=timezone.now())
    assert "ciò che è stato pagato in più si compensa con i prossimi pagamenti" in words(gina.get(address))
    payouts.discard_batch(batch_id=batch.pk, discarded_by=people["piero"], reason="Stornato", as_of=timezone.now())
    assert "è stato stornato" not in words(gina.get(address))


def test_a_stale_preview_makes_nothing(browsers, run, enqueued, place):
    page = browsers["gina"].get(f"{BASE}new/")
    member = place.community.members.get(code="M2")
    member.iban = make_iban(5)
    member.save()
    answer = browsers["gina"].post(f"{BASE}new/", form_of(page))
    assert (answer.status_code, PayoutBatch.objects.count(), enqueued) == (409, 0, [])


def test_the_file_is_made_by_a_worker_after_the_commit(browsers, run, enqueued, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        browsers["gina"].post(f"{BASE}new/", form_of(browsers["gina"].get(f"{BASE}new/")))
    batch = PayoutBatch.objects.get()
    assert enqueued == [("payouts.make_file", (batch.pk,))]
    page = browsers["gina"].get(f"{BASE}{batch.pk}/")
    assert f"{BASE}{batch.pk}/progress/" in links(page)
    assert browsers["gina"].get(f"{BASE}{batch.pk}/progress/").status_code == 204
    make_payout_file(batch.pk)
    answer = browsers["gina"].get(f"{BASE}{batch.pk}/progress/")
    assert (answer.status_code, answer["HX-Redirect"]) == (286, f"{BASE}{batch.pk}/")


def test_a_discarded_batch_says_why(browsers, batch):
    address = f"{BASE}{batch.pk}/"
    assert browsers["gina"].post(f"{address}discard/", {"reason": "IBAN da rivedere"}).status_code == 302
    batch.refresh_from_db()
    assert batch.state == "ready", "not confirmed"
    browsers["gina"].post(f"{address}discard/", {"reason": "IBAN da rivedere", "confirm": "on"})
    assert "IBAN da rivedere" in words(browsers["gina"].get(address))


def test_an_accountant_looks_and_exports_and_does_nothing(browsers, batch, place, run):
    carla, address = browsers["carla"], f"{BASE}{batch.pk}/"
    member = place.community.members.get(code="M1")
    before = fingerprint()
    for page in (BASE, address, f"{BASE}accounts/{place.community_id}/", f"{BASE}members/{member.pk}/"):
        assert carla.get(page).status_code == 200
    assert member.iban not in carla.get(address).content.decode()
    steps = ("file/", "confirm/", "discard/", f"transfers/{batch.transfers.get().pk}/return/")
    for tail in steps:
        assert f"{address}{tail}" not in carla.get(address).content.decode()
        assert carla.post(f"{address}{tail}", {"reason": "x", "confirm": "on"}).status_code == 403
        assert carla.get(f"{address}{tail}").status_code == 405
    assert carla.get(f"{BASE}new/").status_code == 403
    assert carla.post(f"{BASE}settings/{place.community_id}/", {"minimum_eur": "1"}).status_code == 403
    text = carla.get(f"{BASE}accounts/{place.community_id}/accounts.csv").content.decode("utf-8-sig")
    assert text.splitlines()[0] == "Conto;Nome;Data;Descrizione;Contributo;Addebito;Accredito;Saldo"
    assert "M1;Socio M1;" in text
    assert ";;1234,56;1234,56" in text
    assert "management;Gestione;" in text
    assert "Tariffa premio;;3,00;3,00" in text
    answer = carla.get(f"{BASE}accounts/{place.community_id}/accounts.xlsx")
    assert answer["Content-Disposition"] == 'attachment; filename="conti-CER-P.xlsx"'
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content), data_only=True)["Conti"]
    lines = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=5)]
    assert len(lines) == len(text.splitlines()) - 1
    assert (lines[0][0], lines[0][6], lines[-1][7]) == ("M1", 1234.56, 3)
    assert carla.get(f"{BASE}members/{member.pk}/account.xlsx").status_code == 200
    own = words(carla.get(f"{BASE}accounts/{place.community_id}/own/management/"))
    assert "Saldo 3,00 €" in own
    assert carla.get(f"{BASE}accounts/{place.community_id}/own/nothing/").status_code == 404
    assert fingerprint() == before


def test_for_everybody_else_it_does_not_exist(browsers, batch, place):
    stranger, before = browsers["stranger"], fingerprint()
    member = place.community.members.get(code="M1")
    tails = ("", "progress/", "file/", "confirm/", "discard/", f"transfers/{batch.transfers.get().pk}/return/")
    addresses = [f"{BASE}{number}/{tail}" for number in (batch.pk, 987654) for tail in tails]
    addresses += [
        f"{BASE}members/{member.pk}/",
        f"{BASE}members/{member.pk}/account.csv",
        f"{BASE}members/{member.pk}/account.xlsx",
    ]
    addresses += [f"{BASE}{tail.format(place.community_id)}" for tail in (
        "accounts/{}/", "accounts/{}/accounts.csv", "accounts/{}/accounts.xlsx", "accounts/{}/own/management/", "settings/{}/",
    )]  # fmt: skip
    for address in addresses:
        for method in ("get", "post", "put", "delete", "head"):
            assert getattr(stranger, method)(address).status_code == 404, (method, address)
    for address in (BASE, "/ceradmin/", f"{BASE}new/?community={place.community_id}", f"{BASE}accounts/"):
        assert place.community.name not in stranger.get(address, follow=True).content.decode()
    assert fingerprint() == before


def test_an_account_says_line_by_line_what_was_credited(browsers, place, run):
    member = place.community.members.get(code="M1")
    page = browsers["carla"].get(f"{BASE}members/{member.pk}/")
    assert "Gennaio 2023, CER-P-A, provvisoria 1.234,56 1.234,56" in words(page)
    assert at(run) in links(page)


def test_settings_are_kept_as_cents_and_a_cbi_bank_needs_its_code(browsers, place):
    gina, address = browsers["gina"], f"{BASE}settings/{place.community_id}/"
    said = {"minimum_eur": "12,50", "dialect": "cbi", "cuc": "", "bic": "", "remind_after_days": "3"}
    assert "serve il CUC" in words(gina.post(address, said))
    assert not PayoutSettings.objects.exists()
    assert gina.post(address, said | {"cuc": "0123abcd"}).status_code == 302
    found = PayoutSettings.objects.get()
    assert (found.minimum_cents, found.dialect, found.cuc, found.remind_after_days) == (1250, "cbi", "0123ABCD", 3)
    assert 'value="12,50"' in gina.get(address).content.decode()


def test_home_asks_what_became_of_a_file_after_some_days(browsers, batch, people):
    gina = browsers["gina"]
    assert "Pagamenti da seguire" not in words(gina.get("/ceradmin/"))
    gina.post(f"{BASE}{batch.pk}/file/")
    assert "Pagamenti da seguire" not in words(gina.get("/ceradmin/"))
    PayoutSettings.objects.create(community=batch.community, remind_after_days=0)
    text = words(gina.get("/ceradmin/"))
    assert "Pagamenti da seguire esito della banca non ancora annotato Distinta n. 1, Comunità CER-P, 1.234,56 €" in text
    assert "Pagamenti da seguire" not in words(browsers["stranger"].get("/ceradmin/"))


def test_a_run_in_a_batch_is_not_paid_by_hand(browsers, batch, run):
    said = {"seen_sha256": run.result_sha256, "confirm": "on", "paid_on": "2023-06-01", "reference": "x", "seen_sequence": "0"}
    assert browsers["piero"].post(at(run, "pay/"), said).status_code == 409
    assert SettlementRun.objects.get(pk=run.pk).state == "issued"
    assert not AccountMovement.objects.filter(kind="outside").exists()
