"""The causes of a difference: found by a worker once, kept, and shown per member so that everything foots."""

import pytest
from django.db import InternalError, connection, transaction
from django.db.utils import IntegrityError

from apps.settlement.archive import locate
from apps.settlement.models import RunComparison, ZonalPrice
from tasks.comparisons import compare_runs
from tests.doors.backoffice.addresses import at
from tests.doors.backoffice.conftest import settle
from tests.doors.backoffice.pages import words
from tests.doors.backoffice.village import open_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def dearer(settled, village):
    """A second version at 170 instead of 150 €/MWh: 100 instead of 120 €/MWh of premium on 224 kWh, 22.40 instead of 26.88 €."""
    ZonalPrice.objects.update(price_eur_per_mwh=170)
    return settle(open_run(village, version=2))


def test_the_causes_are_asked_for_found_by_a_worker_and_shown(settled, dearer, anna, enqueued):
    page = at(dearer, f"compare/{settled.pk}/")
    assert "Cerca le cause socio per socio" in words(anna.get(page))
    assert anna.post(f"{page}explain/").status_code == 302
    assert enqueued == [("settlement.compare_runs", (settled.pk, dearer.pk))]
    assert not RunComparison.objects.exists()
    compare_runs(settled.pk, dearer.pk)
    shown = words(anna.get(page))
    # 26.88 → 22.40 of premium: management 2.69 → 2.24; of the rest half to the producer, 12.10 → 10.08
    assert "M1 Socio 1 12,10 10,08 −2,02 prezzi −2,02" in shown
    assert "Gestione 2,69 2,24 −0,45 prezzi −0,45" in shown
    assert "Totale 28,78 24,30 −4,48 prezzi −4,48" in shown
    stored = RunComparison.objects.get()
    assert sum(row[4] - row[3] for row in stored.rows) == sum(sum(row[5]) for row in stored.rows) == -448


def test_found_twice_the_first_stands_and_nobody_changes_it(settled, dearer):
    compare_runs(settled.pk, dearer.pk)
    first = RunComparison.objects.get()
    compare_runs(settled.pk, dearer.pk)
    assert list(RunComparison.objects.values_list("pk", "created_at")) == [(first.pk, first.created_at)]
    for change in (RunComparison.objects.all().delete, lambda: RunComparison.objects.update(rows=[])):
        with pytest.raises((IntegrityError, InternalError), match="kept as it was found"), transaction.atomic():
            change()
    with connection.cursor() as cursor, pytest.raises((IntegrityError, InternalError)), transaction.atomic():
        cursor.execute("UPDATE settlement_runcomparison SET rows = '[]'")


def test_two_months_unknown_runs_and_a_run_with_itself_are_left_alone(settled, village, anna):
    other = open_run(village, version=2)
    for pair in ((settled.pk, settled.pk), (settled.pk, other.pk), (settled.pk, 987654)):
        compare_runs(*pair)
    assert not RunComparison.objects.exists()
    assert anna.post(at(settled, f"compare/{other.pk}/explain/")).status_code == 404


def test_an_accountant_reads_but_does_not_start(settled, dearer, village, as_user, enqueued):
    carla = as_user(village.carla)
    page = at(dearer, f"compare/{settled.pk}/")
    assert carla.post(f"{page}explain/").status_code == 403
    assert "Un amministratore della comunità può far cercare" in words(carla.get(page))
    assert enqueued == []


def test_a_snapshot_that_is_gone_is_said_on_the_page_and_nothing_is_stored(settled, dearer, anna):
    for file in locate(settled.snapshot_path).iterdir():
        file.unlink()
    locate(settled.snapshot_path).rmdir()
    compare_runs(settled.pk, dearer.pk)
    assert not RunComparison.objects.exists()
    page = words(anna.get(at(dearer, f"compare/{settled.pk}/")))
    assert "L’ultima ricerca delle cause non è riuscita." in page
    assert settled.snapshot_path in page
