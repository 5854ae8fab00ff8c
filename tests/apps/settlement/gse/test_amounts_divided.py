"""A configuration may divide what GSE published: final runs and their corrections take it, every other run keeps its own amounts.

The village's own month is 26.88 € of premium, 1.90 € of valorisation and no excess (tests/apps/settlement/test_month_bases.py).
"""

from dataclasses import replace

import pytest

from apps.settlement import operations
from apps.settlement.gse import operations as gse
from apps.settlement.models import ContributionTotal, LedgerEntry
from tasks.settlement import settle_month, verify
from tests.apps.settlement.corrected import NOW, approve, correct, settle
from tests.apps.settlement.gse.files import PUBLICATIONS, bring_in, line, publications
from tests.doors.backoffice.village import MONTH, make_measures, make_prices, make_village

pytestmark = pytest.mark.django_db


@pytest.fixture
def village():
    made = make_village()
    make_prices()
    make_measures(made)
    return made


ITEMS = {"premium": "Tariffa premio", "valorisation": "Valorizzazione", "excess": "Importo eccedentario"}
KINDS = {"advance": "Acconto", "true_up": "Conguaglio", "recalculation": "Ricalcolo"}


def publish(village, *said: tuple[str, str, str]) -> None:
    rows = [
        line(month=f"{MONTH:%m/%Y}", item=ITEMS[item], kind=KINDS[kind], amount=amount.replace(".", ","))
        for item, kind, amount in said
    ]
    mapping = replace(PUBLICATIONS, words={"configuration": {"CER000123": village.configuration.code}})
    _plan, brought = bring_in(village.configuration, village.anna, publications(*rows), mapping)
    assert brought is not None
    assert brought.publications.count() == len(said)


def divide_gse_amounts(village) -> None:
    gse.choose_amounts(
        configuration=village.configuration, valid_from=MONTH, amounts_from="gse", chosen_by=village.anna, as_of=NOW
    )


def opened(village, kind):
    return operations.open_run(configuration=village.configuration, month=MONTH, kind=kind, opened_by=village.anna, as_of=NOW)


def totals(run):
    return dict(ContributionTotal.objects.filter(run=run).values_list("contribution", "amount_cents"))


def test_a_final_run_divides_what_gse_published_and_posts_the_difference(village):
    divide_gse_amounts(village)
    provisional = approve(settle(opened(village, "provisional")), village)
    assert totals(provisional) == {"premium": 2688, "valorisation": 190, "excess": 0}
    publish(village, ("premium", "advance", "20.00"), ("premium", "true_up", "6.91"), ("valorisation", "true_up", "1.89"))
    final = settle(opened(village, "final"))
    assert totals(final) == {"premium": 2691 - 2688, "valorisation": 189 - 190, "excess": 0}
    assert verify(run_id=final.pk)["ok"] is True
    approve(final, village)
    publish(village, ("premium", "recalculation", "-0.91"))
    correction = correct(provisional, village)
    assert totals(correction) == {"premium": -91, "valorisation": 0, "excess": 0}
    entries = LedgerEntry.objects.filter(run=correction, contribution="premium").values_list("cents", flat=True)
    assert sum(entries) == -91


def test_before_the_true_up_a_final_run_waits_with_a_sentence(village):
    divide_gse_amounts(village)
    publish(village, ("premium", "advance", "20.00"))
    run = opened(village, "final")
    settle_month.apply(args=(run.pk,), throw=True)
    run.refresh_from_db()
    assert (run.state, run.result_sha256) == ("parked", "")
    assert "GSE" in run.error
    assert not LedgerEntry.objects.filter(run=run).exists()


def test_own_amounts_stay_but_the_excess_that_gse_certified_is_taken(village):
    publish(village, ("premium", "true_up", "99.00"), ("excess", "true_up", "1.00"))
    final = settle(opened(village, "final"))
    assert totals(final) == {"premium": 2688 - 100, "valorisation": 190, "excess": 100}


def test_nothing_published_changes_nothing(village):
    assert totals(settle(opened(village, "final"))) == {"premium": 2688, "valorisation": 190, "excess": 0}
