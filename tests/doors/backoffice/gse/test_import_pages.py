"""From a file to records in the browser: columns, words, preview, confirmation; nothing is written before it."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.settlement.models import BankReceipt, GseImport, GseMapping, GsePublication
from tests.apps.settlement.gse.files import workbook
from tests.doors.backoffice.gse.conftest import IMPORT
from tests.doors.backoffice.pages import words
from tests.doors.backoffice.test_access import fingerprint

pytestmark = pytest.mark.django_db
HEADER = "Periodo;Contratto;Voce;Tipologia;Importo;Data di pubblicazione;Documento\n"


def upload(client: Client, village: Any, content: bytes, *, target: str = "publications", name: str = "gse.csv") -> Any:
    return client.post(
        IMPORT,
        {
            "community": village.configuration.community_id,
            "target": target,
            "file": SimpleUploadedFile(name, content),
        },
    )


def fields(answer: Any, **more: str) -> dict[str, str]:
    """What a browser would post of the mapping form as it stands."""
    context = answer.context
    said = context["said"]
    posted = {
        "token": context["token"],
        "community": str(context["desk"].community.pk),
        "target": context["desk"].target,
        "words": context["words_json"],
        "header_row": str(said.header_row),
        "decimal": "comma" if said.decimal_comma else "point",
        "dates": "day",
        "positive_fees": "yes",
        "only": said.only,
        "sheet": said.sheet,
    }
    for field, place in context["fields"]:
        posted[f"column-{field.meaning}"] = str(place) if place >= 0 else ""
        if field.constant:
            posted[f"constant-{field.meaning}"] = field.constant
    return posted | more


def confirmation(answer: Any) -> dict[str, str]:
    context = answer.context
    return {
        "token": context["token"],
        "community": str(context["desk"].community.pk),
        "target": context["desk"].target,
        "sheet": context["said"].sheet,
        "mapping": context["mapping_json"],
        "confirm": "yes",
    }


def prospectus(village: Any, *, contract: str = "", kind: str = "Acconto") -> bytes:
    contract = contract or village.configuration.code
    return (HEADER + f"02/2023;{contract};Tariffa premio;{kind};495,00;25/03/2023;A1\nTotale;;;;495,00;;\n").encode()


def test_a_file_goes_in_by_four_steps_and_nothing_is_written_before_the_last(village, anna):
    before = fingerprint()
    answer = upload(anna, village, prospectus(village, contract="CER000777", kind="Saldo"))
    assert answer.status_code == 200
    guessed = {field.meaning: place for field, place in answer.context["fields"]}
    assert [guessed[name] for name in ("month", "configuration", "item", "kind", "amount", "published_on", "reference")] == [
        0, 1, 2, 3, 4, 5, 6,
    ]  # fmt: skip
    preview = anna.post(IMPORT, fields(answer))
    page = words(preview)
    assert "Parole da tradurre" in page
    assert "CER000777" in page
    assert "Niente di questo file si può importare." in page
    known = {word.text: word.name for word in preview.context["unknown"]}
    assert known == {"CER000777": "word-configuration-0", "Saldo": "word-kind-0"}, "all words of a row are asked for at once"
    answer = anna.post(
        IMPORT,
        fields(
            preview,
            **{"word-configuration-0": village.configuration.code, "text-configuration-0": "CER000777"},
            **{"word-kind-0": "true_up", "text-kind-0": "Saldo"},
        ),
    )
    page = words(answer)
    assert "importi nuovi 1" in page
    assert "somma di ciò che entra 495,00 €" in page
    assert "3 La cella «configurazione o contratto» è vuota." in page
    assert fingerprint() == before
    done = anna.post(IMPORT, confirmation(answer), follow=True)
    assert "Gse.csv importato: 1 nuovi, 0 sostituiti, 0 già noti, 1 righe rifiutate." in words(done)
    row = GsePublication.objects.get()
    assert (row.cents, row.kind, row.brought_by.imported_by) == (495_00, "true_up", village.anna)
    assert row.brought_by.mapping["words"]["kind"] == {"Saldo": "true_up"}


def test_the_same_file_again_changes_nothing(village, anna):
    answer = anna.post(IMPORT, fields(upload(anna, village, prospectus(village))))
    assert anna.post(IMPORT, confirmation(answer)).status_code == 302
    again = anna.post(IMPORT, fields(upload(anna, village, prospectus(village))))
    assert "già noti 1" in words(again)
    assert "Conferma e importa" not in words(again)
    assert GseImport.objects.count() == 1


def test_a_saved_mapping_is_taken_for_the_next_file_by_itself(village, anna):
    content = prospectus(village).replace(b"Periodo", b"Quando").replace(b"Voce", b"Cosa")
    answer = upload(anna, village, content)
    answer = anna.post(
        IMPORT, fields(answer, **{"column-month": "0", "column-item": "2", "save": "yes", "name": "Il mio prospetto"})
    )
    assert "La corrispondenza «Il mio prospetto» è salvata." in words(answer)
    assert "importi nuovi 1" in words(answer)
    assert GseMapping.objects.get().saved_by == village.anna
    next_time = upload(anna, village, content)
    assert {field.meaning: place for field, place in next_time.context["fields"]}["item"] == 2
    used = anna.post(IMPORT, fields(next_time, use="yes", saved=str(GseMapping.objects.get().pk)))
    assert "importi nuovi 1" in words(used)


def test_a_mapping_that_is_not_enough_is_said_in_a_sentence(village, anna):
    answer = upload(anna, village, prospectus(village))
    before = fingerprint()
    refused = anna.post(IMPORT, fields(answer, **{"column-kind": "", "column-month": "99"}))
    assert refused.status_code == 422
    assert "Non è indicato: mese, tipo (acconto, conguaglio, ricalcolo)." in words(refused)
    nameless = anna.post(IMPORT, fields(answer, save="yes", name=" "))
    assert "La corrispondenza non ha un nome." in words(nameless)
    assert fingerprint() == before


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"%PDF-1.4", "né CSV né XLSX"),
        (b"PK\x03\x04xxx", "danneggiato"),
        (b";;\n;;", "non ha righe"),
    ],
)
def test_a_file_that_is_no_table_is_refused(village, anna, content, reason):
    before = fingerprint()
    answer = upload(anna, village, content)
    assert answer.status_code == 422
    assert reason in words(answer)
    assert fingerprint() == before


def test_a_workbook_with_hostile_texts_is_shown_as_text(village, anna):
    rows: list[list[object]] = [["<script>alert(1)</script>", "=1+1", "Importo"], ["<b>x</b>", "\u202egnp", 5]]
    answer = upload(anna, village, workbook(rows[0], rows[1], name="<i>Foglio"), name="<img src=x>.xlsx")
    assert answer.status_code == 200
    page = answer.content
    assert b"<script>alert" not in page
    assert b"<b>x" not in page
    assert b"<img src" not in page
    assert b"<i>Foglio" not in page


def test_receipts_come_from_the_bank_with_the_lines_of_gse_alone(village, anna):
    content = b"Data valuta;Importo;CRO;Descrizione\n31/05/2023;495,00;1;GSE SPA\n01/06/2023;-9,00;2;Canone\n"
    answer = upload(anna, village, content, target="receipts")
    assert answer.context["said"].only.startswith("GSE;"), "other people's lines are left out without being asked"
    answer = anna.post(IMPORT, fields(answer))
    assert "altre 1 non contengono il testo scelto" in words(answer)
    assert anna.post(IMPORT, confirmation(answer)).status_code == 302
    receipt = BankReceipt.objects.get()
    assert (receipt.cents, receipt.configuration, receipt.payer) == (495_00, village.configuration, "GSE SPA")


def test_what_changed_since_the_preview_is_shown_again(village, anna, bruno):
    mine = anna.post(IMPORT, fields(upload(anna, village, prospectus(village))))
    other = prospectus(village).replace(b"495,00;25/03/2023", b"400,00;25/03/2023")
    theirs = bruno.post(IMPORT, fields(upload(bruno, village, other)))
    assert bruno.post(IMPORT, confirmation(theirs)).status_code == 302
    answer = anna.post(IMPORT, confirmation(mine))
    assert "Nel frattempo i dati sono cambiati." in words(answer)
    assert "importi che ne sostituiscono altri 1" in words(answer)
    assert GsePublication.objects.count() == 1
    assert anna.post(IMPORT, confirmation(answer)).status_code == 302
    assert GsePublication.objects.count() == 2


def test_a_confirmation_holds_for_its_mapping_its_person_and_its_community(village, anna, bruno, as_user):
    answer = anna.post(IMPORT, fields(upload(anna, village, prospectus(village))))
    said = confirmation(answer)
    stranger = as_user(village.stranger)
    before = fingerprint()
    other = json.dumps(json.loads(said["mapping"]) | {"decimal_comma": False})
    assert "Nel frattempo" in words(anna.post(IMPORT, said | {"mapping": other}))
    assert anna.post(IMPORT, said | {"mapping": "["}).status_code == 422
    assert bruno.post(IMPORT, said).status_code == 302
    assert anna.post(IMPORT, said | {"target": "receipts"}).status_code == 302
    assert anna.post(IMPORT, said | {"target": "users"}).status_code == 404
    for number in ("999999", "²", "٣", "-1", "", "9" * 40):
        assert anna.post(IMPORT, said | {"community": number}).status_code == 404
    assert stranger.post(IMPORT, said).status_code == 404
    assert fingerprint() == before


def test_only_administrators_import(village, carla, as_user):
    assert carla.get(IMPORT).status_code == 403
    assert upload(carla, village, prospectus(village)).status_code == 403
    stranger = as_user(village.stranger)
    assert stranger.get(IMPORT).status_code == 200
    assert upload(stranger, village, prospectus(village)).status_code == 400, "it is no community of theirs"
    assert not GseImport.objects.exists()
