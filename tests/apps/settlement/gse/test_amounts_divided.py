"""A configuration may divide what GSE published: final runs and their corrections take it, every other run keeps its own amounts.

The village's own month is 26.88 € of premium, 1.90 € of valorisation and no excess (tests/apps/settlement/test_month_bases.py).
"""

from dataclasses import replace
from datetime import date

import pytest

from apps.engine.inputs import Contribution
from apps.settlement import operations
from apps.settlement.gse import operations as gse
from apps.settlement.gse.reconciling import get_reconciliation
from apps.settlement.models import ContributionTotal, LedgerEntry, SettlementRun
from tasks.settlement import settle_month, verify
from tests.apps.settlement.corrected import NOW, approve, correct, settle
from tests.apps.settlement.gse.files import PUBLICATIONS, bring_in, line, publications
from tests.doors.backoffice.village import MONTH, make_ready_village

pytestmark = pytest.mark.django_db


@pytest.fixture
def village():
    return make_ready_village()


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


def lines_of_month(village):
    seen = get_reconciliation(configuration=village.configuration, year=MONTH.year, as_of=date(2024, 7, 1))
    month = next(month for month in seen.months if month.month == MONTH)
    return {line.contribution.value: line for line in month.lines}, seen.own[MONTH]


def test_the_own_computation_stands_beside_gse_s_amounts_even_where_those_are_divided(village):
    """The members got what GSE published; the screen still says what the community found, and by how much GSE differs."""
    divide_gse_amounts(village)
    provisional = approve(settle(opened(village, "provisional")), village)
    publish(village, ("premium", "true_up", "20.00"), ("valorisation", "true_up", "1.89"))
    lines, own = lines_of_month(village)
    assert (own.run, own.from_gse) == (provisional, frozenset())
    final = approve(settle(opened(village, "final")), village)
    lines, own = lines_of_month(village)
    assert {name: (line.own_cents, line.gse_cents) for name, line in lines.items()} == {
        "premium": (2688, 2000), "valorisation": (190, 189), "excess": (0, None),
    }  # fmt: skip
    found = {name: [(one.side.value, one.reason.value, one.cents) for one in line.findings] for name, line in lines.items()}
    assert found["premium"][0] == ("gse", "differs", -688)
    assert found["valorisation"][0] == ("gse", "rounding", -1)
    assert own.run == final
    assert {one.value: cents for one, cents in own.divided.items()} == {"premium": 2000, "valorisation": 189, "excess": 0}
    assert {one.value for one in own.from_gse} == {"premium", "valorisation"}
    publish(village, ("premium", "recalculation", "-0.91"))
    correction = approve(correct(provisional, village), village)
    lines, own = lines_of_month(village)
    assert own.run == correction
    assert (lines["premium"].own_cents, lines["premium"].gse_cents) == (2688, 1909)


def test_a_run_that_kept_no_own_computation_says_so_and_shows_what_its_facts_still_tell(village):
    divide_gse_amounts(village)
    publish(village, ("premium", "true_up", "20.00"), ("valorisation", "true_up", "1.89"))
    final = settle(opened(village, "final"))
    older = {name: value for name, value in final.facts.items() if name != "own"}
    SettlementRun.objects.filter(pk=final.pk).update(facts=older)
    lines, own = lines_of_month(village)
    assert {name: line.own_cents for name, line in lines.items()} == {"premium": 2688, "valorisation": None, "excess": 0}
    assert {one.value for one in own.unknown} == {"valorisation"}
    assert [one.reason.value for one in lines["valorisation"].findings if one.side.value == "gse"] == ["own_unknown"]


def test_an_advance_is_no_own_computation(village):
    approve(settle(opened(village, "advance")), village)
    publish(village, ("premium", "advance", "20.00"))
    lines, own = lines_of_month(village)
    assert {name: line.own_cents for name, line in lines.items()} == {"premium": None, "valorisation": None, "excess": None}
    assert own.divided[Contribution.PREMIUM] == totals(own.run)["premium"] > 0
