"""The reconciliation in the browser: numbers, reasons, notes, exports, and who may what."""

import csv
import io

import openpyxl
import pytest

from apps.communities.models import Configuration
from apps.settlement.models import AmountsChoice, BankReceipt, DifferenceNote, GsePublication, ReceiptMatch
from tests.doors.backoffice.conftest import settle
from tests.doors.backoffice.gse.conftest import BASE
from tests.doors.backoffice.pages import words
from tests.doors.backoffice.test_access import fingerprint
from tests.doors.backoffice.village import MONTH, open_run

pytestmark = pytest.mark.django_db


def at(village, tail=""):
    return f"{BASE}{village.configuration.pk}/{tail}"


def test_own_gse_and_bank_stand_side_by_side(published, anna):
    run = settle(open_run(published))
    own = run.contributions.get(contribution="premium").amount_cents
    answer = anna.get(at(published, "2023/?of=premium"))
    page = words(answer)
    row = answer.context["rows"][0]
    assert (row.line.own_cents, row.line.gse_cents, row.line.bank_cents) == (own, 100_00, 99_00)
    assert row.outcome == "aperta"
    assert "Il pagamento atteso il 28/04/2023 differisce in tutto di −1,00 €." in page
    assert "GSE e calcolo proprio differiscono di" in page
    assert "<svg" in answer.content.decode()
    assert answer.context["rows"][1].line.own_cents is None, "March has no run: unknown, not zero"


def test_a_month_shows_the_entries_behind_its_numbers(published, anna):
    page = words(anna.get(at(published, "2023/2/")))
    assert "25/03/2023 tariffa premio conguaglio 100,00 =C1 prospetto.csv, riga 2" in page
    assert "28/04/2023, 99,00 € 0001 GSE SPA" in page
    assert "Il mese non è ancora regolato." in page
    assert "L’acconto esce entro il 25/03/2023 e si paga entro il 28/04/2023" in page


def note(village, **said):
    return {"contribution": "premium", "side": "bank", "seen": "-100", "note": "Commissione della banca."} | said


def test_a_person_explains_a_difference_which_then_is_no_longer_open(published, anna):
    address = at(published, "2023/2/")
    assert "banca e GSE, −1,00 €" in words(anna.get(address))
    answer = anna.post(address, note(published), follow=True)
    assert "La differenza è spiegata, con il tuo nome." in words(answer)
    said = DifferenceNote.objects.get()
    assert (said.month, said.difference_cents, said.noted_by, said.note) == (
        MONTH,
        -100,
        published.anna,
        "Commissione della banca.",
    )
    page = words(anna.get(address))
    assert "banca e GSE, −1,00 €. Commissione della banca." in page
    assert "differenza aperta fra banca e GSE" not in page


@pytest.mark.parametrize(
    "said", [{"seen": "-99"}, {"note": " "}, {"side": "boh"}, {"contribution": "fee"}, {"side": "gse"}, {"seen": "x"}]
)
def test_an_explanation_of_something_else_is_not_kept(published, anna, said):
    before = fingerprint()
    assert anna.post(at(published, "2023/2/"), note(published, **said)).status_code == 302
    assert fingerprint() == before


def test_an_accountant_looks_and_exports_but_does_not_act(published, carla):
    before = fingerprint()
    for tail in ("2023/", "2023/2/", "2023/riconciliazione.xlsx", "2023/riconciliazione.csv", "source/"):
        assert carla.get(at(published, tail)).status_code == 200, tail
    assert carla.get(f"{BASE}receipts/").status_code == 200
    assert "Segna come spiegata" not in words(carla.get(at(published, "2023/2/")))
    assert "Registra la scelta" not in words(carla.get(at(published, "source/")))
    assert carla.post(at(published, "2023/2/"), note(published)).status_code == 403
    assert carla.post(at(published, "source/"), {"month": 2, "year": 2023, "amounts_from": "gse"}).status_code == 403
    receipt = BankReceipt.objects.get()
    assert carla.post(f"{BASE}receipts/{receipt.pk}/assign/").status_code == 403
    assert fingerprint() == before


def test_another_community_does_not_exist(published, as_user):
    stranger = as_user(published.stranger)
    before = fingerprint()
    for tail in ("2023/", "2023/2/", "2023/riconciliazione.xlsx", "2023/riconciliazione.csv", "source/"):
        for method in ("get", "post", "put", "delete", "head"):
            assert getattr(stranger, method)(at(published, tail)).status_code == 404, tail
    receipt = BankReceipt.objects.get()
    assert stranger.post(f"{BASE}receipts/{receipt.pk}/assign/").status_code == 404
    for page in ("", "receipts/"):
        text = stranger.get(f"{BASE}{page}").content.decode()
        assert published.configuration.code not in text
        assert "prospetto.csv" not in text
    assert fingerprint() == before


def test_addresses_that_cannot_be_and_methods_that_are_not_offered(published, anna):
    for tail in ("1999/", "9999/", "2023/1/", "2023/13/", "2023/0/"):
        assert anna.get(at(published, tail)).status_code == 404, tail
    assert anna.get(at(published, "2023/?of=boh")).status_code == 200
    assert anna.delete(at(published, "2023/")).status_code == 405
    assert anna.get(f"{BASE}receipts/1/assign/").status_code == 405


