"""Reminders look at what should exist: however often or late, doubled or out of order, the same rows; each is written once."""

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connections
from django.utils import translation

from apps.communities.models import Configuration, Role
from apps.invoicing.delivery import operations as mails
from apps.invoicing.delivery.models import MailMessage
from apps.invoicing.delivery.outcomes import failed, unknown
from apps.invoicing.delivery.queueing import queue_run
from apps.invoicing.payouts.models import PayoutBatch, PayoutSettings
from apps.invoicing.reminders import operations, providers
from apps.invoicing.reminders.models import Reminder
from apps.invoicing.reminders.operations import finish_reminder, keep_reminders, put_in_charge, write_reminder_letters
from apps.invoicing.reminders.providers import PROVIDERS, Provider, Thing
from apps.invoicing.reminders.texts import list_lines, say_reminder
from apps.settlement.models import RuleParameter, SettlementRun
from apps.settlement.proposals import propose_correction, withdraw_proposal
from tasks.mail import deliver
from tests.apps.invoicing import payout_rows
from tests.doors.portal.rows import approve, make_configuration, make_member, make_month, make_statement, make_user

pytestmark = pytest.mark.django_db
NOW = datetime(2024, 3, 1, 5, 0, tzinfo=UTC)  # TRASE of 2024 is known
Kind = Reminder.Kind


@pytest.fixture(autouse=True)
def _italian():
    with translation.override("it"):
        yield


@pytest.fixture
def configuration(db):
    made = make_configuration()
    Configuration.objects.update(starts_on=date(2023, 12, 1))
    return made


@pytest.fixture
def boss(configuration):
    return make_boss(configuration, "capo@alba.it")


def make_boss(configuration, email, kind=Role.Kind.ADMINISTRATOR):
    user = make_user(email, is_staff=True)
    Role.objects.create(user=user, community=configuration.community, kind=kind)
    return user


def only(kind):
    return [provider for provider in PROVIDERS if provider.kind == kind]


def keep(kind, as_of=NOW):
    keep_reminders(as_of=as_of, providers=only(kind))
    return list(Reminder.objects.filter(kind=kind, done_at__isnull=True))


def rows():
    return list(Reminder.objects.order_by("key").values("key", "facts", "due_on", "done_at", "done_by", "community"))


def at(day, month=3, year=2024):
    return datetime(year, month, day, 5, 0, tzinfo=UTC)


def test_a_month_without_an_approved_run_by_the_twentieth(configuration):
    assert keep(Kind.MONTH_MISSING, at(19, 1)) == []
    (december,) = keep(Kind.MONTH_MISSING, at(20, 1))
    assert (december.due_on, december.opened_at) == (date(2024, 1, 20), at(20, 1))
    assert say_reminder(december) == "CER-ALBA-A, dicembre 2023: nessuna regolazione approvata."
    run = make_month(configuration, date(2023, 12, 1), [make_member(configuration, "M1")], state="computed")
    assert len(keep(Kind.MONTH_MISSING, at(21, 1))) == 1
    approve(run)
    assert keep(Kind.MONTH_MISSING, at(22, 1)) == []
    december.refresh_from_db()
    assert (december.done_at, december.done_by) == (at(22, 1), None)


def test_a_month_of_which_only_gse_s_advance_was_settled_still_waits_for_its_measures(configuration):
    member = make_member(configuration, "M1")
    make_month(configuration, date(2023, 12, 1), [member], kind="advance")
    assert len(keep(Kind.MONTH_MISSING, at(20, 1))) == 1


def test_a_run_that_waits_for_its_approval_longer_than_three_days(configuration):
    run = make_month(configuration, date(2023, 12, 1), [make_member(configuration, "M1")], state="computed")
    done = run.succeeded_at
    assert done is not None
    assert keep(Kind.APPROVAL_WAITS, done + timedelta(days=2, hours=23)) == []
    (found,) = keep(Kind.APPROVAL_WAITS, done + timedelta(days=3))
    assert say_reminder(found) == "CER-ALBA-A, dicembre 2023: la regolazione (provvisoria) è calcolata e aspetta l’approvazione."
    approve(run)
    assert keep(Kind.APPROVAL_WAITS, done + timedelta(days=4)) == []


