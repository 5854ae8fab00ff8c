"""The lost password, and the second factor for who wants one."""

import base64
import hmac
import re
import struct
import time
from datetime import UTC, datetime

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core import mail

from tests.doors.portal.rows import PASSWORD, make_user

LOGIN = "/account/login/"
NEW = "un-altra-password-lunga-7"


@pytest.fixture
def user(db):
    return make_user("anna@example.org", name="Anna")


def code_of(secret: str) -> str:
    """What the app on the telephone shows now (RFC 6238)."""
    step = struct.pack(">Q", int(time.time()) // 30)
    digest = hmac.digest(base64.b32decode(secret + "=" * (-len(secret) % 8)), step, "sha1")
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def test_a_lost_password_is_replaced_by_mail(user, client):
    done = client.post("/account/password/reset/", {"email": "anna@example.org"}, follow=True)
    assert "Controlla la posta" in done.content.decode()
    [message] = mail.outbox
    assert message.to == ["anna@example.org"]
    assert "Scegli una nuova password" in message.subject
    [link] = re.findall(r"https?://[^/]+(/account/password/reset/key/\S+)", str(message.body))
    form = client.get(link, follow=True)
    saved = client.post(form.redirect_chain[-1][0], {"password1": NEW, "password2": NEW}, follow=True)
    assert "Password cambiata" in saved.content.decode()
    assert client.login(email="anna@example.org", password=NEW)
    assert "Il collegamento non vale più" in client.get(link, follow=True).content.decode()


def test_an_unknown_address_gets_the_same_answer_and_no_invitation(user, client):
    known = client.post("/account/password/reset/", {"email": "anna@example.org"}, follow=True).content.decode()
    unknown = client.post("/account/password/reset/", {"email": "nessuno@example.org"}, follow=True).content.decode()
    token = re.compile(r'value="\w{64}"')
    assert token.sub("", known) == token.sub("", unknown)
    assert "signup" not in mail.outbox[-1].body
    assert "nessun accesso" in mail.outbox[-1].body


def test_a_weak_password_is_refused_with_its_reasons(user, client):
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    form = {"oldpassword": PASSWORD, "password1": "12345", "password2": "12345"}
    answer = client.post("/account/password/change/", form)
    assert answer.status_code == 200
    assert 'aria-invalid="true"' in answer.content.decode()
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_the_second_factor_is_set_up_and_then_asked_for(user, client):
    client.post(LOGIN, {"login": user.email, "password": PASSWORD})
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    page = client.get("/account/2fa/totp/activate/")
    assert "Attiva l'app di autenticazione" in page.content.decode()
    assert 'src="data:image/svg+xml' in page.content.decode()
    secret = page.context["form"].secret
    assert f'value="{secret}" readonly' in page.content.decode()
    with time_machine.travel(datetime.now(UTC), tick=False):  # a code is good for its own half minute only
        codes = client.post("/account/2fa/totp/activate/", {"code": code_of(secret)}, follow=True)
    assert "Codici di recupero" in codes.content.decode()
    assert Authenticator.objects.filter(user=user, type="totp").exists()
    client.post("/account/logout/")

    asked = client.post(LOGIN, {"login": user.email, "password": PASSWORD, "next": "/start/"}, follow=True)
    assert "Codice di verifica" in asked.content.decode()
    assert "_auth_user_id" not in client.session
    refused = client.post("/account/2fa/authenticate/", {"code": "000000"})
    assert refused.status_code == 200
    assert "_auth_user_id" not in client.session

    recovery = Authenticator.objects.get(user=user, type="recovery_codes").wrap().get_unused_codes()[0]
    entered = client.post("/account/2fa/authenticate/", {"code": recovery})
    assert (entered.status_code, entered.url) == (302, "/start/")
    assert client.session["_auth_user_id"] == str(user.pk)


def test_changing_the_second_factor_asks_for_the_password_again(user, client):
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    answer = client.get("/account/2fa/totp/activate/", follow=True)
    assert "Conferma che sei tu" in answer.content.decode()
