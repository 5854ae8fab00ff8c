"""From an amount of a member down to the quarter of an hour: the village's figures, who may look, and what it costs."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.communities.models import Member
from apps.engine.inputs import Contribution
from apps.explaining.amounts import explain_amount
from apps.explaining.hours import explain_day
from apps.explaining.subject import Subject
from apps.metering.models import Broker, Channel, Device, DeviceAssignment, Reading, RegisterSeries
from apps.settlement.archive import locate
from apps.settlement.booking import unpack_wh
from apps.settlement.models import LedgerEntry, MemberResult, RuleParameter, RunCurves, SettlementRun
from tasks.comparisons import compare_runs
from tests.doors.backoffice.addresses import at
from tests.doors.backoffice.pages import words
from tests.doors.backoffice.test_access import METHODS, fingerprint
from tests.doors.backoffice.test_run_correct import approved, correction  # noqa: F401 - fixtures
from tests.doors.backoffice.village import MONTH, QUARTERS, _store, make_village

pytestmark = pytest.mark.django_db
MOST_QUERIES = 12
TAILS = ("", "days/", "days/3/", "days/3/12/", "premium/", "valorisation/", "excess/")


def subject_of(run: SettlementRun, code: str) -> Subject:
    result = MemberResult.objects.select_related("member").get(run=run, member__code=code)
    result.run = run
    return Subject(run=run, result=result, base="/x/", sees_all=True)


def member(code: str) -> Member:
    return Member.objects.get(code=code, community__code="CER-V")


def page_of(run: SettlementRun, code: str, tail: str = "") -> str:
    return at(run, f"members/{member(code).pk}/{tail}")


def text(answer) -> str:
    assert answer.status_code == 200
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", answer.content.decode())).replace("\u00a0", " ").split())


class TestAmount:
    """224 kWh shared at 80 + 30 + 10 €/MWh are 26.88 €; 224 of 448 kWh injected do not reach 55 %: no excess."""

    def test_every_ladder_of_every_member_foots_and_ends_at_the_cents(self, settled):
        for code in ("M1", "M2", "M3"):
            subject = subject_of(settled, code)
            for contribution in Contribution:
                amount = explain_amount(subject, contribution)
                assert amount.foots
                posted = LedgerEntry.objects.filter(run=settled, member=subject.member, contribution=contribution.value)
                assert amount.cents == sum(entry.cents for entry in posted)
                if posted:
                    assert amount.ladders[-1].rows[-1].cents == amount.cents

    def test_the_premium_is_told_from_the_plant_to_the_members_cents(self, settled, anna):
        page = text(anna.get(page_of(settled, "M3", "premium/")))
        assert "Tariffa premio: 7,25 €" in page
        assert "224,000 kWh incentivati, ora per ora per la tariffa di ogni ora = 26,88 € → 26,88 €" in page
        assert "Al conto «gestione» 10 % di 26,88 €" in page
        assert "50 % di 24,19 € ai produttori, il resto ai consumatori" in page
        assert "134,400 kWh su 224,000 kWh, il 60 %: 12,09 € × 134,400 ÷ 224,000 = 7,254 € → 7,25 €" in page
        assert "Regole operative GSE 2024, p. 38-39, 148-149" in page
        assert "DM 7 dicembre 2023 n. 414, allegato 1" in page

    def test_the_valorisation_names_trase_as_used_and_its_source(self, settled, anna):
        page = text(anna.get(page_of(settled, "M2", "valorisation/")))
        assert "TRASE 8,48 €/MWh × 224,000 kWh = 1,89952 € → 1,90 €" in page
        assert "ARERA, TRASE 2023" in page
        assert "in vigore dal 01/01/2023 e prima del 01/01/2024" in page

    def test_a_parameter_that_changed_since_is_marked_and_the_old_value_stays(self, settled, anna):
        RuleParameter.objects.filter(key="trase_eur_per_mwh", valid_from="2023-01-01").update(value="9.99", legal_source="Nuova")
        page = text(anna.get(page_of(settled, "M2", "valorisation/")))
        assert "TRASE : 8,48 €/MWh oggi per quel giorno è registrato un altro valore" in page
        assert "Nuova" not in page
        assert "9,99" not in page

    def test_who_gets_nothing_is_told_why(self, settled, anna):
        assert "fra i consumatori in proporzione all’energia condivisa, e per lui quel numero è zero" in text(
            anna.get(page_of(settled, "M1", "valorisation/"))
        )

    def test_the_excess_shows_its_formula(self, settled, anna):
        page = text(anna.get(page_of(settled, "M2", "excess/")))
        assert "max(0; 224,000 kWh ÷ 448,000 kWh − 55 %) × 26,88 € = 0,00 € da gennaio; già registrati 0,00 €" in page


class TestHours:
    def test_a_days_hours_are_those_of_the_run(self, settled):
        day = explain_day(subject_of(settled, "M3"), MONTH.replace(day=3))
        assert [row.shared_wh for row in day.rows] == [0] * 10 + [2000] * 4 + [0] * 10
        assert [row.own_shared_wh for row in day.rows][10:14] == [1200] * 4
        stored = RunCurves.objects.get(run=settled)
        assert unpack_wh(stored.shared)[48:72].tolist() == [row.shared_wh for row in day.rows]
        assert day.rows[12].tariffs[0].formula == "min(120; 80 + max(0; 180 − 150,00)) + 10 = 120,00\u00a0€/MWh"
        assert day.total.premium_cents == 96

    def test_an_hour_shows_quarters_formula_and_every_point(self, settled, village, anna):
        page = text(anna.get(page_of(settled, "M3", "days/3/12/")))
        assert "12:00–13:00" in page
        assert "min(4,000; 2,000) = 2,000 kWh" in page
        assert "2,000 × 1,200 ÷ 2,000 = 1.200 Wh" in page
        assert "12:15 0,300 del distributore distributore" in page
        assert f"{village.pods[1]} M2 0,800 800 Wh 0,800" in page

    def test_what_is_stored_today_is_only_marked(self, settled, village, anna):
        changed = np.full(QUARTERS, 999, np.int32)
        _store(village.pods[2], Channel.WITHDRAWN, changed, MONTH)
        page = text(anna.get(page_of(settled, "M3", "days/3/12/")))
        assert "12:15 0,300 del distributore oggi 0,999 kWh, distributore" in page
        assert "2,000 × 1,200 ÷ 2,000 = 1.200 Wh" in page

    @pytest.mark.parametrize("tail", ["days/0/", "days/29/", "days/3/24/", "days/3/99/", "other/", "days/99999999999/"])
    def test_days_hours_and_amounts_that_are_not_there_are_not_found(self, settled, anna, tail):
        assert anna.get(page_of(settled, "M3", tail)).status_code == 404


class TestReadings:
    """A device measures the POD: the readings around each quarter, marked as of today."""

    NOON = datetime(2023, 2, 3, 11, 0, tzinfo=UTC)

    @pytest.fixture
    def device(self, village) -> Device:
        broker = Broker.objects.create(name="b", host="localhost", client_id="b")
        device = Device.objects.create(broker=broker, vendor="shelly", key="em-1", first_seen_at=self.NOON)
        DeviceAssignment.objects.create(device=device, pod_key=village.pods[2], starts_at=self.NOON - timedelta(days=9))
        series = RegisterSeries.objects.create(device=device, component="em1:0", channel="import")
        for minutes, wh in ((-1, 1_000_000), (14, 1_290_000), (16, 1_310_000), (61, 2_200_000)):
            at_ = self.NOON + timedelta(minutes=minutes)
            Reading.objects.create(series_id=series.pk, measured_at=at_, register_milliwh=wh * 1000, received_at=at_)
        return device

    def test_the_readings_around_the_quarters_are_shown(self, settled, device, anna):
        page = text(anna.get(page_of(settled, "M3", "days/3/12/")))
        assert "Letture del dispositivo em-1 em1:0 dati di oggi" in page
        assert "12:15 1.290,000 kWh (12:14:00) 1.310,000 kWh (12:16:00)" in page
        assert "13:00 1.310,000 kWh (12:16:00) 2.200,000 kWh (13:01:00)" in page

    def test_readings_that_retention_dropped_are_said_to_be_gone(self, settled, device, anna):
        Reading.objects.all().delete()
        assert "non sono più conservate" in text(anna.get(page_of(settled, "M3", "days/3/12/")))

    def test_the_device_is_a_link_for_who_may_see_it(self, settled, device, village, anna, as_user):
        address = f"/ceradmin/metering/device/{device.pk}/?day=2023-02-03#day"
        assert address in anna.get(page_of(settled, "M3", "days/3/12/")).content.decode()
        assert address not in as_user(village.carla).get(page_of(settled, "M3", "days/3/12/")).content.decode()


class TestAccess:
    def test_administrators_and_accountants_see_every_page(self, settled, village, as_user):
        for user in (village.anna, village.carla):
            answers = [as_user(user).get(page_of(settled, "M3", tail)).status_code for tail in TAILS]
            assert answers == [200] * len(TAILS)

    def test_a_foreign_run_and_a_foreign_member_are_not_found_whatever_is_asked(self, settled, village, as_user):
        other = make_village("CER-W", 2)
        foreign = Member.objects.get(community=other.configuration.community, code="M1")
        stranger, anna = as_user(village.stranger), as_user(village.anna)
        before = fingerprint()
        for tail in TAILS:
            for method in METHODS:
                assert getattr(stranger, method)(page_of(settled, "M3", tail)).status_code == 404, (method, tail)
            assert anna.get(at(settled, f"members/{foreign.pk}/{tail}")).status_code == 404
            assert anna.get(at(987654, f"members/{foreign.pk}/{tail}")).status_code == 404
        assert fingerprint() == before

    def test_looking_changes_nothing_and_posting_is_refused(self, settled, anna):
        before = fingerprint()
        for tail in TAILS:
            assert anna.get(page_of(settled, "M3", tail)).status_code == 200
            assert anna.post(page_of(settled, "M3", tail)).status_code == 405
        assert fingerprint() == before

    def test_amounts_on_the_runs_page_lead_to_their_explanation(self, settled, anna):
        page = anna.get(at(settled)).content.decode()
        for contribution in Contribution:
            assert f'href="{page_of(settled, "M3", contribution.value)}/"' in page

    def test_a_snapshot_that_was_altered_explains_nothing(self, settled, anna):
        curves = locate(settled.snapshot_path) / "inputs_withdrawn.parquet"
        curves.write_bytes(curves.read_bytes()[:-1] + b"x")
        answer = anna.get(page_of(settled, "M3", "days/3/"))
        assert answer.status_code == 503
        assert "non è quella scritta allora" in words(answer)
        assert anna.get(page_of(settled, "M3", "premium/")).status_code == 200  # rests on other files, which are intact


def test_every_page_asks_a_dozen_times_at_most(settled, anna):
    anna.get(page_of(settled, "M3"))
    for tail in TAILS:
        address = page_of(settled, "M3", tail)
        with CaptureQueriesContext(connection) as queries:
            assert anna.get(address).status_code == 200
        assert len(queries) <= MOST_QUERIES, f"{tail}: " + "\n".join(query["sql"] for query in queries)


class TestCorrection:
    """170 instead of 150 €/MWh: M2 gets 4.03 instead of 4.84 € of premium."""

    def test_it_is_told_as_now_minus_before(self, approved, correction):  # noqa: F811
        for code in ("M1", "M2", "M3"):
            subject = subject_of(correction, code)
            for contribution in Contribution:
                amount = explain_amount(subject, contribution)
                assert amount.foots
                posted = LedgerEntry.objects.filter(run=correction, member=subject.member, contribution=contribution.value)
                assert amount.cents == sum(entry.cents for entry in posted)
        ladders = explain_amount(subject_of(correction, "M2"), Contribution.PREMIUM).ladders
        assert [row.cents for row in ladders[-1].rows] == [403, -484, -81]
        assert ladders[-2].rows[-1].cents == 403

    def test_the_causes_are_told_once_a_worker_found_them(self, approved, correction, anna):  # noqa: F811
        compare_runs(approved.pk, correction.pk)
        page = text(anna.get(page_of(correction, "M2", "premium/")))
        assert "Prima di questa rettifica 4,84 € prezzi zonali −0,81 € Con questa rettifica = 4,03 €" in page

    def test_it_asks_a_dozen_times_at_most(self, approved, correction, anna):  # noqa: F811
        for tail in TAILS:
            address = page_of(correction, "M2", tail)
            with CaptureQueriesContext(connection) as queries:
                assert anna.get(address).status_code == 200
            assert len(queries) <= MOST_QUERIES, f"{tail}: " + "\n".join(query["sql"] for query in queries)
