"""A member may opt out of letters and choose their language; nobody may do it for somebody else."""

import pytest

from apps.invoicing.models import MemberMailChoice

pytestmark = pytest.mark.django_db


def address(person):
    return f"/members/{person.member.pk}/mail/"


def test_a_member_opts_out_and_in_again(anna, as_user):
    client = as_user(anna.user)
    assert "ti manda un’e-mail con il collegamento" in client.get(address(anna)).content.decode()
    assert not MemberMailChoice.objects.exists()
    assert client.post(address(anna), {"language": "en"}).status_code == 302
    choice = MemberMailChoice.objects.get()
    assert (choice.wants_statements, choice.language, choice.changed_by) == (False, "en", anna.user)
    client.post(address(anna), {"language": "it", "wants_statements": "on"})
    choice.refresh_from_db()
    assert (choice.wants_statements, choice.language) == (True, "it")


def test_somebody_elses_choice_does_not_exist(anna, bruno, as_user, client):
    for method in ("get", "post"):
        assert getattr(as_user(anna.user), method)(address(bruno), {"language": "it"}).status_code == 404
        assert getattr(client, method)(address(bruno), {"language": "it"}).status_code == 302
    assert not MemberMailChoice.objects.exists()


@pytest.mark.parametrize("language", ["", "de", "<script>"])
def test_another_language_is_refused(anna, as_user, language):
    assert as_user(anna.user).post(address(anna), {"language": language}).status_code == 400
    assert not MemberMailChoice.objects.exists()


def test_who_was_not_asked_by_the_form_token_changes_nothing(anna):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(anna.user, backend="django.contrib.auth.backends.ModelBackend")
    assert strict.post(address(anna), {"language": "it"}).status_code == 403
    assert not MemberMailChoice.objects.exists()
