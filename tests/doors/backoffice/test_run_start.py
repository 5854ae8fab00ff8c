"""Starting a run: what is missing is said before, one run comes of it, and the request computes nothing."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from apps.communities.models import DistributionRule, Plant
from apps.metering.models import DayCurve
from apps.settlement.models import RuleParameter, SettlementRun, ZonalPrice
from tests.doors.backoffice.addresses import RUNS, at
from tests.doors.backoffice.pages import words
from tests.doors.backoffice.village import MONTH, make_measures, make_village, open_run

NEW = f"{RUNS}new/"
pytestmark = pytest.mark.django_db


def choice(village, **changes):
    return {
        "configuration": str(village.configuration.pk),
        "month": "2",
        "year": "2023",
        "kind": "provisional",
    } | changes


def test_the_page_offers_the_persons_configurations_and_nobody_elses(village, anna):
    elsewhere = make_village("CER-W", 2)
    page = anna.get(NEW).content.decode()
    assert village.configuration.code in page
    assert elsewhere.configuration.code not in page


def proposed(client):
    initial = client.get(NEW).context["form"].initial
    return initial.get("configuration"), initial["year"], initial["month"]


def test_the_form_begins_with_the_first_month_that_has_measures_and_no_run(village, anna):
    assert proposed(anna) == (village.configuration.pk, 2023, 2)
    make_measures(village, month=date(2023, 4, 1))
    open_run(village)
    assert proposed(anna) == (village.configuration.pk, 2023, 4)
    assert b'<option value="4" selected>' in anna.get(NEW).content


def test_the_form_begins_with_last_month_when_no_month_waits(village, anna):
    open_run(village)
    ended = timezone.localdate().replace(day=1) - timedelta(days=1)
    assert proposed(anna) == (None, ended.year, ended.month)


def test_measures_of_the_month_that_runs_are_not_proposed(village, anna, monkeypatch):
    monkeypatch.setattr("apps.backoffice.runs.start.timezone.localdate", lambda: date(2023, 2, 20))
    assert proposed(anna) == (None, 2023, 1)


def test_a_complete_month_says_that_nothing_is_missing(village, anna):
    answer = anna.get(NEW, choice(village))
    assert "Non manca niente." in words(answer)
    assert "3 POD con tutte le ore" in words(answer)
    assert answer.content.count(b"<svg") >= 1
    assert not SettlementRun.objects.exists()


def test_everything_that_is_missing_is_named_with_what_to_do(village, anna):
    ZonalPrice.objects.filter(starts_at__day__lte=2).delete()
    DistributionRule.objects.all().delete()
    RuleParameter.objects.filter(key="trase_eur_per_mwh").delete()
    Plant.objects.all().update(pod_key="IT001E99999999")
    page = words(anna.get(NEW, choice(village)))
    assert f"{village.pods[0]} ha immesso 448,000 kWh, ma nessun impianto è registrato su quel POD." in page
    assert "Nessuna regola di riparto è in vigore per CER-V-A." in page
    assert "Il parametro TRASE non ha un valore in vigore nel mese." in page
    assert "la regolazione si fermerà" in page


def test_hours_without_price_are_counted_per_zone(village, anna):
    ZonalPrice.objects.filter(starts_at__year=2023, starts_at__month=2, starts_at__day=3).delete()
    page = words(anna.get(NEW, choice(village)))
    assert "Mancano i prezzi della zona NORD per 24 ore; la prima è il 03/02/2023 alle 00:00." in page


def test_an_advance_needs_the_values_of_its_estimate_and_no_price(village, anna):
    ZonalPrice.objects.all().delete()
    advance = anna.get(NEW, choice(village, kind="advance"))
    assert (advance.context["readiness"].stops, advance.context["readiness"].price_gaps) == (False, ())
    assert anna.get(NEW, choice(village)).context["readiness"].stops
    RuleParameter.objects.filter(key="advance_coincidence").delete()
    assert anna.get(NEW, choice(village, kind="advance")).context["readiness"].unknown_parameters == ("advance_coincidence",)
    assert not anna.get(NEW, choice(village)).context["readiness"].unknown_parameters


def test_hours_without_measures_of_an_advance_change_the_split_alone(village, anna):
    DayCurve.objects.filter(pod_key=village.pods[1]).delete()
    assert "il riparto tra i soci sì" in words(anna.get(NEW, choice(village, kind="advance")))


def test_hours_without_measures_are_counted_per_pod(anna, village):
    DayCurve.objects.filter(pod_key=village.pods[1]).delete()
    DayCurve.objects.filter(pod_key=village.pods[2], day="2023-02-05").delete()
    page = words(anna.get(NEW, choice(village)))
    assert "Mancano 696 ore di misura in 2 POD, 1 senza alcuna curva." in page
    assert f"{village.pods[1]} 672 672 nessuna" in page
    assert f"{village.pods[2]} 24 672 in parte" in page


def test_earlier_months_without_a_run_are_pointed_out(village, anna):
    page = words(anna.get(NEW, choice(village, month="4")))
    assert "Mesi precedenti dell’anno senza regolazione: febbraio 2023, marzo 2023." in page


def test_starting_opens_one_run_and_leaves_the_rest_to_a_worker(village, anna, enqueued, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        answer = anna.post(NEW, choice(village))
    run = SettlementRun.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, at(run))
    assert (run.state, run.kind, run.month, run.opened_by, run.version) == ("draft", "provisional", MONTH, village.anna, 1)
    assert enqueued == [("settlement.settle_month", (run.pk,))]


def test_who_comes_second_is_led_to_the_run_that_is_open(village, anna, bruno, enqueued, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        anna.post(NEW, choice(village))
        answer = bruno.post(NEW, choice(village), follow=True)
    run = SettlementRun.objects.get()
    assert answer.redirect_chain == [(at(run), 302)]
    assert "Questa regolazione era già stata avviata: eccola." in words(answer)
    assert len(enqueued) == 1


def test_a_month_that_is_not_over_is_refused_and_opens_nothing(village, anna, enqueued):
    answer = anna.post(NEW, choice(village, year="2190"))
    assert answer.status_code == 409
    assert "2190-02" in words(answer)
    assert not SettlementRun.objects.exists()
    assert enqueued == []


@pytest.mark.parametrize("changes", [{"month": "13"}, {"year": "1999"}, {"kind": "secret"}, {"configuration": "x"}, {"year": ""}])
def test_what_is_not_a_choice_opens_nothing(village, anna, changes):
    answer = anna.post(NEW, choice(village, **changes))
    assert answer.status_code == 200
    assert not SettlementRun.objects.exists()


def test_fields_that_the_form_does_not_have_are_ignored(village, anna, enqueued):
    extra = {"state": "approved", "cents": "100", "is_staff": "1", "version": "9", "opened_by": "1", "accept": village.pods[1]}
    anna.post(NEW, choice(village, **extra))
    run = SettlementRun.objects.get()
    assert (run.state, run.version, run.opened_by, run.accepted_missing) == ("draft", 1, village.anna, [])


def test_an_accountant_can_look_but_not_start(village, as_user):
    carla = as_user(village.carla)
    assert carla.get(NEW).status_code == 403
    assert carla.post(NEW, choice(village)).status_code == 403
    assert not SettlementRun.objects.exists()
    assert "Nuova regolazione" not in carla.get(RUNS).content.decode()


def test_a_configuration_of_others_cannot_be_started(village, anna):
    elsewhere = make_village("CER-W", 2)
    assert anna.post(NEW, choice(elsewhere)).status_code == 200
    assert not SettlementRun.objects.exists()


class TestFinalRun:
    """A final run takes missing measures only from a person, POD by POD."""

    @pytest.fixture
    def incomplete(self, db):
        village = make_village("CER-X", 3)
        make_measures(village, without=(village.pods[2],))
        return village

    def test_the_pods_to_accept_stand_there_with_boxes(self, incomplete, as_user):
        page = as_user(incomplete.anna).get(NEW, choice(incomplete, kind="final"))
        assert f'name="accept" value="{incomplete.pods[2]}"' in page.content.decode()
        assert "Una regolazione definitiva si ferma" in words(page)

    def test_what_is_ticked_is_recorded_with_the_person(self, incomplete, as_user, enqueued):
        pods = [incomplete.pods[2], incomplete.pods[1], "IT001E77777777"]
        as_user(incomplete.anna).post(NEW, choice(incomplete, kind="final") | {"accept": pods})
        run = SettlementRun.objects.get()
        assert (run.kind, run.accepted_missing, run.accepted_by) == ("final", [incomplete.pods[2]], incomplete.anna)

    def test_a_stopped_run_takes_them_when_it_is_tried_again(self, incomplete, as_user, enqueued):
        run = open_run(incomplete, kind="final")
        SettlementRun.objects.filter(pk=run.pk).update(state="parked", error="Measures are missing.")
        bruno = as_user(incomplete.bruno)
        assert f'value="{incomplete.pods[2]}"' in bruno.get(at(run)).content.decode()
        assert bruno.post(at(run, "retry/"), {"accept": [incomplete.pods[2]]}).status_code == 302
        run.refresh_from_db()
        assert (run.state, run.opened_by) == ("draft", incomplete.bruno)
        assert (run.accepted_missing, run.accepted_by) == ([incomplete.pods[2]], incomplete.bruno)


@pytest.mark.django_db(transaction=True)
def test_eight_people_who_press_at_once_get_one_run(as_user, enqueued):
    village = make_village("CER-Y", 4)
    clients = [as_user(user) for user in (village.anna, village.bruno) for _ in range(4)]
    barrier = threading.Barrier(len(clients))

    def press(client):
        barrier.wait()
        try:
            return client.post(NEW, choice(village))["Location"]
        finally:
            connection.close()

    with ThreadPoolExecutor(len(clients)) as people:
        led_to = set(people.map(press, clients))
    run = SettlementRun.objects.get()
    assert led_to == {at(run)}
    assert enqueued == [("settlement.settle_month", (run.pk,))]
