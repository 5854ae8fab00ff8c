"""Imports from the admin: a preview that writes nothing, a confirmation bound to what was shown, and nobody else's community."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core import signing
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.accounts.models import User
from apps.communities.models import Community, Member, Role
from apps.settlement.models import PriceImport, ZonalPrice
from tests.apps.communities.samples import bring_in, make_document
from tests.doors.backoffice.pages import words
from tests.doors.backoffice.test_access import fingerprint
from tests.doors.backoffice.village import PASSWORD, make_person

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]
COMMUNITY = "/ceradmin/communities/community/import/"
PRICES = "/ceradmin/settlement/zonalprice/import/"
HEADER = "starts_at;zone;price_eur_per_mwh\n"


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    cache.clear()


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser("root@example.org", PASSWORD)


@pytest.fixture
def anna(db: None) -> User:
    """The administrator of the sample community, which is stored."""
    bring_in(make_document())
    return make_person("anna", Community.objects.get(code="CER-UNO"), Role.Kind.ADMINISTRATOR)


def upload(client: Client, address: str, content: str | bytes | dict[str, Any], name: str = "file.json") -> Any:
    if isinstance(content, dict):
        content = json.dumps(content)
    return client.post(address, {"file": SimpleUploadedFile(name, content if isinstance(content, bytes) else content.encode())})


def token_of(answer: Any) -> str:
    token: str = answer.context["token"]
    return token


def renamed() -> dict[str, Any]:
    document = make_document()
    document["members"][0]["name"] = "Anna Verdi"
    document["members"].append(document["members"][1] | {"code": "M4", "name": "Nuovo Socio"})
    return document


def test_a_preview_shows_every_change_and_writes_nothing(anna: User, as_user: AsUser) -> None:
    client = as_user(anna)
    before = fingerprint()
    answer = upload(client, COMMUNITY, renamed())
    assert answer.status_code == 200
    page = words(answer)
    assert "name: Anna Rossi → Anna Verdi" in page
    assert "members[3] soci M4 nuovo" in page
    assert "Finora non è stato scritto niente." in page
    assert fingerprint() == before


def test_what_was_previewed_is_what_is_written(anna: User, as_user: AsUser) -> None:
    client = as_user(anna)
    answer = upload(client, COMMUNITY, renamed())
    done = client.post(COMMUNITY, {"token": token_of(answer)}, follow=True)
    assert "CER-UNO importata: 2 righe nuove, 1 cambiate, 14 uguali." in words(done)
    assert Member.objects.get(code="M1").name == "Anna Verdi"
    assert Member.objects.get(code="M4").periods.count() == 1
    again = client.post(COMMUNITY, {"token": token_of(answer)}, follow=True)
    assert "L’anteprima è scaduta." in words(again), "a token serves once"


def test_a_file_that_changes_nothing_cannot_be_confirmed(anna: User, as_user: AsUser) -> None:
    answer = upload(as_user(anna), COMMUNITY, make_document())
    assert "Il file non cambia niente." in words(answer)
    assert "Conferma e importa" not in words(answer)


def test_a_bad_file_lists_every_fault_by_path(anna: User, as_user: AsUser) -> None:
    document = make_document()
    document["members"][0]["iban"] = "X"
    document["metering_points"][1]["pod"] = "Y"
    document["extra"] = "<script>alert(1)</script>"
    client = as_user(anna)
    before = fingerprint()
    answer = upload(client, COMMUNITY, document, "<b>.json")
    assert answer.status_code == 422
    page = words(answer)
    assert "3 errori" in page
    assert all(path in page for path in ("members[0].iban", "metering_points[1].pod", "extra"))
    assert "Non è stato scritto niente." in page
    assert b"<script>alert" not in answer.content
    assert b"<b>.json" not in answer.content
    assert fingerprint() == before


@pytest.mark.parametrize("content", ["", "[", "null", "\x00"])
def test_what_is_no_community_at_all_is_refused(anna: User, as_user: AsUser, content: str) -> None:
    client = as_user(anna)
    before = fingerprint()
    assert upload(client, COMMUNITY, content).status_code in (400, 422)
    assert client.post(COMMUNITY, {}).status_code == 400
    assert fingerprint() == before


def test_a_file_beyond_the_size_of_a_page_is_refused(anna: User, as_user: AsUser) -> None:
    answer = upload(as_user(anna), COMMUNITY, b" " * (10 * 1024 * 1024 + 1))
    assert answer.status_code == 400
    assert "più grande di 10 MB" in words(answer)


def test_an_administrator_brings_in_no_other_community_known_or_unknown(anna: User, as_user: AsUser) -> None:
    Community.objects.create(code="CER-ALTRA", name="Altra", tax_code="12345678903")
    client = as_user(anna)
    before = fingerprint()
    pages = []
    for code in ("CER-ALTRA", "CER-NUOVA"):
        document = make_document()
        document["community"]["code"] = code
        answer = upload(client, COMMUNITY, document)
        assert answer.status_code == 422
        pages.append(words(answer).replace(code, "?"))
    assert "non amministri una comunità con questo codice" in pages[0]
    assert pages[0] == pages[1], "whether it exists is not told"
    assert fingerprint() == before


def test_a_role_lost_between_preview_and_confirmation_stops_the_import(anna: User, as_user: AsUser) -> None:
    client = as_user(anna)
    token = token_of(upload(client, COMMUNITY, renamed()))
    Role.objects.update(kind=Role.Kind.ACCOUNTANT)
    before = fingerprint()
    assert client.post(COMMUNITY, {"token": token}).status_code == 403
    Role.objects.update(kind=Role.Kind.ADMINISTRATOR, community=Community.objects.create(code="X", name="X", tax_code=""))
    assert client.post(COMMUNITY, {"token": token}).status_code == 422
    assert Member.objects.get(code="M1").name == "Anna Rossi"
    assert before.keys()


def test_a_superuser_brings_in_a_new_community(root: User, as_user: AsUser) -> None:
    client = as_user(root)
    answer = upload(client, COMMUNITY, make_document())
    assert client.post(COMMUNITY, {"token": token_of(answer)}).status_code == 302
    assert Community.objects.get().code == "CER-UNO"


def test_records_that_changed_meanwhile_are_shown_again_and_not_overwritten(anna: User, as_user: AsUser) -> None:
    client = as_user(anna)
    token = token_of(upload(client, COMMUNITY, renamed()))
    Member.objects.filter(code="M1").update(name="Anna Neri")
    answer = client.post(COMMUNITY, {"token": token})
    page = words(answer)
    assert "Nel frattempo i dati sono cambiati." in page
    assert "name: Anna Neri → Anna Verdi" in page
    assert Member.objects.get(code="M1").name == "Anna Neri"
    assert not Member.objects.filter(code="M4").exists()
    client.post(COMMUNITY, {"token": token_of(answer)})
    assert Member.objects.get(code="M1").name == "Anna Verdi"


def test_a_token_serves_its_person_its_page_and_its_file_alone(anna: User, root: User, as_user: AsUser) -> None:
    client, other = as_user(anna), as_user(root)
    token = token_of(upload(client, COMMUNITY, renamed()))
    said = signing.loads(token, salt="backoffice.held-file")
    forged = [
        token + "x",
        "x",
        "",
        signing.dumps(said, salt="other"),
        signing.dumps(said | {"file": "0" * 64}, salt="backoffice.held-file"),
    ]
    before = fingerprint()
    assert {client.post(COMMUNITY, {"token": text}).status_code for text in forged} == {302}
    assert other.post(COMMUNITY, {"token": token}).status_code == 302
    upload(other, COMMUNITY, renamed())
    assert other.post(COMMUNITY, {"token": token}).status_code == 302, "although the other person holds the same file"
    assert client.post(PRICES, {"token": token}).status_code == 302
    assert fingerprint() == before
    cache.clear()
    assert "scaduta" in words(client.post(COMMUNITY, {"token": token}, follow=True))
    assert Member.objects.get(code="M1").name == "Anna Rossi"


def test_the_held_file_is_not_readable_where_it_is_kept(anna: User, as_user: AsUser) -> None:
    token = token_of(upload(as_user(anna), COMMUNITY, renamed()))
    said = signing.loads(token, salt="backoffice.held-file")
    sealed = cache.get(f"held-file:community:{anna.pk}:{said['file']}")
    assert sealed is not None
    assert ":" in sealed, "key id, then ciphertext"
    assert "Verdi" not in sealed


def prices(*values: str, zone: str = "NORD") -> str:
    return HEADER + "".join(f"2023-03-01T{hour:02d}:00:00Z;{zone};{value}\n" for hour, value in enumerate(values))


def test_new_prices_come_from_any_administrator_and_are_logged_with_their_name(anna: User, as_user: AsUser) -> None:
    client = as_user(anna)
    before = fingerprint()
    answer = upload(client, PRICES, prices("136.38", "1"), "p.csv")
    assert "prezzi nuovi 2" in words(answer)
    assert fingerprint() == before
    done = client.post(PRICES, {"token": token_of(answer)}, follow=True)
    assert "importato: 2 prezzi nuovi, 0 cambiati, 0 uguali." in words(done)
    assert ZonalPrice.objects.count() == 2
    record = PriceImport.objects.get()
    assert (record.file_name, record.imported_by, record.rows_new) == ("p.csv", anna, 2)


def test_stored_prices_are_changed_by_superusers_alone(anna: User, root: User, as_user: AsUser) -> None:
    upload_and_confirm(as_user(root), prices("136.38", "1"))
    client = as_user(anna)
    answer = upload(client, PRICES, prices("136.39", "1", "2"), "p.csv")
    page = words(answer)
    assert "può cambiarli solo chi gestisce il sistema" in page
    assert "NORD 01/03/2023 01:00 136,38 136,39" in page
    assert token_of(answer) == ""
    upload_and_confirm(as_user(root), prices("136.39", "1", "2"))
    assert ZonalPrice.objects.count() == 3


def upload_and_confirm(client: Client, content: str) -> None:
    assert client.post(PRICES, {"token": token_of(upload(client, PRICES, content, "p.csv"))}).status_code == 302


def test_a_token_for_new_prices_does_not_serve_to_change_them(anna: User, root: User, as_user: AsUser) -> None:
    """Between preview and confirmation somebody else stored the same hour."""
    client = as_user(anna)
    token = token_of(upload(client, PRICES, prices("136.38"), "p.csv"))
    upload_and_confirm(as_user(root), prices("99"))
    answer = client.post(PRICES, {"token": token})
    assert "Nel frattempo i dati sono cambiati." in words(answer)
    assert str(ZonalPrice.objects.get().price_eur_per_mwh) == "99.000000"


def test_a_bad_price_file_lists_line_and_reason(anna: User, as_user: AsUser) -> None:
    client = as_user(anna)
    before = fingerprint()
    answer = upload(client, PRICES, prices("1", "x", zone="NORD") + "2023-03-01T05:00:00;NORD;1\n", "p.csv")
    assert answer.status_code == 422
    page = words(answer)
    assert "p.csv: 2 errori" in page
    assert " 3 " in page
    assert " 4 " in page
    assert fingerprint() == before


def test_a_day_of_prices_marks_what_is_missing(anna: User, as_user: AsUser) -> None:
    client = as_user(anna)
    answer = client.get("/ceradmin/settlement/zonalprice/day/?on=2023-10-29")
    assert "Nessun prezzo in questo giorno." in words(answer)
    ZonalPrice.objects.create(zone="NORD", starts_at="2023-10-29T01:00:00Z", price_eur_per_mwh="12.3456")
    page = words(client.get("/ceradmin/settlement/zonalprice/day/?on=2023-10-29"))
    assert "02:00 (+02:00) – 02:00 (+01:00) 12,3456 03:00 –" in page
