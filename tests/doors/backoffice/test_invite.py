"""Inviting a member: one log-in and one letter, for one's own members alone; nobody's existing log-in is touched."""

import re
from smtplib import SMTPServerDisconnected

import pytest
from django.core import mail
from django.test import Client

from apps.accounts.models import User
from apps.communities.models import Member, Role
from tests.doors.backoffice.pages import words
from tests.doors.backoffice.village import make_village

pytestmark = pytest.mark.django_db
NEW_PASSWORD = "un-altra-frase-lunga-2"


@pytest.fixture
def member(village):
    Member.objects.filter(code="M2").update(email="Maria@Example.org")
    return Member.objects.get(code="M2")


def form(member: Member) -> str:
    return f"/ceradmin/communities/member/{member.pk}/change/"


def invite(client: Client, member: Member):
    return client.post(f"/ceradmin/communities/member/{member.pk}/invite/", follow=True)


def people() -> set[tuple[object, ...]]:
    return set(User.objects.values_list("pk", "email", "password", "is_staff", "is_superuser", "is_active"))


def test_one_press_creates_the_log_in_and_the_letter_leads_to_the_portal(village, anna, member):
    before = people()
    assert "Crea l’accesso e invia l’invito" in words(anna.get(form(member)))
    page = invite(anna, member)
    assert "L’accesso di Socio 2 è creato e l’invito è stato inviato a maria@example.org." in words(page)
    assert "Crea l’accesso" not in words(page)
    member.refresh_from_db()
    user = member.user
    assert (user.email, user.name, user.is_staff, user.is_superuser) == ("maria@example.org", "Socio 2", False, False)
    assert not user.has_usable_password()
    assert people() - before == {(user.pk, user.email, user.password, False, False, True)}
    assert not Role.objects.filter(user=user).exists()
    (letter,) = mail.outbox
    assert letter.to == ["maria@example.org"]
    assert letter.subject.endswith("Il tuo accesso al portale di CER del Villaggio 1")
    (address,) = re.findall(r"http://testserver(/account/\S+)", str(letter.body))
    client = Client()
    chosen = client.get(address, follow=True)
    client.post(chosen.redirect_chain[-1][0], {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    client.post("/account/login/", {"login": "maria@example.org", "password": NEW_PASSWORD})
    assert client.get("/", follow=True).redirect_chain[-1][0] == f"/members/{member.pk}/"
    assert Client().get(address, follow=True).content != chosen.content  # the link served once


def test_a_member_without_address_or_with_a_log_in_is_refused(village, anna, member):
    Member.objects.filter(pk=member.pk).update(email="")
    assert "M2 · Socio 2 non ha un indirizzo e-mail." in words(invite(anna, member))
    Member.objects.filter(pk=member.pk).update(email="x@example.org", user=village.carla)
    before = people()
    assert "M2 · Socio 2 ha già un accesso." in words(invite(anna, member))
    assert "Crea l’accesso" not in words(anna.get(form(member)))
    assert (people(), mail.outbox) == (before, [])


@pytest.mark.parametrize("whose", ["stranger", "bruno"])
def test_an_address_that_somebody_logs_in_with_is_refused_and_nobody_is_touched(village, anna, member, whose):
    Member.objects.filter(pk=member.pk).update(email=getattr(village, whose).email.upper())
    before = people()
    assert "accede già qualcuno" in words(invite(anna, member))
    member.refresh_from_db()
    assert (people(), member.user, mail.outbox) == (before, None, [])


def test_without_the_letter_there_is_no_log_in(village, anna, member, monkeypatch):
    def down(*_args, **_named):
        raise SMTPServerDisconnected("Connection unexpectedly closed")

    monkeypatch.setattr("django.core.mail.message.EmailMessage.send", down)
    before = people()
    assert "L’invito non è partito e l’accesso non è stato creato" in words(invite(anna, member))
    member.refresh_from_db()
    assert (people(), member.user) == (before, None)


def test_who_may_not_cannot(village, member, as_user):
    elsewhere = make_village("CER-W", 2)
    before = people()
    address = f"/ceradmin/communities/member/{member.pk}/invite/"
    assert as_user(elsewhere.anna).post(address).status_code == 404
    assert as_user(village.stranger).post(address).status_code == 404
    assert as_user(village.carla).post(address).status_code == 403
    assert as_user(village.anna).get(address).status_code == 405
    assert Client().post(address).status_code == 302
    assert "Crea l’accesso" not in words(as_user(village.carla).get(form(member)))
    assert (people(), mail.outbox) == (before, [])
