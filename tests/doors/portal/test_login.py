"""Logging in: who lands where, what is refused, and how often one may try."""

from html import unescape

import pytest
from django.core import mail
from django.test import Client

from tests.doors.portal.rows import PASSWORD, make_configuration, make_member, make_user

LOGIN = "/account/login/"
WRONG = "L'indirizzo email e/o la password che hai usato non sono corretti"
TOO_MANY = "Troppi tentativi di accesso"


def text_of(answer) -> str:
    return unescape(answer.content.decode())


def log_in(client: Client, email: str, password: str = PASSWORD, **fields: str):
    """Fill in the form as the page offers it."""
    page = client.get(LOGIN, fields)
    hidden = page.context["redirect_field_value"] or ""
    shown = page.content.decode()
    target = "/start/" if 'value="/start/"' in shown else hidden
    return client.post(LOGIN, {"login": email, "password": password, "next": target})


@pytest.fixture
def user(db):
    return make_user("anna@example.org", name="Anna")


def test_a_member_lands_in_the_portal(user, client):
    member = make_member(make_configuration(), "A", user)
    answer = log_in(client, "anna@example.org")
    assert (answer.status_code, answer.url) == (302, "/start/")
    assert client.get("/start/", follow=True).redirect_chain == [("/", 302), (f"/members/{member.pk}/", 302)]


def test_staff_land_in_the_backoffice(client, db):
    staff = make_user("capo@example.org", is_staff=True)
    make_member(make_configuration(), "A", staff)
    assert log_in(client, "capo@example.org").url == "/start/"
    assert client.get("/start/").url == "/ceradmin/"


def test_staff_who_knocked_at_the_front_door_land_in_the_backoffice_too(client, db):
    make_user("capo@example.org", is_staff=True)
    assert log_in(client, "capo@example.org", next="/").url == "/start/"


def test_a_destination_is_kept_and_never_leads_out(user, client):
    assert log_in(client, "anna@example.org", next="/months/5/").url == "/months/5/"
    client.logout()
    answer = client.post(LOGIN, {"login": "anna@example.org", "password": PASSWORD, "next": "https://evil.example/"})
    assert answer.url == "/"


def test_members_of_several_communities_choose(user, client):
    for code, name in (("CER-ALBA", "CER Alba"), ("CER-BRA", "CER Bra <b>")):
        make_member(make_configuration(code, name), "A", user)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get("/").content.decode()
    assert "CER Alba" in page
    assert "CER Bra &lt;b&gt;" in page
    assert page.count('href="/members/') == 2


def test_case_of_the_address_does_not_matter(user, client):
    assert log_in(client, "Anna@Example.ORG").status_code == 302


def test_a_wrong_password_and_an_unknown_address_answer_alike(user, client):
    wrong = text_of(log_in(client, "anna@example.org", "sbagliata"))
    unknown = text_of(log_in(client, "nessuno@example.org", "sbagliata"))
    assert WRONG in wrong
    assert WRONG in unknown


def test_after_five_wrong_passwords_the_right_one_must_wait(user, client):
    answers = [text_of(log_in(client, "anna@example.org", f"sbagliata-{i}")) for i in range(5)]
    assert all(WRONG in answer for answer in answers)
    refused = log_in(client, "anna@example.org")
    assert refused.status_code == 200
    assert TOO_MANY in text_of(refused)
    assert "_auth_user_id" not in client.session


def test_the_admins_log_in_is_the_same_guarded_one(client, db):
    answer = client.get("/ceradmin/", follow=True)
    assert answer.redirect_chain[-1][0].startswith(LOGIN)
    assert "id_login" in answer.content.decode()


def test_asking_for_pages_too_often_is_answered_with_a_pause(user, client):
    answers = [client.post("/account/password/reset/", {"email": f"x{i}@example.org"}) for i in range(21)]
    assert answers[-1].status_code == 429
    assert "Troppi tentativi" in answers[-1].content.decode()


def test_nobody_signs_up(client, db):
    assert "Qui non ci si iscrive da soli" in client.get("/account/signup/").content.decode()
    client.post("/account/signup/", {"email": "io@example.org", "password1": PASSWORD, "password2": PASSWORD})
    assert "/account/signup/" not in client.get(LOGIN).content.decode()
    assert not type(make_user("x@example.org")).objects.filter(email="io@example.org").exists()


def test_a_disabled_log_in_is_told_so_only_with_the_right_password(user, client):
    user.is_active = False
    user.save()
    assert client.post(LOGIN, {"login": user.email, "password": "sbagliata"}).status_code == 200
    answer = client.post(LOGIN, {"login": user.email, "password": PASSWORD}, follow=True)
    assert "_auth_user_id" not in client.session
    assert answer.status_code == 200


def test_looking_at_the_way_out_does_not_log_out(user, client):
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    assert "Vuoi uscire?" in client.get("/account/logout/").content.decode()
    assert "_auth_user_id" in client.session
    client.post("/account/logout/")
    assert "_auth_user_id" not in client.session


def test_a_form_without_its_token_is_refused_calmly(user):
    answer = Client(enforce_csrf_checks=True).post(LOGIN, {"login": "anna@example.org", "password": PASSWORD})
    assert answer.status_code == 403
    assert "La pagina era aperta da troppo tempo" in answer.content.decode()


@pytest.mark.parametrize(("language", "tag"), [("en", '<html lang="en">'), ("it", '<html lang="it">')])
def test_the_language_can_be_changed_before_logging_in(client, db, language, tag):
    client.post("/i18n/setlang/", {"language": language, "next": LOGIN})
    assert tag in client.get(LOGIN).content.decode()


def test_italian_is_spoken_first(client, db):
    assert '<html lang="it">' in client.get(LOGIN).content.decode()


def test_no_page_around_the_log_in_carries_a_script_of_its_own(user, client):
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    for url in ("/account/logout/", "/account/password/change/", "/account/2fa/", "/account/reauthenticate/", "/"):
        assert "<script" not in client.get(url, follow=True).content.decode(), url
    assert mail.outbox == []
