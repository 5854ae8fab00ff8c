"""The whole life of a month, from the advance to a reversal and settled anew: each euro counts once, wherever it is told."""

import json
from datetime import date, timedelta

import pytest
from django.db.models import Sum

from apps.communities.models import Community, Member
from apps.engine.inputs import Contribution
from apps.invoicing.accountancy.benefits import freeze_benefits
from apps.invoicing.accountancy.journal import freeze_journal, iterate_journal
from apps.invoicing.accountancy.ledger import sum_members
from apps.invoicing.accountancy.scope import Scope, list_counted_runs
from apps.invoicing.delivery.models import MailMessage
from apps.invoicing.delivery.operations import claim_message
from apps.invoicing.delivery.queueing import list_unsent, queue_statements
from apps.invoicing.issue_operations import issue_if_complete
from apps.invoicing.models import AccountMovement, IssuedDocument, PayoutTransfer
from apps.invoicing.operations import freeze_documents
from apps.invoicing.payouts import booking
from apps.invoicing.payouts import operations as payouts
from apps.invoicing.payouts.accounts import get_account, list_own_accounts
from apps.invoicing.payouts.plan import list_payable_runs, plan_batch
from apps.invoicing.reminders.providers import find_waiting_payments
from apps.portal.months import get_year
from apps.settlement import operations
from apps.settlement.audit.queries import get_last_sequence
from apps.settlement.gse.reconciling import get_reconciliation
from apps.settlement.models import LedgerEntry, SettlementRun, ZonalPrice
from apps.settlement.reversals import open_reversal
from tasks.exports import statement_from
from tasks.payouts import make_payout_file
from tests.apps.invoicing.payout_rows import make_iban
from tests.apps.settlement.corrected import NOW, approve, correct, settle
from tests.doors.backoffice.village import MONTH, make_measures, make_prices, make_village

pytestmark = pytest.mark.django_db
OUT = ("transfer", "return", "outside")
KINDS = ("advance", "provisional", "final", "correction", "reversal", "provisional", "final")


@pytest.fixture
def village():
    made = make_village()
    make_prices()
    make_measures(made)
    Community.objects.filter(pk=made.configuration.community_id).update(iban=make_iban(0))
    for place, member in enumerate(Member.objects.filter(community=made.configuration.community).order_by("code"), start=1):
        member.iban = make_iban(place)
        member.save()
    made.configuration.refresh_from_db()
    return made


def issue(run):
    """Documents frozen and printed, the run issued, its credits booked."""
    freeze_documents(run_id=run.pk, as_of=NOW)
    IssuedDocument.objects.filter(run=run).update(state="ready", sha256="1" * 64, path="x", size_bytes=1, rendered_at=NOW)
    assert issue_if_complete(run_id=run.pk, as_of=NOW)
    booking.book_credits(community_id=run.configuration.community_id, as_of=NOW)
    return SettlementRun.objects.select_related("configuration").get(pk=run.pk)


def opened(village, kind, base):
    if kind == "correction":
        return correct(base, village)
    if kind == "reversal":
        return settle(open_reversal(run_id=base.pk, opened_by=village.anna, reason="Cabina sbagliata", as_of=NOW))
    return settle(
        operations.open_run(configuration=village.configuration, month=MONTH, kind=kind, opened_by=village.anna, as_of=NOW)
    )


def pay(village):
    """Everything that can be paid, from the plan to the bank's word. Returns the cents that left."""
    community_id = village.configuration.community_id
    runs = list(list_payable_runs(community_id).values_list("pk", flat=True))
    plan = plan_batch(community_id=community_id, run_ids=runs, today=NOW.date())
    if not plan.paid:
        return 0
    batch = payouts.make_batch(
        community_id=community_id, run_ids=plan.run_ids, execute_on=NOW.date(), created_by=village.anna,
        seen_sha256=plan.sha256, as_of=NOW,
    )  # fmt: skip
    make_payout_file(batch.pk)
    payouts.hand_out_file(batch_id=batch.pk, downloaded_by=village.anna, as_of=NOW)
    payouts.confirm_execution(batch_id=batch.pk, executed_by=village.bruno, executed_on=NOW.date(), reference="CRO", as_of=NOW)
    return plan.total_cents


def ledger(**conditions):
    return int(LedgerEntry.objects.filter(**conditions).aggregate(sum=Sum("cents"))["sum"] or 0)


