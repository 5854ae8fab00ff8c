"""Two runs side by side: the differences of every plant and member, and why."""

import pytest

from apps.backoffice.runs.compare import MOST_MEMBERS, Difference, largest
from apps.settlement.models import ZonalPrice
from tests.doors.backoffice.addresses import at
from tests.doors.backoffice.conftest import settle
from tests.doors.backoffice.pages import words
from tests.doors.backoffice.village import make_village, open_run

pytestmark = pytest.mark.django_db


def test_dearer_energy_shows_as_less_premium_with_the_same_energy(settled, village, anna):
    ZonalPrice.objects.update(price_eur_per_mwh=170)  # 80 + 10 + 10 = 100 €/MWh instead of 120
    second = settle(open_run(village, version=2))
    assert f'href="{at(second, f"compare/{settled.pk}/")}"' in anna.get(at(second)).content.decode()
    page = words(anna.get(at(second, f"compare/{settled.pk}/")))
    assert "Dati di ingresso diversi" in page
    assert "P1 224,000 224,000 0,000 26,88 22,40 −4,48 stessa energia, importo diverso" in page


def test_the_same_inputs_are_recognised_by_their_hash(settled, village, anna):
    second = settle(open_run(village, version=2))
    page = words(anna.get(at(second, f"compare/{settled.pk}/")))
    assert "Stessi dati di ingresso e stesso risultato." in page
    assert "Totale 224,000 224,000 0,000" in page


def test_a_run_of_another_configuration_is_not_compared(settled, anna, village):
    other = make_village("CER-W", 2)
    run = open_run(other)
    assert anna.get(at(settled, f"compare/{run.pk}/")).status_code == 404
    assert anna.get(at(settled, f"compare/{settled.pk}/")).status_code == 404
    waiting = open_run(village, version=3)
    assert anna.get(at(settled, f"compare/{waiting.pk}/")).status_code == 404


def test_of_thousands_those_that_changed_most_are_shown_and_the_total_counts_all():
    rows = [Difference(f"M{number:04}", "", 0, 0, 0, number) for number in range(MOST_MEMBERS + 50)]
    shown = largest(rows)
    assert [row.code for row in shown] == [f"M{number:04}" for number in range(50, MOST_MEMBERS + 50)]
    assert largest(rows[:5]) == rows[:5]