@pytest.mark.parametrize(
    ("first", "second", "waiting"),
    [
        ("provisional", "provisional", [2]),
        ("provisional", "final", [2]),
        ("final", "provisional", [1, 2]),  # the final one waits all the same
        ("advance", "provisional", [2]),
    ],
)
def test_a_run_is_made_needless_by_a_later_one_that_is_as_certain(configuration, first, second, waiting):
    members = [make_member(configuration, "M1")]
    runs = [
        make_month(configuration, date(2023, 12, 1), members, state="computed", kind=kind, version=number)
        for number, kind in enumerate((first, second), start=1)
    ]
    for number, run in enumerate(runs):
        SettlementRun.objects.filter(pk=run.pk).update(opened_at=at(3 + number, 1), succeeded_at=at(3 + number, 1))
    found = keep(Kind.APPROVAL_WAITS, at(20, 1))
    assert sorted(int(row.facts["run"]) for row in found) == [runs[number - 1].pk for number in waiting]


def test_a_run_issued_and_not_paid_for_thirty_days(configuration):
    run = make_month(configuration, date(2023, 12, 1), [make_member(configuration, "M1")], state="issued")
    assert run.issued_at is not None
    assert keep(Kind.PAYMENT_WAITS, run.issued_at + timedelta(days=29)) == []
    (found,) = keep(Kind.PAYMENT_WAITS, run.issued_at + timedelta(days=30))
    assert found.facts["run"] == str(run.pk)


def test_what_gse_should_have_published(configuration, boss):
    found = keep(Kind.GSE_EXPECTED, at(26, 2))
    assert [(row.due_on, row.facts["event"]) for row in found] == [(date(2024, 1, 25), "advance"), (date(2024, 2, 25), "advance")]
    assert say_reminder(found[1]) == (
        "CER-ALBA-A: l’acconto GSE di gennaio 2024 non risulta importato (atteso entro il 25/02/2024)."
    )
    finish_reminder(reminder_id=found[0].pk, done_by=boss, as_of=at(26, 2))
    assert len(keep(Kind.GSE_EXPECTED, at(27, 2))) == 1


def test_an_imported_publication_is_no_reminder(configuration, monkeypatch):
    monkeypatch.setattr(providers, "is_publication_imported", lambda *_: True)
    assert keep(Kind.GSE_EXPECTED, at(26, 2)) == []


def test_the_trase_of_a_new_year(configuration):
    assert keep(Kind.PARAMETER_MISSING, NOW) == []
    (found,) = keep(Kind.PARAMETER_MISSING, at(2, 1, 2025))
    assert (found.due_on, found.configuration) == (date(2025, 1, 31), None)
    RuleParameter.objects.create(
        key="trase_eur_per_mwh", valid_from=date(2025, 1, 1), valid_to=None, value="10", legal_source="prova"
    )
    assert keep(Kind.PARAMETER_MISSING, at(3, 1, 2025)) == []


def test_the_yearly_report_from_the_true_up_until_somebody_says_that_it_is_done(configuration, boss):
    assert keep(Kind.YEARLY_REPORT, at(14, 5)) == []
    (found,) = keep(Kind.YEARLY_REPORT, at(15, 5))
    assert (found.facts, found.due_on) == ({"year": "2023"}, date(2024, 6, 30))
    finish_reminder(reminder_id=found.pk, done_by=boss, as_of=at(16, 5))
    assert keep(Kind.YEARLY_REPORT, at(17, 5)) == []


def test_a_proposed_correction(configuration):
    run = make_month(configuration, date(2023, 12, 1), [make_member(configuration, "M1")])
    propose_correction(run=run, inputs_sha256="a" * 64, causes=["price"], as_of=NOW)
    assert len(keep(Kind.CORRECTION_WAITS)) == 1
    withdraw_proposal(run=run)
    assert keep(Kind.CORRECTION_WAITS, NOW + timedelta(days=1)) == []


def test_mails_in_trouble_close_by_themselves_and_come_back_only_when_there_is_more(configuration, boss):
    members = [make_member(configuration, f"M{n}", email=f"m{n}@posta.it") for n in (1, 2)]
    run = make_month(configuration, date(2023, 12, 1), members, state="issued")
    for member in members:
        make_statement(run, member)
    queue_run(run_id=run.pk, asked_by=boss, as_of=NOW)
    first, second = MailMessage.objects.order_by("member__code")

    def end(letter, outcome):
        claim = mails.claim_message(message_id=letter.pk, as_of=NOW)
        assert claim is not None
        mails.record_outcome(claim=claim, outcome=outcome, as_of=NOW)

    assert keep(Kind.MAIL_TROUBLE) == []
    end(first, unknown("?"))
    (found,) = keep(Kind.MAIL_TROUBLE)
    assert say_reminder(found) == "CER-ALBA-A, dicembre 2023: e-mail non arrivate o dall’esito ignoto: 1."
    finish_reminder(reminder_id=found.pk, done_by=boss, as_of=NOW)
    assert keep(Kind.MAIL_TROUBLE, NOW + timedelta(days=1)) == []
    end(second, failed("554"))
    (found,) = keep(Kind.MAIL_TROUBLE, NOW + timedelta(days=2))
    assert found.facts["count"] == "2"
    mails.send_failed_again(run_id=run.pk, asked_by=boss, as_of=NOW)
    (found,) = keep(Kind.MAIL_TROUBLE, NOW + timedelta(days=3))
    assert found.facts["count"] == "1"


