"""A member's account in the portal: every line, a link to its month, a file, and nobody else's."""

import pytest
from django.utils import timezone

from apps.invoicing.payouts.booking import book_credits
from apps.settlement.models import SettlementRun
from tests.doors.backoffice.pages import links, words

pytestmark = pytest.mark.django_db


def _issue(person) -> None:
    SettlementRun.objects.filter(pk=person.run.pk).update(state="issued", issued_at=timezone.now())
    book_credits(community_id=person.member.community_id, as_of=timezone.now())


def test_a_member_reads_what_is_owed_and_finds_the_month(anna, as_user):
    _issue(anna)
    client, address = as_user(anna.user), f"/members/{anna.member.pk}/account/"
    assert address in links(client.get(f"/members/{anna.member.pk}/"))
    page = client.get(address)
    cents = anna.result.total_cents
    euros = f"{cents // 100},{cents % 100:02d}"
    assert f"Ancora da ricevere {euros}" in words(page).replace("\xa0", " ").replace(".", "")
    assert "Marzo 2023, " in words(page)
    assert f"/months/{anna.result.pk}/" in links(page)
    text = client.get(f"/members/{anna.member.pk}/account.csv").content.decode("utf-8-sig")
    assert f";;{euros};{euros}" in text


def test_before_anything_is_issued_the_account_is_empty(anna, as_user):
    page = as_user(anna.user).get(f"/members/{anna.member.pk}/account/")
    assert "Nessun movimento" in words(page)


@pytest.mark.parametrize("tail", ["account/", "account.csv"])
def test_nobody_else_reads_it(anna, bruno, as_user, client, tail):
    _issue(anna)
    address = f"/members/{anna.member.pk}/{tail}"
    assert as_user(bruno.user).get(address).status_code == 404
    bruno.user.is_staff = bruno.user.is_superuser = True
    bruno.user.save()
    assert as_user(bruno.user).get(address).status_code == 404
    assert client.get(address).status_code == 302
    assert as_user(anna.user).post(address).status_code == 405
