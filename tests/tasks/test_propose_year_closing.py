"""A month that is settled anew leaves the year with another excess than its formula gives: one correction closes it."""

from datetime import date

import pytest

from apps.settlement import operations
from apps.settlement.corrections import open_correction
from apps.settlement.history import list_effective_runs, list_speaking_runs
from apps.settlement.issue_operations import issue_run
from apps.settlement.models import CorrectionProposal, SettlementRun
from apps.settlement.proposals import list_open_proposals
from apps.settlement.reversals import open_reversal
from tasks.corrections import look_again
from tests.apps.settlement.corrected import NOW, approve, settle
from tests.apps.settlement.test_corrected_year import Year, amounts

pytestmark = pytest.mark.django_db


@pytest.fixture
def year():
    """January to April, from which February was taken back."""
    made = Year()
    for number in range(1, 5):
        made.inject(number, 1000 if number == 1 else 600)
        made.settle(number)
    run = made.runs.pop(2)
    issue_run(run_id=run.pk, issued_by=None, seen_sha256=run.result_sha256, as_of=NOW)
    reversal = open_reversal(run_id=run.pk, opened_by=made.village.anna, reason="Misure di un altro", as_of=NOW)
    approve(settle(reversal), made.village)
    del made.known[2]
    return made


def compute_anew(year: Year, number: int) -> SettlementRun:
    run = operations.open_run(
        configuration=year.village.configuration, month=date(2023, number, 1), kind="provisional", opened_by=year.village.anna,
        as_of=NOW,
    )  # fmt: skip
    computed: SettlementRun = settle(run)
    return computed


def settle_anew(year: Year, number: int) -> SettlementRun:
    year.runs[number] = approve(compute_anew(year, number), year.village)
    year.known[number] = year.tariff[number], year.quarter_wh[number]
    return year.runs[number]


def look_at_all(year: Year) -> list[tuple[int, list[str]]]:
    bases = list_effective_runs(
        configuration_id=year.village.configuration.pk, from_month=date(2023, 1, 1), before=date(2024, 1, 1)
    )
    for run in list_speaking_runs(bases):
        look_again(run.pk)
    return [(one.run.month.month, one.causes) for one in list_open_proposals(SettlementRun.objects.all())]


def excess(year: Year) -> int:
    """What all months posted of the excess."""
    counted = SettlementRun.objects.filter(state__in=["approved", "issued"]).exclude(kind="reversal")
    return sum(amounts(run)["excess"] for run in counted)


def test_while_the_month_is_empty_or_waits_for_its_approval_nothing_is_proposed(year: Year) -> None:
    assert excess(year) != year.expected()[1]
    assert look_at_all(year) == []
    year.inject(2, 1000)
    waiting = compute_anew(year, 2)
    assert look_at_all(year) == []
    approve(waiting, year.village)
    assert look_at_all(year) == [(4, ["earlier_months"])]


def test_settled_anew_one_correction_of_the_last_month_is_proposed_and_closes_the_year(year: Year) -> None:
    year.inject(2, 1000)
    settle_anew(year, 2)
    assert excess(year) != year.expected()[1], "March and April were measured against the February that was taken back"
    assert look_at_all(year) == [(4, ["earlier_months"])]
    assert look_at_all(year) == [(4, ["earlier_months"])]
    (proposal,) = CorrectionProposal.objects.all()
    assert proposal.closes_year
    missing = year.expected()[1] - excess(year)
    correction = settle(open_correction(run_id=year.runs[4].pk, opened_by=year.village.anna, as_of=NOW))
    assert amounts(correction) == {"premium": -missing, "valorisation": 0, "excess": missing}
    approve(correction, year.village)
    assert excess(year) == year.expected()[1]
    assert look_at_all(year) == []


def test_settled_anew_with_the_same_facts_the_year_closes_by_itself(year: Year) -> None:
    """The new February posts the change that January knows; what it posted the first time was the same: nothing is missing."""
    settle_anew(year, 2)
    assert excess(year) == year.expected()[1]
    assert look_at_all(year) == []


def test_late_data_come_first_and_their_correction_closes_the_year_too(year: Year) -> None:
    year.inject(2, 1000)
    settle_anew(year, 2)
    year.price(4, 170)
    assert look_at_all(year) == [(4, ["price"])]
    correction = settle(open_correction(run_id=year.runs[4].pk, opened_by=year.village.anna, as_of=NOW))
    approve(correction, year.village)
    year.known[4] = year.tariff[4], year.quarter_wh[4]
    assert excess(year) == year.expected()[1]
    assert look_at_all(year) == []


def test_a_proposal_goes_when_another_correction_closed_the_year(year: Year) -> None:
    year.inject(2, 1000)
    settle_anew(year, 2)
    assert look_at_all(year) == [(4, ["earlier_months"])]
    approve(settle(open_correction(run_id=year.runs[1].pk, opened_by=year.village.anna, as_of=NOW)), year.village)
    assert excess(year) == year.expected()[1]
    assert look_at_all(year) == []
    assert not CorrectionProposal.objects.exists()