def test_a_batch_for_the_bank_until_somebody_says_what_became_of_it():
    place = payout_rows.make_community()
    payout_rows.issue(place, {payout_rows.make_member(place, "M1"): 1_000})
    payout_rows.book(place)
    batch = payout_rows.make_batch(place)
    later = [payout_rows.NOW + timedelta(days=days) for days in range(4, 10)]
    assert keep(Kind.PAYOUT_WAITS, later[0]) == []
    (unsent,) = keep(Kind.PAYOUT_WAITS, later[1])
    assert (unsent.community, unsent.due_on) == (place.community, date(2023, 6, 6))
    assert say_reminder(unsent) == "Comunità CER-P: il file della distinta n. 1 non è stato scaricato."
    payout_rows.send(batch)
    (unconfirmed,) = keep(Kind.PAYOUT_WAITS, later[2])
    assert say_reminder(unconfirmed) == "Comunità CER-P: l’esito della distinta n. 1 in banca non è annotato."
    PayoutSettings.objects.create(community=place.community, remind_after_days=30)
    assert keep(Kind.PAYOUT_WAITS, later[3]) == []
    PayoutSettings.objects.update(remind_after_days=0)
    assert len(keep(Kind.PAYOUT_WAITS, later[4])) == 1
    payout_rows.confirm(batch)
    assert keep(Kind.PAYOUT_WAITS, later[5]) == []


def test_a_batch_whose_file_failed_is_told_at_once():
    place = payout_rows.make_community()
    payout_rows.issue(place, {payout_rows.make_member(place, "M1"): 1_000})
    payout_rows.book(place)
    PayoutBatch.objects.filter(pk=payout_rows.make_batch(place).pk).update(error="no")
    (failed_file,) = keep(Kind.PAYOUT_WAITS, payout_rows.NOW)
    assert say_reminder(failed_file) == ("Comunità CER-P: il file della distinta n. 1 non è riuscito; va annullata e rifatta.")


def test_once_three_times_or_out_of_order_the_rows_are_the_same(configuration, boss):
    keep_reminders(as_of=at(26, 2))
    first = rows()
    assert len(first) > 3
    for as_of in (at(26, 2), at(26, 2), at(26, 2) - timedelta(hours=1)):
        keep_reminders(as_of=as_of)
        assert rows() == first
    for as_of in (at(21, 1), at(19, 1), at(26, 2)):
        keep_reminders(as_of=as_of)
    assert [row for row in rows() if row["done_at"] is None] == first, "what a late tick of January saw is closed again"


def test_missed_ticks_are_made_good_by_the_next(configuration):
    for day in range(20, 27):
        keep_reminders(as_of=at(day, 2))
    daily = rows()
    Reminder.objects.all().delete()
    keep_reminders(as_of=at(26, 2))
    assert rows() == daily


def test_a_provider_that_fails_keeps_its_reminders_and_stops_nobody(configuration):
    keep_reminders(as_of=at(26, 2))
    before = rows()

    def fail(as_of):
        raise RuntimeError("the database of prices is away")

    broken = [Provider(provider.kind, fail) for provider in only(Kind.MONTH_MISSING)]
    keep_reminders(as_of=at(27, 2), providers=[*broken, *only(Kind.GSE_EXPECTED)])
    assert rows() == before


@pytest.mark.django_db(transaction=True)
def test_two_ticks_at_once_write_everything_once():
    configuration = make_configuration()
    make_boss(configuration, "capo@alba.it")
    barrier = threading.Barrier(4)

    def tick():
        barrier.wait()
        try:
            keep_reminders(as_of=NOW)
            write_reminder_letters(as_of=NOW)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=tick) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Reminder.objects.count() == len({row["key"] for row in rows()}) > 0
    assert MailMessage.objects.count() == 1


