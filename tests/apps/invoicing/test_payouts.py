"""From a credit to the bank and back: who is paid what, who is not and why, and nobody twice."""

import xml.etree.ElementTree as ET
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation

from apps.invoicing.models import AccountMovement, PayoutBatch, PayoutTransfer
from apps.invoicing.payouts import booking, operations
from apps.invoicing.payouts.accounts import get_account, get_own_account, list_own_accounts
from apps.invoicing.payouts.errors import (
    BatchNotOpen,
    ExecutionRefused,
    NothingToPay,
    PayerIncomplete,
    PlanChanged,
    RunInBatch,
    SamePerson,
)
from apps.settlement import issue_operations
from apps.settlement.audit.queries import get_last_sequence
from apps.settlement.models import AuditEntry, SettlementRun
from tasks.payouts import book_credits, complete_files, make_payout_file, render_batch
from tests.apps.invoicing.payout_rows import (
    NOW,
    TODAY,
    book,
    confirm,
    issue,
    make_batch,
    make_community,
    make_iban,
    make_member,
    make_user,
    pay,
    plan,
    send,
    send_back,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def place():
    return make_community()


def balance(member) -> int:
    return sum(AccountMovement.objects.filter(member=member).values_list("cents", flat=True))


def said(found) -> list[tuple[str, int, str]]:
    return [(line.code, line.cents, line.reason) for line in found.lines]


def state_of(run: SettlementRun) -> str:
    return SettlementRun.objects.get(pk=run.pk).state


def test_an_issued_run_is_credited_once_and_a_mere_approval_never(place):
    ada, ugo = make_member(place, "M1"), make_member(place, "M2")
    issue(place, {ada: 700, ugo: 0}, to_account=300)
    approved = issue(place, {ada: 5}, month=date(2023, 2, 1))
    SettlementRun.objects.filter(pk=approved.pk)  # stays issued; the next one is only approved
    book_credits()
    book_credits()
    rows = AccountMovement.objects.order_by("pk").values_list("member__code", "kind", "cents", "day")
    assert list(rows) == [("M1", "credit", 700, date(2023, 5, 31)), ("M1", "credit", 5, date(2023, 5, 31))]


def test_a_batch_from_the_plan_to_the_confirmed_payment(place):
    ada, ugo = make_member(place, "M1"), make_member(place, "M2")
    run = issue(place, {ada: 700, ugo: 1}, to_account=300)
    book(place)
    batch = make_batch(place)
    assert (batch.state, batch.total_cents, batch.transfers_count) == ("draft", 701, 2)
    content = send(batch)
    batch.refresh_from_db()
    assert (batch.state, batch.downloaded_by, batch.dialect) == ("ready", make_user("anna"), "iso")
    root = ET.fromstring(content)
    assert [one.text for one in root.iter() if one.tag.endswith("InstdAmt")] == ["7.00", "0.01"]
    assert {one.text for one in root.iter() if one.tag.endswith("CtrlSum")} == {"7.01"}
    assert (balance(ada), balance(ugo), state_of(run)) == (700, 1, "issued")
    assert confirm(batch) == [run]
    assert (balance(ada), balance(ugo), state_of(run)) == (0, 0, "paid")
    run.refresh_from_db()
    assert (run.paid_on, run.payment_reference, run.paid_by) == (TODAY, "CRO 1", make_user("bruno"))
    assert AuditEntry.objects.filter(action="pay", run_number=run.pk).count() == 1
    assert said(plan(place)) == []


def test_the_same_file_is_made_and_handed_out_again(place):
    issue(place, {make_member(place, "M1"): 700})
    book(place)
    batch = make_batch(place)
    first = send(batch)
    make_payout_file(batch.pk)
    batch.refresh_from_db()
    assert (
        operations.hand_out_file(batch_id=batch.pk, downloaded_by=make_user("bruno"), as_of=NOW) == first == render_batch(batch)
    )
    batch.refresh_from_db()
    assert (batch.downloaded_by, PayoutBatch.objects.count()) == (make_user("anna"), 1)


@pytest.mark.parametrize(
    ("dialect", "root"), [("iso", "Document"), ("cbi", "CBIPaymentRequest"), ("cbi_old", "CBIPaymentRequest")]
)
def test_each_community_speaks_the_dialect_of_its_bank(place, dialect, root):
    operations.save_settings(
        community_id=place.community_id, minimum_cents=0, dialect=dialect, cuc="0123ABCD", bic="", remind_after_days=5
    )
    issue(place, {make_member(place, "M1"): 700})
    book(place)
    assert ET.fromstring(send(make_batch(place))).tag.endswith("}" + root)


def test_who_is_not_paid_is_listed_with_the_reason_and_stays_credited(place):
    operations.save_settings(
        community_id=place.community_id, minimum_cents=500, dialect="iso", cuc="", bic="", remind_after_days=5
    )
    rich, poor, gone, debtor, nowhere = (
        make_member(place, "M1"),
        make_member(place, "M2"),
        make_member(place, "M3", left_on=date(2023, 5, 31)),
        make_member(place, "M4"),
        make_member(place, "M5", iban=""),
    )
    run = issue(place, {rich: 500, poor: 499, gone: 1, debtor: -20, nowhere: 900})
    batch = pay(place)
    assert [(t.member.code, t.cents) for t in batch.transfers.order_by("pk")] == [("M1", 500), ("M3", 1)]
    assert batch.carried == [
        [poor.pk, 499, "below_minimum"], [debtor.pk, -20, "negative"], [nowhere.pk, 900, "no_iban"],
    ]  # fmt: skip
    assert (balance(poor), balance(debtor), balance(nowhere), state_of(run)) == (499, -20, 900, "issued")
    second = issue(place, {poor: 1, debtor: 50}, month=date(2023, 2, 1))
    nowhere.iban = make_iban(77)
    nowhere.save()
    batch = pay(place)
    assert [(t.member.code, t.cents) for t in batch.transfers.order_by("pk")] == [("M2", 500), ("M5", 900)]
    assert said(plan(place)) == [("M4", 30, "below_minimum")]
    assert (state_of(run), state_of(second)) == ("paid", "issued"), "M4 is still owed thirty cents of the second"


def test_what_a_correction_takes_back_is_carried_and_never_a_transfer(place):
    ada, ugo = make_member(place, "M1"), make_member(place, "M2")
    run = issue(place, {ada: 700, ugo: 100})
    pay(place)
    correction = issue(place, {ada: -300, ugo: 40}, kind="correction", corrects=run)
    batch = pay(place)
    assert [(t.member.code, t.cents) for t in batch.transfers.order_by("pk")] == [("M2", 40)]
    assert (balance(ada), state_of(correction)) == (-300, "paid")
    issue(place, {ada: 450}, month=date(2023, 2, 1))
    assert [t.cents for t in pay(place).transfers.all()] == [150]


def test_runs_that_are_not_chosen_are_held_back_but_what_they_take_back_is_not_paid_out(place):
    ada, ugo = make_member(place, "M1"), make_member(place, "M2")
    january = issue(place, {ada: 700, ugo: 700})
    february = issue(place, {ada: 50, ugo: -100}, month=date(2023, 2, 1))
    batch = pay(place, [january])
    assert [(t.member.code, t.cents, t.held_cents) for t in batch.transfers.order_by("pk")] == [("M1", 700, 50), ("M2", 600, 0)]
    assert (state_of(january), state_of(february)) == ("paid", "issued")
    assert [t.cents for t in pay(place, [february]).transfers.all()] == [50]
    assert (balance(ada), balance(ugo), state_of(february)) == (0, 0, "paid")


def test_a_final_run_adds_its_difference_and_a_reversal_takes_all_of_it_back(place):
    ada = make_member(place, "M1")
    provisional = issue(place, {ada: 700})
    pay(place)
    issue(place, {ada: 20}, kind="correction", corrects=provisional)
    book(place)
    issue(place, {ada: 40}, kind="final", corrects=provisional)
    assert [t.cents for t in pay(place).transfers.all()] == [60]
    issue(place, {ada: -760}, kind="reversal", corrects=provisional)
    book(place)
    assert (balance(ada), said(plan(place))[0][1]) == (-760, -760)
    kinds = list(AccountMovement.objects.order_by("pk").values_list("kind", "cents"))
    assert kinds == [
        ("credit", 700), ("transfer", -700), ("credit", 20), ("credit", 40), ("transfer", -60), ("credit", -760),
    ]  # fmt: skip


def test_a_returned_transfer_is_owed_again_and_paid_once_to_the_new_account(place):
    ada, ugo = make_member(place, "M1"), make_member(place, "M2")
    run = issue(place, {ada: 700, ugo: 100})
    batch = pay(place)
    send_back(batch, ada)
    assert (balance(ada), said(plan(place))) == (700, [("M1", 700, "returned")])
    with pytest.raises(BatchNotOpen):
        send_back(batch, ada)
    with pytest.raises(NothingToPay):
        make_batch(place)
    ada.iban = make_iban(99)
    ada.save()
    again = pay(place)
    assert [(t.cents, t.iban) for t in again.transfers.all()] == [(700, make_iban(99))]
    assert (balance(ada), state_of(run), said(plan(place))) == (0, "paid", [])
    assert [(line.cents, line.balance_cents) for line in get_account(member_id=ada.pk)] == [
        (700, 700), (-700, 0), (700, 700), (-700, 0),
    ]  # fmt: skip


def test_a_return_for_another_reason_may_go_to_the_same_account(place):
    ada = make_member(place, "M1")
    issue(place, {ada: 700})
    batch = pay(place)
    send_back(batch, ada, "MS03")
    assert said(plan(place)) == [("M1", 700, "")]


def test_what_is_on_the_way_is_in_no_other_batch(place):
    ada, ugo = make_member(place, "M1"), make_member(place, "M2")
    issue(place, {ada: 700})
    book(place)
    first = make_batch(place)
    issue(place, {ada: 30, ugo: 5}, month=date(2023, 2, 1))
    book(place)
    second = make_batch(place)
    assert [(t.member.code, t.cents) for t in second.transfers.all()] == [("M2", 5)]
    send(first)
    confirm(first)
    assert said(plan(place)) == [("M1", 30, ""), ("M2", 5, "on_the_way")]


def test_a_discarded_batch_gives_everything_back(place):
    ada = make_member(place, "M1")
    run = issue(place, {ada: 700})
    book(place)
    batch = make_batch(place)
    send(batch)
    with pytest.raises(SamePerson):
        operations.discard_batch(batch_id=batch.pk, discarded_by=make_user("anna"), reason="x", as_of=NOW)
    with pytest.raises(ExecutionRefused):
        operations.discard_batch(batch_id=batch.pk, discarded_by=make_user("bruno"), reason=" ", as_of=NOW)
    operations.discard_batch(batch_id=batch.pk, discarded_by=make_user("bruno"), reason="La banca l'ha rifiutata.", as_of=NOW)
    with pytest.raises(BatchNotOpen):
        confirm(batch)
    assert (balance(ada), state_of(run)) == (700, "issued")
    assert [t.cents for t in pay(place).transfers.all()] == [700]
    assert balance(ada) == 0


def test_who_made_it_does_not_confirm_it_and_nobody_before_it_was_handed_out(place):
    issue(place, {make_member(place, "M1"): 700})
    book(place)
    batch = make_batch(place)
    make_payout_file(batch.pk)
    with pytest.raises(BatchNotOpen):
        confirm(batch)
    send(batch)
    with pytest.raises(SamePerson):
        confirm(batch, by="anna")
    for day, reference in ((date(2023, 5, 31), "CRO"), (date(2023, 6, 2), "CRO"), (TODAY, "  ")):
        with pytest.raises(ExecutionRefused):
            operations.confirm_execution(
                batch_id=batch.pk, executed_by=make_user("bruno"), executed_on=day, reference=reference, as_of=NOW
            )
    batch.refresh_from_db()
    assert (batch.state, AccountMovement.objects.filter(kind="transfer").count()) == ("ready", 0)


def test_a_plan_that_is_another_by_now_makes_no_batch(place):
    ada = make_member(place, "M1")
    issue(place, {ada: 700})
    book(place)
    seen = plan(place)
    ada.iban = make_iban(50)
    ada.save()
    with pytest.raises(PlanChanged):
        operations.make_batch(
            community_id=place.community_id, run_ids=seen.run_ids, execute_on=TODAY, created_by=make_user("anna"),
            seen_sha256=seen.sha256, as_of=NOW,
        )  # fmt: skip
    assert not PayoutBatch.objects.exists()


def test_a_community_without_an_account_pays_nobody(place):
    issue(place, {make_member(place, "M1"): 700})
    book(place)
    place.community.iban = ""
    place.community.save()
    with pytest.raises(PayerIncomplete):
        make_batch(place)
    assert not PayoutTransfer.objects.exists()


def test_a_batch_that_no_bank_could_read_says_why_and_waits(place, monkeypatch):
    ada = make_member(place, "M1")
    ada.name = "Лев Толстой"
    ada.save()
    issue(place, {ada: 700})
    book(place)
    batch = make_batch(place)
    make_payout_file(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.sha256) == ("draft", "")
    assert "Latin letters" in batch.error
    sent: list[int] = []
    monkeypatch.setattr(make_payout_file, "delay", sent.append)
    complete_files()
    assert sent == []
    operations.discard_batch(batch_id=batch.pk, discarded_by=make_user("anna"), reason="nome", as_of=NOW)
    assert said(plan(place)) == [("M1", 700, "")]


def test_a_run_paid_by_hand_is_paid_by_no_batch(place):
    ada = make_member(place, "M1")
    run = issue(place, {ada: 700})
    payment: dict[str, Any] = {
        "run_id": run.pk, "paid_by": make_user("bruno"), "paid_on": TODAY, "reference": "CRO 9", "seen_sha256": "2" * 64,
        "seen_sequence": get_last_sequence(run), "as_of": NOW,
    }  # fmt: skip
    booking.mark_paid_outside(**payment)
    assert (balance(ada), state_of(run), said(plan(place))) == (0, "paid", [])
    book(place)
    assert balance(ada) == 0
    other = issue(place, {ada: 5}, month=date(2023, 2, 1))
    issue_operations.mark_paid(**{**payment, "run_id": other.pk, "seen_sequence": get_last_sequence(other)})
    book(place)
    book(place)
    assert (balance(ada), said(plan(place))) == (0, [])


def test_a_run_in_a_batch_is_not_paid_by_hand(place):
    ada = make_member(place, "M1")
    run = issue(place, {ada: 700})
    book(place)
    make_batch(place)
    with pytest.raises(RunInBatch):
        booking.mark_paid_outside(
            run_id=run.pk, paid_by=make_user("bruno"), paid_on=TODAY, reference="CRO 9", seen_sha256="2" * 64,
            seen_sequence=get_last_sequence(run), as_of=NOW,
        )  # fmt: skip
    assert (state_of(run), balance(ada)) == ("issued", 700)


def test_the_community_reads_its_own_accounts(place):
    ada = make_member(place, "M1")
    issue(place, {ada: 700}, to_account=300)
    february = issue(place, {ada: 70}, month=date(2023, 2, 1), to_account=-30)
    issue(place, {ada: 10}, month=date(2023, 2, 1), kind="final", corrects=february, to_account=50)
    assert list_own_accounts(community_id=place.community_id) == [("management", "premium", 320)]
    lines = get_own_account(community_id=place.community_id, account="management")
    assert [(line.cents, line.balance_cents, line.contribution) for line in lines] == [
        (300, 300, "premium"),
        (-30, 270, "premium"),
        (50, 320, "premium"),
    ]


def test_control_sum_is_what_python_adds_up(place):
    members = [make_member(place, f"M{number}") for number in range(12)]
    issue(place, {member: 3**place_ for place_, member in enumerate(members)})
    book(place)
    root = ET.fromstring(send(make_batch(place)))
    amounts = [Decimal(one.text or "") for one in root.iter() if one.tag.endswith("InstdAmt")]
    assert sum(amounts) == Decimal((3**12 - 1) // 2).scaleb(-2)
