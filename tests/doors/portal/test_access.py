"""Nobody sees what is another's, whatever the address; nobody keeps seeing what was taken away."""

from datetime import date

import pytest
from django.utils import timezone

from apps.communities.models import Member, Membership
from apps.invoicing.models import IssuedDocument
from tests.doors.portal.rows import make_configuration, make_member, make_month, make_statement, make_user, result_of

HUGE = 99_999_999_999_999_999_999


def test_a_member_opens_all_of_their_own_pages(anna, as_user):
    client = as_user(anna.user)
    assert [client.get(url).status_code for url in anna.urls] == [200, 200, 200, 200]


@pytest.mark.parametrize("method", ["get", "head"])
def test_another_members_pages_are_not_found(anna, bruno, as_user, method):
    client = as_user(anna.user)
    answers = [getattr(client, method)(url) for url in bruno.urls]
    assert [answer.status_code for answer in answers] == [404, 404, 404, 404]
    assert all(b"Bruno" not in answer.content for answer in answers)


def test_what_is_not_there_answers_like_what_is_not_yours(anna, bruno, as_user):
    client = as_user(anna.user)
    for foreign, absent in zip(bruno.urls, [url.replace("1", "9") for url in bruno.urls], strict=True):
        assert client.get(foreign).content == client.get(absent).content


@pytest.mark.parametrize("url", ["/members/0/", f"/members/{HUGE}/", f"/months/{HUGE}/", f"/statements/{HUGE}/", "/members/1/0/"])
def test_ids_that_cannot_be_are_not_found(anna, as_user, url):
    assert as_user(anna.user).get(url).status_code == 404


def test_a_member_of_the_same_run_is_another_member_too(configuration, as_user):
    anna, bruno = make_user("a@example.org"), make_user("b@example.org")
    members = [make_member(configuration, "A", anna), make_member(configuration, "B", bruno)]
    run = make_month(configuration, timezone.now().date().replace(year=2023, day=1), members)
    documents = [make_statement(run, member) for member in members]
    client = as_user(anna)
    assert client.get(f"/statements/{documents[0].pk}/").status_code == 200
    assert client.get(f"/statements/{documents[1].pk}/").status_code == 404
    assert client.get(f"/months/{result_of(run, members[1]).pk}/").status_code == 404


def test_anonymous_visitors_are_led_to_the_log_in(anna, client):
    for url in ["/", "/start/", *anna.urls]:
        answer = client.get(url)
        assert (answer.status_code, answer.url) == (302, f"/account/login/?next={url}")


def test_staff_get_nothing_more_here(anna, as_user):
    client = as_user(make_user("capo@example.org", is_staff=True, is_superuser=True))
    assert [client.get(url).status_code for url in anna.urls] == [404, 404, 404, 404]


def test_a_cut_link_closes_an_open_session_at_once(anna, as_user):
    client = as_user(anna.user)
    assert client.get(anna.urls[0]).status_code == 200
    Member.objects.filter(pk=anna.member.pk).update(user=None)
    assert [client.get(url).status_code for url in anna.urls] == [404, 404, 404, 404]
    assert "non è collegato a nessun socio" in client.get("/").content.decode()


def test_a_link_given_to_somebody_else_moves_the_pages(anna, bruno, as_user):
    first, second = as_user(anna.user), as_user(bruno.user)
    Member.objects.filter(pk=anna.member.pk).update(user=bruno.user)
    assert [first.get(url).status_code for url in anna.urls] == [404, 404, 404, 404]
    assert [second.get(url).status_code for url in anna.urls] == [200, 200, 200, 200]


def test_who_left_the_community_keeps_their_own_documents(anna, as_user):
    Membership.objects.create(member=anna.member, joined_on="2023-01-01", left_on="2023-04-01")
    assert as_user(anna.user).get(anna.urls[3]).status_code == 200


def test_a_disabled_log_in_closes_an_open_session(anna, as_user):
    client = as_user(anna.user)
    anna.user.is_active = False
    anna.user.save()
    assert client.get(anna.urls[0]).status_code == 302


def test_a_run_that_is_not_approved_is_nobodys_business_yet(configuration, as_user):
    user = make_user("a@example.org")
    member = make_member(configuration, "A", user)
    run = make_month(configuration, timezone.now().date().replace(year=2023, day=1), [member], state="computed")
    document = make_statement(run, member)
    client = as_user(user)
    assert client.get(f"/months/{result_of(run, member).pk}/").status_code == 404
    assert client.get(f"/statements/{document.pk}/").status_code == 404
    assert "Ancora nessun mese" in client.get(f"/members/{member.pk}/").content.decode()


@pytest.mark.parametrize("state", ["pending", "failed"])
def test_a_statement_that_is_not_ready_cannot_be_fetched(anna, as_user, state):
    later = make_month(make_configuration(), date(2023, 4, 1), [anna.member])
    document = make_statement(later, anna.member, content=None, state=state)
    assert as_user(anna.user).get(f"/statements/{document.pk}/").status_code == 404


def test_the_accountants_documents_are_not_the_members(anna, as_user):
    workbook = IssuedDocument.objects.create(
        run=anna.run, kind="workbook", reference="w", state="ready", sha256="a" * 64, created_at=timezone.now(),
        rendered_at=timezone.now(),
    )  # fmt: skip
    assert as_user(anna.user).get(f"/statements/{workbook.pk}/").status_code == 404


def test_two_memberships_of_one_person_open_and_no_third(anna, bruno, as_user):
    other = make_configuration("CER-BRA", "CER Bra")
    second = make_member(other, "S1", anna.user)
    client = as_user(anna.user)
    assert client.get(f"/members/{second.pk}/").status_code == 200
    assert client.get(f"/members/{bruno.member.pk}/").status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_the_portal_only_reads(anna, as_user, method):
    client = as_user(anna.user)
    for url in ["/", "/start/", *anna.urls]:
        assert getattr(client, method)(url, {"is_staff": "1", "state": "paid", "cents": "1"}).status_code == 405
