"""A month taken back: the exact contrary of all it posted, by two people, after which it may be settled as if empty."""

import json

import pytest
from django.db import transaction
from django.db.models import Sum
from django.db.utils import DatabaseError

from apps.communities.models import Member
from apps.invoicing.models import IssuedDocument
from apps.invoicing.operations import freeze_documents
from apps.portal.months import get_year
from apps.settlement import operations
from apps.settlement.audit.queries import find_contradicted_run
from apps.settlement.errors import ApproverComputed, ReasonMissing, RunAlreadyOpen, RunChanged, RunNotOpen
from apps.settlement.history import get_base
from apps.settlement.issue_operations import issue_run
from apps.settlement.models import AuditEntry, LedgerEntry, MemberResult, SettlementRun, ZonalPrice
from apps.settlement.reversals import open_reversal
from reports.statement_view import view_of
from tasks.exports import render, statement_from, workbook_from
from tasks.settlement import verify
from tests.apps.settlement.corrected import NOW, approve, correct, settle
from tests.doors.backoffice.village import MONTH, make_ready_village, open_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def village():
    return make_ready_village()


def issued(run):
    return issue_run(run_id=run.pk, issued_by=None, seen_sha256=run.result_sha256, as_of=NOW)


@pytest.fixture
def month(village):
    """A provisional run and a correction, both issued."""
    base = issued(approve(settle(open_run(village)), village))
    ZonalPrice.objects.update(price_eur_per_mwh=170)
    return base, issued(approve(correct(base, village), village))


def reversal_of(run, village, reason="Punti di un'altra cabina"):
    return open_reversal(run_id=run.pk, opened_by=village.anna, reason=reason, as_of=NOW)


def states():
    return dict(SettlementRun.objects.order_by("pk").values_list("kind", "state"))


def test_a_reversal_leaves_nothing_of_the_month(village, month):
    base, correction = month
    run = settle(reversal_of(base, village))
    assert states() == {"provisional": "issued", "correction": "issued", "reversal": "computed"}
    assert verify(run_id=run.pk)["ok"] is True
    approve(run, village)
    assert states() == {"provisional": "reversed", "correction": "reversed", "reversal": "approved"}
    groups = LedgerEntry.objects.order_by().values("contribution", "member", "account").annotate(sum=Sum("cents"))
    assert {row["sum"] for row in groups} == {0}
    rows = MemberResult.objects.order_by().values("member").annotate(Sum("shared_wh"), Sum("premium_cents"))
    assert {(row["shared_wh__sum"], row["premium_cents__sum"]) for row in rows} == {(0, 0)}
    steps = AuditEntry.objects.filter(action="reverse").order_by("sequence")
    assert [(step.run_number, step.from_state, step.to_state, step.reason, step.user) for step in steps] == [
        (one.pk, "issued", "reversed", "Punti di un'altra cabina", village.bruno) for one in (base, correction)
    ]
    assert find_contradicted_run() is None
    assert get_base(configuration_id=village.configuration.pk, month=MONTH) is None
    fresh = operations.open_run(
        configuration=village.configuration, month=MONTH, kind="provisional", opened_by=village.anna, as_of=NOW
    )
    fresh = approve(settle(fresh), village)
    assert (fresh.corrects_id, fresh.version) == (None, 2)
    total = LedgerEntry.objects.aggregate(sum=Sum("cents"))["sum"]
    assert total == 2240 + 190


def test_the_member_sees_each_euro_once(village, month):
    approve(settle(reversal_of(month[0], village)), village)
    member = Member.objects.get(code="M2")
    year = get_year(member_id=member.pk, year=2023)
    assert [(row.run.kind, row.counted_cents) for row in year.rows] == [("reversal", 0), ("correction", 0), ("provisional", 0)]
    assert (year.total_cents, year.shared_wh, year.has_provisional) == (0, 0, False)
    approve(settle(open_run(village, version=2)), village)
    year = get_year(member_id=member.pk, year=2023)
    assert [(row.run.kind, row.running_cents) for row in year.rows] == [("provisional", 479)]