def keep_things(configuration, *names, as_of=NOW):
    """A provider that names these."""

    def look(_):
        return [Thing(name, configuration.community_id, date(2024, 3, 1), None, {"year": "2024"}) for name in names]

    keep_reminders(as_of=as_of, providers=[Provider(Kind.PARAMETER_MISSING, look)])


def newest() -> MailMessage:
    return MailMessage.objects.latest("pk")


def test_each_reminder_is_written_once_to_each_person_in_one_letter_a_day(configuration, boss, monkeypatch):
    make_boss(configuration, "conti@alba.it", Role.Kind.ACCOUNTANT)
    keep_things(configuration, "a", "b")
    assert [write_reminder_letters(as_of=NOW) for _ in range(3)] == [1, 0, 0]
    letter = MailMessage.objects.get()
    assert (letter.user, letter.address, len(list_lines(letter))) == (boss, "capo@alba.it", 2)
    keep_things(configuration, "a", "b", "c", as_of=NOW + timedelta(hours=1))
    assert write_reminder_letters(as_of=NOW + timedelta(hours=1)) == 0
    tomorrow = NOW + timedelta(days=1)
    assert [write_reminder_letters(as_of=tomorrow) for _ in range(2)] == [1, 0]
    assert len(list_lines(newest())) == 1
    assert write_reminder_letters(as_of=tomorrow + timedelta(days=1)) == 0


def test_who_wants_no_reminders_gets_none_also_when_the_letter_waits_already(
    configuration, boss, settings, mailoutbox, monkeypatch
):
    monkeypatch.setattr("tasks.mail.timezone.now", lambda: NOW)
    other = make_boss(configuration, "vice@alba.it")
    keep_things(configuration, "a")
    operations.choose_letters(user=other, community=configuration.community, wants_letters=False)
    write_reminder_letters(as_of=NOW)
    letter = MailMessage.objects.get()
    operations.choose_letters(user=boss, community=configuration.community, wants_letters=False)
    deliver(letter.pk)
    letter.refresh_from_db()
    assert (letter.state, mailoutbox) == ("withdrawn", [])


def test_a_letter_about_what_is_done_meanwhile_does_not_leave(configuration, boss, mailoutbox, monkeypatch):
    monkeypatch.setattr("tasks.mail.timezone.now", lambda: NOW)
    keep_things(configuration, "a")
    write_reminder_letters(as_of=NOW)
    keep_things(configuration, as_of=NOW + timedelta(minutes=1))
    deliver(MailMessage.objects.get().pk)
    assert MailMessage.objects.get().state == "withdrawn"


def test_the_letter_lists_what_waits(configuration, boss, mailoutbox, monkeypatch):
    monkeypatch.setattr("tasks.mail.timezone.now", lambda: NOW)
    keep_things(configuration, "a")
    write_reminder_letters(as_of=NOW)
    deliver(MailMessage.objects.get().pk)
    (sent,) = mailoutbox
    assert sent.subject == "Promemoria · CER Alba"
    assert "- CER Alba: manca la TRASE del 2024." in sent.body
    assert "Entro il 01/03/2024." in sent.body


def test_the_person_in_charge_gets_the_letters_from_their_day_on(configuration, boss):
    other = make_boss(configuration, "vice@alba.it")
    put_in_charge(community=configuration.community, user=other, from_day=date(2024, 3, 1))
    keep_things(configuration, "a")
    write_reminder_letters(as_of=NOW)
    assert MailMessage.objects.get().user == other
    Role.objects.filter(user=other).delete()
    keep_things(configuration, "a", "b", as_of=NOW + timedelta(days=1))
    write_reminder_letters(as_of=NOW + timedelta(days=1))
    assert newest().user == boss, "who has left is in charge of nothing"
    accountant = make_boss(configuration, "conti@alba.it", Role.Kind.ACCOUNTANT)
    with pytest.raises(operations.ReminderRefused):
        put_in_charge(community=configuration.community, user=accountant, from_day=date(2024, 4, 1))


def test_the_demo_of_a_run_that_was_reversed_waits_for_no_payment(configuration):
    run = make_month(configuration, date(2023, 12, 1), [make_member(configuration, "M1")], state="reversed")
    assert SettlementRun.objects.get(pk=run.pk).state == "reversed"
    assert keep(Kind.PAYMENT_WAITS, NOW + timedelta(days=99)) == []
