"""The administrator's home: twelve months of each configuration, what waits for a person, a way to each."""

import re

import pytest

from apps.settlement.models import SettlementRun
from tests.doors.backoffice.addresses import RUNS, at
from tests.doors.backoffice.pages import words
from tests.doors.backoffice.village import AS_OF, make_village, open_run

pytestmark = pytest.mark.django_db
HOME = "/ceradmin/"


def test_a_month_without_a_run_leads_to_starting_one(village, anna):
    page = anna.get(HOME, {"until": "2023-04"})
    number = village.configuration.pk
    assert f"{RUNS}new/?configuration={number}&amp;month=3&amp;year=2023&amp;kind=provisional" in page.content.decode()
    assert "gennaio 2023" not in words(page)  # the configuration starts in February


def test_without_any_run_the_last_twelve_ended_months_are_shown(village, anna):
    assert anna.get(HOME).content.decode().count("kind=provisional") == 12


def test_the_board_shows_the_run_that_speaks_and_its_missing_hours(settled, anna):
    SettlementRun.objects.filter(pk=settled.pk).update(missing_hours=1234)
    page = anna.get(HOME)
    assert f'href="{at(settled)}" class="pill computed"' in page.content.decode()
    assert "febbraio 2023 calcolata 1.234 ore mancanti" in words(page)
    assert "da approvare CER-V-A, febbraio 2023, provvisoria" in words(page)


def test_a_newer_run_that_stopped_stands_beside_it(settled, village, anna):
    stopped = open_run(village, kind="final")
    later = AS_OF.replace(day=5)
    SettlementRun.objects.filter(pk=stopped.pk).update(state="parked", opened_at=later)
    page = anna.get(HOME)
    assert f'<a href="{at(stopped)}">definitiva sospesa</a>' in page.content.decode()
    assert "sospesa CER-V-A, febbraio 2023, definitiva" in words(page)


def test_a_parked_run_alone_is_the_state_of_its_month(village, anna):
    run = open_run(village)
    SettlementRun.objects.filter(pk=run.pk).update(state="parked")
    assert f'href="{at(run)}" class="pill parked"' in anna.get(HOME).content.decode()


def test_long_after_the_last_run_the_board_ends_with_the_month_to_settle_next(settled, anna):
    page = anna.get(HOME)
    assert "marzo 2023 da fare" in words(page)
    assert "aprile 2023" not in words(page)


def test_the_records_of_one_room_come_without_the_board(settled, anna):
    page = anna.get(f"{HOME}communities/")
    assert "Punti di misura" in words(page)
    assert "Le tue configurazioni" not in words(page)
    assert 'class="board"' not in page.content.decode()


def test_an_accountant_sees_states_but_no_way_to_start(village, as_user):
    page = as_user(village.carla).get(HOME).content.decode()
    assert village.configuration.code in page
    assert f"{RUNS}new/" not in page


@pytest.mark.parametrize("name", ["anna", "carla"])
def test_every_section_of_the_menu_opens_for_who_sees_it(village, as_user, name):
    client = as_user(getattr(village, name))
    menu = client.get(HOME).content.decode().split('<nav class="ways"')[1].split("</nav>")[0]
    sections = re.findall(r'href="([^"]+)"', menu)
    assert len(sections) == {"anna": 10, "carla": 9}[name]  # accountants see no devices
    assert {address: client.get(address, follow=True).status_code for address in sections} == dict.fromkeys(sections, 200)


def test_only_ones_own_configurations_are_on_the_board(village, anna):
    other = make_village("CER-W", 2)
    assert other.configuration.code not in anna.get(HOME).content.decode()


@pytest.mark.parametrize("until", ["2023-13", "x", "", "0001-01", "9999-12"])
def test_any_month_can_be_asked_for(village, anna, until):
    assert anna.get(HOME, {"until": until}).status_code == 200
