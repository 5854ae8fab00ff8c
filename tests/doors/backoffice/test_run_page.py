"""The page of a run: progress that stops by itself, why it stopped, what it found."""

import pytest

from apps.settlement.models import LedgerEntry, MemberResult, SettlementRun
from tests.doors.backoffice.addresses import RUNS, at
from tests.doors.backoffice.pages import words
from tests.doors.backoffice.village import open_run

pytestmark = pytest.mark.django_db


class TestProgress:
    """The bar asks every second and is told when to stop."""

    def test_a_waiting_run_shows_a_bar_that_asks_again(self, village, anna):
        run = open_run(village)
        page = anna.get(at(run))
        assert page.status_code == 200
        assert f'hx-get="{at(run, "progress/")}" hx-trigger="every 1s"' in page.content.decode()
        assert "In attesa di un elaboratore libero" in words(page)

    def test_the_phase_is_said_in_italian(self, village, anna):
        run = open_run(village)
        SettlementRun.objects.filter(pk=run.pk).update(state="computing", phase="decide", steps_done=1, steps_total=4)
        part = anna.get(at(run, "progress/"))
        assert part.status_code == 200
        assert "Calcolo di energia condivisa e importi Passo 1 di 4" in words(part).replace("25 % ", "")
        assert '<progress max="4" value="1"' in part.content.decode()

    @pytest.mark.parametrize("state", ["parked", "failed"])
    def test_a_run_that_ended_stops_the_bar_and_shows_itself(self, village, anna, state):
        run = open_run(village)
        SettlementRun.objects.filter(pk=run.pk).update(state=state, error="No price.")
        part = anna.get(at(run, "progress/"))
        assert (part.status_code, part["HX-Redirect"], part.content) == (286, at(run), b"")

    def test_a_computed_run_stops_the_bar(self, settled, anna):
        assert anna.get(at(settled, "progress/")).status_code == 286


class TestStopped:
    """A run that could not be computed says why and can be tried again."""

    def test_the_reason_stands_under_an_italian_heading(self, village, anna):
        run = open_run(village)
        SettlementRun.objects.filter(pk=run.pk).update(state="parked", error="No <b>price</b> for NORD.")
        page = anna.get(at(run))
        assert "Sospesa: manca qualcosa che una persona può sistemare" in words(page)
        assert "No &lt;b&gt;price&lt;/b&gt; for NORD." in page.content.decode()

    def test_trying_again_wakes_a_worker_once(self, village, anna, enqueued, django_capture_on_commit_callbacks):
        run = open_run(village)
        SettlementRun.objects.filter(pk=run.pk).update(state="failed", error="It crashed.")
        with django_capture_on_commit_callbacks(execute=True):
            assert anna.post(at(run, "retry/")).status_code == 302
            assert anna.post(at(run, "retry/")).status_code == 409
        run.refresh_from_db()
        assert (run.state, run.error) == ("draft", "")
        assert enqueued == [("settlement.settle_month", (run.pk,))]

    def test_an_accountant_cannot_try_again(self, village, as_user, enqueued):
        run = open_run(village)
        SettlementRun.objects.filter(pk=run.pk).update(state="failed")
        carla = as_user(village.carla)
        assert "retry/" not in carla.get(at(run)).content.decode()
        assert carla.post(at(run, "retry/")).status_code == 403
        run.refresh_from_db()
        assert run.state == "failed"


class TestResult:
    """What was found, in units, in Italian, with sums that foot."""

    def test_energy_is_told_in_kwh(self, settled, anna):
        page = words(anna.get(at(settled)))
        assert "Immessa in rete 448,000\xa0kWh" in page.replace(" kWh", "\xa0kWh")
        assert "Condivisa 224,000" in page
        assert "Incentivata 224,000" in page
        assert "Ore di misura mancanti 0" in page

    def test_the_pictures_are_drawn_without_scripts(self, settled, anna):
        page = anna.get(at(settled)).content.decode()
        assert page.count('role="img"') == 2
        assert "Energia al giorno, febbraio 2023" in page
        assert "<script>" not in page
        assert " style=" not in page

    def test_the_plant_says_its_tariff(self, settled, anna):
        page = words(anna.get(at(settled)))
        # 150 €/MWh NORD: 80 + 30 + 10 = 120 €/MWh on 224 kWh = 26.88 €
        assert "base 80, tetto 120 €/MWh , +10 €/MWh per la regione" in page.replace("€/MWh, +", "€/MWh , +")
        assert "448,000 224,000 224,000 26,88" in page

    def test_a_plant_that_earns_nothing_says_why(self, settled, anna):
        row = settled.plant_results.get()
        row.facts["not_incentivised_because"] = "existing"
        row.save()
        assert "in esercizio prima del 16/12/2021" in words(anna.get(at(settled)))

    def test_members_and_their_total(self, settled, anna):
        page = words(anna.get(at(settled)))
        rows = MemberResult.objects.filter(run=settled)
        euros = f"{sum(row.total_cents for row in rows) / 100:.2f}".replace(".", ",")
        assert "Totale di tutti i soci 448,000 1.344,000 224,000" in page
        assert f"{euros} Da dove viene questo risultato" in page
        assert "soci più conti danno l’importo al centesimo" in page

    def test_a_table_that_does_not_foot_would_say_so(self, settled, anna):
        entry = LedgerEntry.objects.filter(run=settled, contribution="premium").exclude(account="").get()
        LedgerEntry.objects.filter(pk=entry.pk).update(cents=entry.cents + 1)
        assert "soci più conti non danno l’importo" in words(anna.get(at(settled)))
        LedgerEntry.objects.filter(pk=entry.pk).update(cents=entry.cents)

    @pytest.mark.parametrize(
        ("sort", "first"), [("code", "M1"), ("-code", "M3"), ("-shared", "M3"), ("nonsense", "M1"), ("-total", "M1")]
    )
    def test_members_can_be_sorted_by_address(self, settled, anna, sort, first):
        table = anna.get(at(settled), {"sort": sort}).content.decode().split('id="members"')[1]
        assert table.split('<th scope="row">')[1].startswith(first)

    def test_hashes_and_the_way_to_check_them_are_shown(self, settled, anna):
        page = words(anna.get(at(settled)))
        assert settled.inputs_sha256 in page
        assert settled.result_sha256 in page
        assert f"manage.py verify_run {settled.pk}" in page

    def test_ids_above_a_thousand_are_not_written_with_points(self, village, anna):
        run = open_run(village)
        SettlementRun.objects.filter(pk=run.pk).update(id=12345, state="parked")
        assert f"{RUNS}12345/retry/" in anna.get(at(12345)).content.decode()


class TestList:
    """The list of runs: filters, no way to edit."""

    def test_it_shows_runs_with_their_state(self, settled, anna):
        page = words(anna.get(RUNS))
        assert "febbraio 2023 CER-V-A provvisoria 1 calcolata 0 224,000" in page

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("of=2023-02", True),
            ("of=2023-03", False),
            ("of=x", True),
            ("state__exact=parked", False),
            ("kind__exact=provisional", True),
        ],
    )
    def test_it_can_be_filtered(self, settled, anna, query, found):
        assert (at(settled) in anna.get(f"{RUNS}?{query}").content.decode()) is found

    @pytest.mark.parametrize("tail", ["add/", "1/change/", "1/delete/", "1/history/"])
    def test_there_is_no_form(self, settled, anna, tail):
        assert anna.get(RUNS + tail).status_code == 404
        assert anna.post(RUNS + tail, {"state": "approved"}).status_code == 404
