"""The year so far: the statement and the portal say the same amount, and neither counts what nobody approved."""

import json
from datetime import date

import pytest

from apps.communities.models import Member
from apps.invoicing.models import IssuedDocument
from apps.invoicing.operations import freeze_documents
from apps.portal.months import Year, get_year
from apps.settlement import operations
from apps.settlement.models import SettlementRun, ZonalPrice
from apps.settlement.reversals import open_reversal
from tests.apps.invoicing.conftest import approve, settle
from tests.doors.backoffice.village import AS_OF, Village, make_measures, make_prices, open_run

pytestmark = pytest.mark.django_db
FEBRUARY, APRIL, JUNE = date(2023, 2, 1), date(2023, 4, 1), date(2023, 6, 1)


@pytest.fixture
def spring(village: Village) -> Village:
    """A village with measures of April and June too."""
    for month in (APRIL, JUNE):
        make_prices(month=month)
        make_measures(village, month=month)
    return village


def settled(village: Village, month: date, *, kind: str = "provisional", version: int = 1) -> SettlementRun:
    return settle(open_run(village, month=month, kind=kind, version=version))


def printed(run: SettlementRun, member: Member) -> list[tuple[int, int]]:
    """(month, cents) of the rows of the year in the member's statement of this run."""
    freeze_documents(run_id=run.pk, as_of=AS_OF)
    content = json.loads(IssuedDocument.objects.get(run=run, member=member).frozen)
    names = ("premium_cents", "valorisation_cents", "excess_cents")
    return [(row["month"], sum(row[name] for name in names)) for row in content["year_rows"]]


def shown(member: Member) -> Year:
    return get_year(member_id=member.pk, year=2023)


def the_same(run: SettlementRun, member: Member, months: list[int]) -> None:
    rows = printed(run, member)
    total = sum(cents for _month, cents in rows)
    year = shown(member)
    assert [month for month, _cents in rows] == months
    assert year.total_cents == year.rows[0].running_cents == total
    assert [(row.run.month.month, row.counted_cents) for row in reversed(year.rows) if not row.is_void] == rows
    assert total > 0


def test_a_month_that_is_merely_computed_counts_in_neither(spring: Village) -> None:
    member = Member.objects.get(code="M2")
    the_same(approve(settled(spring, FEBRUARY), spring), member, [2])
    april = settled(spring, APRIL)
    the_same(approve(settled(spring, JUNE), spring), member, [2, 6])
    approve(april, spring)
    assert [row.run.month for row in shown(member).rows] == [JUNE, APRIL, FEBRUARY]


def test_the_final_run_posts_what_is_missing_and_both_count_each_euro_once(spring: Village) -> None:
    member = Member.objects.get(code="M2")
    approve(settled(spring, FEBRUARY), spring)
    ZonalPrice.objects.filter(starts_at__month=2).update(price_eur_per_mwh=170)
    opened = operations.open_run(
        configuration=spring.configuration, month=FEBRUARY, kind="final", opened_by=spring.anna, as_of=AS_OF
    )
    assert [cents for _month, cents in printed(approve(settle(opened), spring), member)] == [479]
    april = printed(approve(settled(spring, APRIL), spring), member)
    year = shown(member)
    assert [month for month, _cents in april] == [2, 4]
    assert year.total_cents == year.rows[0].running_cents == sum(cents for _month, cents in april)
    assert [(row.run.kind, row.run.month, row.counted_cents) for row in year.rows[1:]] == [
        ("final", FEBRUARY, -81),
        ("provisional", FEBRUARY, 560),
    ]


def test_a_reversed_month_counts_in_neither(spring: Village) -> None:
    member = Member.objects.get(code="M2")
    february = approve(settled(spring, FEBRUARY), spring)
    february.state, february.issued_at = "issued", february.approved_at
    february.save()
    reversal = open_reversal(run_id=february.pk, opened_by=spring.anna, reason="Cabina sbagliata", as_of=AS_OF)
    reversal = settle(reversal)
    operations.approve_run(run_id=reversal.pk, approved_by=spring.bruno, seen_sha256=reversal.result_sha256, as_of=AS_OF)
    the_same(approve(settled(spring, APRIL), spring), member, [4])
    assert [row.is_void for row in shown(member).rows] == [False, True, True]