def assert_counted_once(village):
    """The ledger as a whole is the truth: it holds every run, and what was taken back sums to nothing."""
    configuration = village.configuration
    community = configuration.community
    members = ledger(member__isnull=False)
    accounts = ledger(member__isnull=True)
    of_member = {member: ledger(member=member) for member in Member.objects.filter(community=community).order_by("code")}
    for member, cents in of_member.items():
        assert get_year(member_id=member.pk, year=MONTH.year).total_cents == cents
        credited = AccountMovement.objects.filter(member=member, kind="credit").aggregate(sum=Sum("cents"))["sum"] or 0
        assert credited == cents
        statement = IssuedDocument.objects.filter(member=member, kind="statement").order_by("-pk").first()
        if statement is not None:
            assert sum(row.total_cents for row in statement_from(json.loads(statement.frozen)).year_rows) == cents
        lines = get_account(member_id=member.pk)
        left = AccountMovement.objects.filter(member=member, kind__in=OUT).aggregate(sum=Sum("cents"))["sum"] or 0
        assert (lines[-1].balance_cents if lines else 0) == cents + left
    assert sum(cents for _name, _contribution, cents in list_own_accounts(community_id=community.pk)) == accounts
    scope = Scope(community, date(2023, 1, 1), date(2024, 12, 31))
    counted = list_counted_runs(scope)
    assert ledger(run__in=counted) == members + accounts
    sums = sum_members(counted)
    assert sums["premium_cents"] + sums["valorisation_cents"] + sums["excess_cents"] == members
    report = freeze_benefits(configuration, MONTH.year)
    names = ("premium_cents", "valorisation_cents", "excess_cents")
    assert sum(row[name] for row in report["months"] for name in names) == members + accounts
    assert sum(row[name] for row in (*report["categories"], *report["accounts"]) for name in names) == members + accounts
    seen = get_reconciliation(configuration=configuration, year=MONTH.year, as_of=date(2024, 2, 1))
    february = next(month for month in seen.months if month.month == MONTH)
    posted = {name: ledger(contribution=name.value) for name in Contribution}
    month = seen.own.get(MONTH)
    assert {name: month.divided[name] if month else 0 for name in Contribution} == posted
    is_advance = month is not None and month.run.settled_as == "advance"
    own = {line.contribution: line.own_cents for line in february.lines}
    assert own == dict.fromkeys(Contribution) if is_advance or not month else own == posted
    documents: dict[str, int] = {}
    owed = 0
    for posting in iterate_journal(freeze_journal(scope)):
        documents[posting.document] = documents.get(posting.document, 0) + posting.cents
        owed += -posting.cents if posting.account_key.startswith("members") else 0
    assert set(documents.values()) <= {0}
    assert owed == sum(of_member.values()) + sum(AccountMovement.objects.filter(kind__in=OUT).values_list("cents", flat=True))


@pytest.mark.parametrize("pays_after", [KINDS, ("advance", "correction")])
def test_each_euro_counts_once_after_every_step(village, pays_after):
    base, paid = None, 0
    prices = iter((150, 150, 170, 160, 150, 140, 170))
    for kind in KINDS:
        ZonalPrice.objects.update(price_eur_per_mwh=next(prices))
        run = issue(approve(opened(village, kind, base), village))
        base = run.corrects or run
        assert_counted_once(village)
        (told,) = freeze_benefits(village.configuration, MONTH.year)["months"] if kind != "reversal" else ({"kind": "reversal"},)
        assert told["kind"] == ("final" if kind == "correction" else kind)
        if kind in pays_after:
            paid += pay(village)
            assert_counted_once(village)
    assert ledger() == 2240 + 190
    transfers = sum(AccountMovement.objects.filter(kind="transfer").values_list("cents", flat=True))
    assert transfers == -paid


def test_a_final_run_without_a_difference_ends_what_is_provisional_and_waits_for_no_payment(village):
    member = Member.objects.get(community=village.configuration.community, code="M2")
    provisional = issue(approve(opened(village, "provisional", None), village))
    assert get_year(member_id=member.pk, year=2023).has_provisional
    late = NOW + timedelta(days=40)
    assert [thing.key for thing in find_waiting_payments(late)] == [str(provisional.pk)]
    final = issue(approve(opened(village, "final", provisional), village))
    assert not LedgerEntry.objects.filter(run=final, member__isnull=False).exists()
    assert not get_year(member_id=member.pk, year=2023).has_provisional
    assert [thing.key for thing in find_waiting_payments(late)] == [str(provisional.pk)]
    issue(approve(opened(village, "reversal", provisional), village))
    assert list(find_waiting_payments(late)) == []


def test_the_yearly_report_calls_a_month_by_what_settled_it_last(village):
    advance = issue(approve(opened(village, "advance", None), village))
    report = freeze_benefits(village.configuration, 2023)
    assert [row["kind"] for row in report["months"]] == ["advance"]
    assert report["excess_sets"] == []
    issue(approve(opened(village, "final", advance), village))
    assert [row["kind"] for row in freeze_benefits(village.configuration, 2023)["months"]] == ["final"]