def test_exports_hold_the_numbers_of_the_screen_and_texts_stay_texts(published, anna):
    text = anna.get(at(published, "2023/riconciliazione.csv")).content.decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(text), delimiter=";"))
    february = next(line for line in lines if line[:2] == ["02/2023", "Tariffa premio"])
    assert february[2:10] == ["", "494,51", "", "100,00", "100,00", "99,00", "", "-1,00"]
    answer = anna.get(at(published, "2023/riconciliazione.xlsx"))
    assert answer["Content-Disposition"] == 'attachment; filename="riconciliazione-CER-V-A-2023.xlsx"'
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content), data_only=True)["Riconciliazione"]
    row = next(row for row in sheet.iter_rows(min_row=5, values_only=True) if row[1] == "Tariffa premio" and row[6] == 100)
    assert row[5:8] == (100, 100, 99)
    assert sheet["G2"].value == 100


def test_a_receipt_is_assigned_by_an_administrator(published, anna):
    other = Configuration.objects.create(
        community=published.configuration.community, code="CER-V-B", kind="cer", primary_substation="AC001E00002", starts_on=MONTH
    )
    made = BankReceipt.objects.get().brought_by
    waiting = BankReceipt.objects.create(
        community=published.configuration.community, value_date=MONTH, cents=5, payer="<b>GSE", brought_by=made, line=3
    )
    page = anna.get(f"{BASE}receipts/")
    assert b"<b>GSE" not in page.content
    assert "1 accredito non è ancora assegnato" in words(anna.get(BASE))
    address = f"{BASE}receipts/{waiting.pk}/assign/"
    assert "Scegli la configurazione" in words(anna.post(address, {"configuration": ""}, follow=True))
    assert "assegnato a CER-V-B" in words(anna.post(address, {"configuration": other.pk}, follow=True))
    assert BankReceipt.objects.get(supersedes=waiting).configuration == other
    assert "accredito non è ancora assegnato" not in words(anna.get(BASE))
    moved = BankReceipt.objects.get(supersedes=waiting)
    assert f'action="{BASE}receipts/{moved.pk}/assign/"' in anna.get(f"{BASE}receipts/").content.decode()
    said = words(anna.post(f"{BASE}receipts/{moved.pk}/assign/", {"configuration": published.configuration.pk}, follow=True))
    assert "assegnato a CER-V-A" in said, "what was assigned wrongly is moved by another row"
    assert BankReceipt.objects.filter(cents=5).count() == 3


def test_an_administrator_chooses_whose_amounts_are_divided(published, anna):
    address = at(published, "source/")
    assert "Nessuna: si ripartisce il calcolo proprio." in words(anna.get(address))
    answer = anna.post(address, {"month": "3", "year": "2023", "amounts_from": "gse"}, follow=True)
    assert "Dal 03/2023: importi del GSE. Anna1" in words(answer)
    assert AmountsChoice.objects.get().chosen_by == published.anna
    assert anna.post(address, {"month": "13", "year": "2023", "amounts_from": "x"}).status_code == 400
    assert AmountsChoice.objects.count() == 1


def test_an_administrator_says_what_a_receipt_pays_and_every_word_stays(published, anna):
    receipt = BankReceipt.objects.get()
    address = at(published, f"receipts/{receipt.pk}/")
    page = words(anna.get(at(published, "2023/")))
    assert "Pagamento atteso il 28/04/2023, 100,00 € (febbraio 2023)" in page
    answer = anna.get(address)
    assert "Lo propone il programma, da importo e data." in words(answer)
    said = {"pays": "nothing", "reason": "È un rimborso del GSE.", "seen": ""}
    done = words(anna.post(address, said, follow=True))
    assert "Niente di ciò che era atteso." in done
    assert "Anna1: non paga niente di atteso. È un rimborso del GSE." in done
    row = ReceiptMatch.objects.get()
    assert (row.receipt, row.says, row.said_by) == (receipt, "nothing", published.anna)
    assert "1 accredito non corrisponde a nessun pagamento atteso." in words(anna.get(at(published, "2023/")))
    stale = anna.post(address, said | {"pays": str(GsePublication.objects.get().pk)})
    assert stale.status_code == 422
    assert "Nel frattempo qualcuno ha detto altro dell’accredito." in words(stale)
    anna.post(address, said | {"pays": str(GsePublication.objects.get().pk), "seen": str(row.pk)})
    assert "paga ciò che il GSE ha pubblicato il 25/03/2023: tariffa premio di febbraio 2023, 100,00 €" in words(
        anna.get(address)
    )
    assert ReceiptMatch.objects.count() == 2


def test_only_administrators_say_what_a_receipt_pays_and_only_of_their_own(published, anna, carla, as_user):
    receipt = BankReceipt.objects.get()
    address = at(published, f"receipts/{receipt.pk}/")
    said = {"pays": "nothing", "reason": "x", "seen": ""}
    stranger = as_user(published.stranger)
    before = fingerprint()
    assert "Lo può dire un amministratore" in words(carla.get(address))
    assert carla.post(address, said).status_code == 403
    assert [stranger.get(address).status_code, stranger.post(address, said).status_code] == [404, 404]
    assert anna.get(at(published, "receipts/999999/")).status_code == 404
    for wrong in ({"reason": " "}, {"pays": "999999"}, {"pays": "boh"}, {"seen": "7"}):
        assert anna.post(address, said | wrong).status_code == 422, wrong
    assert fingerprint() == before
