"""A member follows an amount down to the quarter of an hour, and sees of the others nothing but sums."""

import re
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.communities.models import Member
from apps.settlement.models import MemberResult, SettlementRun
from tasks.settlement import settle_month
from tests.doors.backoffice.village import Village, make_ready_village, open_run
from tests.doors.portal.rows import approve, make_user
from tests.doors.portal.test_reads_only import WRITES

TAILS = ("premium/", "valorisation/", "excess/", "days/", "days/3/", "days/3/12/")
MOST_QUERIES = 12


@pytest.fixture
def village(db) -> Village:
    return make_ready_village()


@pytest.fixture
def run(village) -> SettlementRun:
    opened = open_run(village)
    settle_month.apply(args=(opened.pk,), throw=True)
    opened.refresh_from_db()
    approve(opened)
    opened.refresh_from_db()
    return opened


@pytest.fixture
def member(run, village) -> Member:
    """M2, who draws 0.8 kWh an hour, with a log-in."""
    found = Member.objects.get(community=village.configuration.community, code="M2")
    found.user = make_user("m2@example.org")
    found.save()
    return found


def result_of(run: SettlementRun, code: str) -> MemberResult:
    return MemberResult.objects.get(run=run, member__code=code)


def page_of(run: SettlementRun, tail: str = "", code: str = "M2") -> str:
    return f"/months/{result_of(run, code).pk}/{tail}"


def text(answer) -> str:
    assert answer.status_code == 200
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", answer.content.decode())).replace("\u00a0", " ").split())


def test_each_amount_of_the_month_leads_to_its_explanation(run, member, as_user):
    page = as_user(member.user).get(page_of(run)).content.decode()
    for tail in ("premium/", "valorisation/", "excess/", "days/"):
        assert f'href="{page_of(run, tail)}"' in page


def test_the_way_from_the_amount_to_the_quarter(run, member, as_user):
    client = as_user(member.user)
    premium = text(client.get(page_of(run, "premium/")))
    assert "Tariffa premio: 4,84 €" in premium
    assert "89,600 kWh su 224,000 kWh, il 40 %: 12,09 € × 89,600 ÷ 224,000 = 4,836 € → 4,84 €" in premium
    days = text(client.get(page_of(run, "days/")))
    assert "ven 3 19,200 3,200" in days
    assert "Mese 537,600 89,600" in days
    day = text(client.get(page_of(run, "days/3/")))
    assert "Condivisa = min(4,000; 2,000) = 2,000 kWh · del socio = 2,000 × 0,800 ÷ 2,000 = 800 Wh → 800 Wh" in day
    assert "TIP = min(120; 80 + max(0; 180 − 150,00)) + 10 = 120,00 €/MWh" in day
    assert "Giorno 16,000 48,000 8,000 19,200 3,200 0,96 €" in day
    hour = text(client.get(page_of(run, "days/3/12/")))
    assert "12:15 0,200 del distributore distributore" in hour


def test_nothing_tells_of_another_member_or_point(run, member, village, as_user):
    client = as_user(member.user)
    others = [village.pods[0], village.pods[2], "Socio 1", "Socio 3", "M1", "M3"]
    for tail in TAILS:
        page = text(client.get(page_of(run, tail)))
        assert [one for one in others if one in page] == [], tail
        assert member.name in page or "M2" in page


def test_the_plants_of_others_show_their_tariff_and_no_energy(run, member, as_user):
    page = text(as_user(member.user).get(page_of(run, "days/3/12/")))
    formula = page[page.index("P1 prezzo") : page.index("Premio dell’ora di tutta")]
    assert formula == "P1 prezzo NORD 150,00 €/MWh: TIP = min(120; 80 + max(0; 180 − 150,00)) + 10 = 120,00 €/MWh "


def test_a_member_of_the_same_run_and_a_stranger_find_nothing(run, member, as_user):
    own, stranger = as_user(member.user), as_user(make_user("x@example.org"))
    for tail in TAILS:
        assert own.get(page_of(run, tail, "M3")).status_code == 404
        assert stranger.get(page_of(run, tail)).status_code == 404
        assert own.get(f"/months/987654/{tail}").status_code == 404


def test_who_is_not_logged_in_is_led_to_the_log_in(run, member, client):
    for tail in TAILS:
        assert client.get(page_of(run, tail)).status_code == 302


def test_a_run_that_nobody_approved_explains_nothing(village, as_user):
    opened = open_run(village)
    settle_month.apply(args=(opened.pk,), throw=True)
    found = Member.objects.get(community=village.configuration.community, code="M2")
    Member.objects.filter(pk=found.pk).update(user=make_user("m2@example.org"))
    found.refresh_from_db()
    client = as_user(found.user)
    assert [client.get(page_of(opened, tail)).status_code for tail in TAILS] == [404] * len(TAILS)


@pytest.mark.parametrize("tail", ["days/0/", "days/29/", "days/3/24/", "nothing/", "days/99999999999999999999/"])
def test_what_is_not_there_is_not_found(run, member, as_user, tail):
    assert as_user(member.user).get(page_of(run, tail)).status_code == 404


def test_pages_ask_a_dozen_times_at_most_and_write_nothing(run, member, as_user):
    client = as_user(member.user)
    for tail in TAILS:
        address = page_of(run, tail)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        assert client.post(address).status_code == 405
        assert len(queries) <= MOST_QUERIES, (tail, [query["sql"] for query in queries])
        assert [query["sql"] for query in queries if WRITES.search(query["sql"])] == []


def test_a_snapshot_that_is_gone_is_said_to_come_back(run, member, as_user, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    answer = as_user(member.user).get(page_of(run, "days/3/"))
    assert (answer.status_code, answer["Retry-After"]) == (503, "3600")