def test_nobody_is_paid_for_a_month_that_was_taken_back_while_its_reversal_is_printed(village):
    base = issue(approve(opened(village, "provisional", None), village))
    community_id = village.configuration.community_id
    assert list(list_payable_runs(community_id)) == [base]
    reversal = approve(opened(village, "reversal", base), village)
    assert list(list_payable_runs(community_id)) == []
    assert plan_batch(community_id=community_id, run_ids=[base.pk], today=NOW.date()).lines == ()
    issue(reversal)
    assert {run.pk for run in list_payable_runs(community_id)} == {base.pk, reversal.pk}
    assert pay(village) == 0


def test_a_month_taken_back_while_its_transfers_are_on_the_way_is_a_debt_until_the_next_credit(village):
    community_id = village.configuration.community_id
    base = issue(approve(opened(village, "provisional", None), village))
    plan = plan_batch(community_id=community_id, run_ids=[base.pk], today=NOW.date())
    batch = payouts.make_batch(
        community_id=community_id, run_ids=[base.pk], execute_on=NOW.date(), created_by=village.anna,
        seen_sha256=plan.sha256, as_of=NOW,
    )  # fmt: skip
    make_payout_file(batch.pk)
    payouts.hand_out_file(batch_id=batch.pk, downloaded_by=village.anna, as_of=NOW)
    issue(approve(opened(village, "reversal", base), village))
    assert payouts.confirm_execution(
        batch_id=batch.pk, executed_by=village.bruno, executed_on=NOW.date(), reference="CRO", as_of=NOW
    ) == []  # fmt: skip
    assert SettlementRun.objects.get(pk=base.pk).state == "reversed"
    assert sum(AccountMovement.objects.values_list("cents", flat=True)) == -plan.total_cents
    assert_counted_once(village)
    transfer = batch.transfers.get(member__code="M2")
    payouts.note_return(transfer_id=transfer.pk, returned_on=NOW.date(), code="MS03", returned_by=village.bruno, as_of=NOW)
    assert sum(AccountMovement.objects.filter(member=transfer.member_id).values_list("cents", flat=True)) == 0
    assert_counted_once(village)
    assert pay(village) == 0
    issue(approve(opened(village, "provisional", None), village))
    left = pay(village)
    assert left == transfer.cents
    assert_counted_once(village)


def test_a_run_paid_by_other_means_then_corrected_and_reversed(village):
    base = issue(approve(opened(village, "provisional", None), village))
    booking.mark_paid_outside(
        run_id=base.pk, paid_by=village.anna, paid_on=NOW.date(), reference="CRO", seen_sha256=base.result_sha256,
        seen_sequence=get_last_sequence(base), as_of=NOW,
    )  # fmt: skip
    assert_counted_outside(village, 0)
    ZonalPrice.objects.update(price_eur_per_mwh=170)
    correction = issue(approve(opened(village, "correction", base), village))
    assert_counted_outside(village, ledger(run=correction, member__isnull=False))
    paid = ledger(run=base, member__isnull=False)
    issue(approve(opened(village, "reversal", base), village))
    assert_counted_outside(village, -paid)
    assert list(list_unsent().values_list("run__kind", flat=True).distinct()) in ([], ["reversal"])


def assert_counted_outside(village, owed):
    booking.book_credits(community_id=village.configuration.community_id, as_of=NOW)
    assert sum(AccountMovement.objects.values_list("cents", flat=True)) == owed


def test_statements_of_what_was_taken_back_are_not_sent_and_that_of_the_reversal_is(village):
    Member.objects.filter(code="M2").update(email="m2@example.org")
    base = issue(approve(opened(village, "provisional", None), village))
    assert queue_statements(as_of=NOW) == 1
    reversal = issue(approve(opened(village, "reversal", base), village))
    assert queue_statements(as_of=NOW) == 1
    claims = [claim_message(message_id=one.pk, as_of=NOW) for one in MailMessage.objects.order_by("pk")]
    assert [claim is None for claim in claims] == [True, False]
    assert dict(MailMessage.objects.values_list("document__run", "state")) == {base.pk: "withdrawn", reversal.pk: "sending"}


def test_a_journal_that_was_frozen_says_the_same_after_a_return_and_a_reversal(village):
    base = issue(approve(opened(village, "provisional", None), village))
    pay(village)
    frozen = json.loads(json.dumps(freeze_journal(Scope(village.configuration.community, date(2023, 1, 1), NOW.date()))))
    before = list(iterate_journal(frozen))
    assert {posting.account_key for posting in before} >= {"bank", "members:premium", "members:valorisation", "gse:premium"}
    transfer = PayoutTransfer.objects.get(member__code="M3")
    payouts.note_return(transfer_id=transfer.pk, returned_on=NOW.date(), code="MS03", returned_by=village.bruno, as_of=NOW)
    ZonalPrice.objects.update(price_eur_per_mwh=170)
    issue(approve(opened(village, "final", base), village))
    pay(village)
    issue(approve(opened(village, "reversal", SettlementRun.objects.get(pk=base.pk)), village))
    assert list(iterate_journal(frozen)) == before
    assert_counted_once(village)
