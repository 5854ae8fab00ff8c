"""The administrator's home: twelve months of each configuration, what waits for a person, a way to each."""

import re
from datetime import date, timedelta

import pytest

from apps.invoicing.reminders.providers import find_waiting_approvals
from apps.settlement import operations
from apps.settlement.gse import operations as gse
from apps.settlement.gse.true_ups import list_missing_true_ups
from apps.settlement.issue_operations import issue_run
from apps.settlement.models import SettlementRun
from apps.settlement.reversals import open_reversal
from tests.apps.settlement.corrected import approve, correct, settle
from tests.apps.settlement.gse.test_amounts_divided import publish
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


def test_the_board_shows_what_settled_the_month_last(settled, village, anna):
    """A correction that is approved speaks for its month, whatever became of the base since."""
    base = approve(settled, village)
    correction = approve(correct(base, village), village)
    page = anna.get(HOME)
    assert f'href="{at(correction)}" class="pill approved"' in page.content.decode()
    assert "febbraio 2023 approvata rettifica misure complete" in words(page)
    assert f'href="{at(base)}" class="pill' not in page.content.decode()


def test_a_version_that_the_month_went_on_without_waits_for_nobody(settled, village, anna):
    def computed(kind):
        return settle(
            operations.open_run(
                configuration=village.configuration, month=settled.month, kind=kind, opened_by=village.anna, as_of=AS_OF
            )
        )

    final, second = computed("final"), computed("provisional")
    SettlementRun.objects.filter(pk=second.pk).update(opened_at=AS_OF + timedelta(days=1))
    late = second.succeeded_at + timedelta(days=30)
    assert "da approvare CER-V-A, febbraio 2023, provvisoria" in words(anna.get(HOME))
    assert {thing.key for thing in find_waiting_approvals(late)} == {str(final.pk), str(second.pk)}
    approve(final, village)
    assert "da approvare" not in words(anna.get(HOME))
    assert list(find_waiting_approvals(late)) == []


def test_a_correction_of_a_month_that_was_taken_back_waits_for_nobody(settled, village, anna):
    base = approve(settled, village)
    issue_run(run_id=base.pk, issued_by=None, seen_sha256=base.result_sha256, as_of=AS_OF)
    correct(base, village)
    assert "da approvare CER-V-A, febbraio 2023, rettifica" in words(anna.get(HOME))
    approve(settle(open_reversal(run_id=base.pk, opened_by=village.anna, reason="Cabina", as_of=AS_OF)), village)
    assert "da approvare" not in words(anna.get(HOME))


def test_gse_s_amounts_without_a_true_up_are_said_where_people_look(settled, village, anna):
    """A final month that divides GSE's amounts from now on cannot be looked at again: not only the log says so."""

    def choose(source):
        gse.choose_amounts(
            configuration=village.configuration,
            valid_from=settled.month,
            amounts_from=source,
            chosen_by=village.anna,
            as_of=AS_OF,
        )

    def missing(on):
        return list_missing_true_ups([village.configuration], today=on).get(village.configuration.pk, [])

    approve(settled, village)
    choose("gse")
    assert missing(date(2024, 5, 15)) == [], "GSE has time until 15 May"
    assert missing(date(2024, 5, 16)) == [settled.month], "of months that nobody settled nothing is said"
    choose("own")
    final = operations.open_run(
        configuration=village.configuration, month=settled.month, kind="final", opened_by=village.anna, as_of=AS_OF
    )
    approve(settle(final), village)
    assert missing(date(2024, 5, 16)) == []
    choose("gse")
    assert missing(date(2023, 4, 1)) == [settled.month]
    base = "/ceradmin/settlement/gsepublication/"
    number = village.configuration.pk
    for address in (HOME, base, f"{base}{number}/source/", f"{base}{number}/2023/"):
        said = words(anna.get(address))
        assert "si ripartiscono gli importi del GSE, ma il conguaglio manca per febbraio 2023." in said, address
    publish(village, ("premium", "true_up", "26.88"))
    assert missing(date(2024, 5, 16)) == []
    assert "il conguaglio manca" not in words(anna.get(HOME))