def test_its_documents_say_so(village, month):
    run = approve(settle(reversal_of(month[0], village)), village)
    freeze_documents(run_id=run.pk, as_of=NOW)
    document = IssuedDocument.objects.get(run=run, member__code="M2")
    assert document.reference == "CER-V-A/2023-02/v1-reversal/M2"
    content = statement_from(json.loads(document.frozen))
    assert (content.total_cents, content.month_cents) == (-479, 0)
    assert [(row.month, row.total_cents) for row in content.year_rows] == [(2, 0)]
    view = view_of(content)
    assert dict(view.banners)["correction"].startswith("Storno del rendiconto CER-V-A/2023-02/v1/M2 e dei successivi")
    assert render(document).startswith(b"%PDF")
    workbook = IssuedDocument.objects.get(run=run, kind="workbook")
    assert [check.name for check in workbook_from(json.loads(workbook.frozen), run).checks if not check.ok] == []
    assert render(workbook).startswith(b"PK")


def test_a_reversal_is_opened_with_a_reason_on_what_has_gone_out(village, month):
    base, _correction = month
    for reason in ("", "  "):
        with pytest.raises(ReasonMissing):
            reversal_of(base, village, reason)
    run = reversal_of(base, village)
    assert run.note == "Punti di un'altra cabina"
    with pytest.raises(RunAlreadyOpen) as refusal:
        reversal_of(base, village)
    assert refusal.value.args[1] == run.pk
    settle(run)
    with pytest.raises(ApproverComputed):
        operations.approve_run(run_id=run.pk, approved_by=village.anna, seen_sha256=run.result_sha256, as_of=NOW)
    assert "reversed" not in states().values()


def test_what_has_not_gone_out_is_not_reversed(village):
    base = approve(settle(open_run(village)), village)
    with pytest.raises(RunNotOpen, match="not issued yet"):
        reversal_of(base, village)
    issued(base)
    ZonalPrice.objects.update(price_eur_per_mwh=170)
    approve(correct(base, village), village)
    with pytest.raises(RunNotOpen, match="correction v1 is not issued yet"):
        reversal_of(base, village)
    assert SettlementRun.objects.filter(kind="reversal").count() == 0


def test_a_correction_approved_meanwhile_makes_the_reversal_stale(village, month):
    run = settle(reversal_of(month[0], village))
    ZonalPrice.objects.update(price_eur_per_mwh=160)
    approve(correct(month[0], village), village)
    with pytest.raises(RunChanged, match="Open it again"):
        approve(run, village)
    assert states()["reversal"] == "computed"


def test_the_database_lets_nothing_become_reversed_without_a_reversal(village, month):
    base, _correction = month
    with pytest.raises(DatabaseError, match="without an approved reversal"), transaction.atomic():
        SettlementRun.objects.filter(pk=base.pk).update(state="reversed")
    with pytest.raises(DatabaseError, match="without an approved reversal"), transaction.atomic():
        settle(reversal_of(base, village))
        SettlementRun.objects.filter(pk=base.pk).update(state="reversed")


def test_the_database_refuses_a_reversal_that_leaves_something(village, month):
    """Negative control: two payees of one contribution swapped, so that its sum still is nothing."""
    run = settle(reversal_of(month[0], village))
    first, second = LedgerEntry.objects.filter(run=run, contribution="premium").exclude(member=None).order_by("position")[:2]
    LedgerEntry.objects.filter(pk=first.pk).update(cents=first.cents + 1)
    LedgerEntry.objects.filter(pk=second.pk).update(cents=second.cents - 1)
    with pytest.raises(DatabaseError, match="leaves something of the premium"), transaction.atomic():
        approve(run, village)
    assert "reversed" not in states().values()
