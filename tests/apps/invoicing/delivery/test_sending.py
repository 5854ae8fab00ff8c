"""Letters go out once, say the right thing, and every refusal of a real mail server ends in the right state."""

from datetime import timedelta

import pytest
from django.db import Error, connection, transaction

from apps.communities.models import Community
from apps.invoicing.delivery import operations, queueing
from apps.invoicing.delivery.choices import choose_for_member, switch_statements
from apps.invoicing.delivery.models import CommunityDelivery, MailMessage, MailStep
from apps.settlement.archive import locate
from tasks import mail
from tests.apps.invoicing.delivery.conftest import LATER, NOW, PDF, letter_of, steps_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at(monkeypatch):
    monkeypatch.setattr("tasks.mail.timezone.now", lambda: NOW)


@pytest.fixture
def queued(world):
    queueing.queue_statements(as_of=NOW)
    return letter_of(world[1][0])


def deliver(message, times=1):
    for _ in range(times):
        mail.deliver(message.pk)
    message.refresh_from_db()
    return message


def plain(letter):
    return letter.get_body(("plain",)).get_content()


def test_a_statement_goes_out_once_with_a_link_and_without_amounts(world, queued, postman):
    _run, (member,), (document,) = world
    assert deliver(queued, times=3).state == "sent"
    assert (len(postman.taken), postman.conversations) == (1, 1)
    letter = postman.letters[0]
    assert postman.envelopes == [("noreply@cer.alba.it", "m1@posta.alba.it")]
    assert letter["Subject"] == "Rendiconto di marzo 2023 · CER Alba"
    assert letter["From"].addresses[0].display_name == "CER Alba"
    assert letter["From"].addresses[0].addr_spec == "noreply@cer.alba.it"
    assert (letter["To"], letter["Reply-To"]) == ("m1@posta.alba.it", "soci@example.org")
    assert letter["Message-ID"] == f"<cer.statement.{queued.pk}.1@cer.alba.it>"
    assert letter["Auto-Submitted"] == "auto-generated"
    text = plain(letter)
    assert f"https://cer.alba.it/statements/{document.pk}/" in text
    assert f"https://cer.alba.it/members/{member.pk}/mail/" in text
    assert "€" not in text
    assert [part.get_content_type() for part in letter.iter_attachments()] == []
    html = letter.get_body(("html",)).get_content()
    assert "<img" not in html
    assert "src=" not in html
    assert steps_of(queued) == ["queued", "sending", "sent"]
    assert (queued.sent_at, queued.attempts, queued.claim) == (NOW, 1, None)


def test_the_statement_is_attached_where_the_community_wants_it(world, clerk, postman):
    _run, (member,), _ = world
    switch_statements(community=member.community, statements="attach", changed_by=clerk, as_of=NOW)
    queueing.queue_statements(as_of=NOW)
    deliver(letter_of(member))
    (part,) = postman.letters[0].iter_attachments()
    assert (part.get_content_type(), part.get_filename()) == ("application/pdf", "rendiconto-2023-03-cer-alba-a-m1.pdf")
    assert part.get_content() == PDF


def test_an_altered_statement_is_not_sent(world, clerk, postman):
    _run, (member,), (document,) = world
    switch_statements(community=member.community, statements="attach", changed_by=clerk, as_of=NOW)
    queueing.queue_statements(as_of=NOW)
    path = locate(document.path)
    path.chmod(0o600)
    path.write_bytes(b"%PDF another")
    assert deliver(letter_of(member)).state == "failed"
    assert postman.conversations == 0


def test_a_member_gets_letters_in_their_language(world, clerk, postman):
    _run, (member,), _ = world
    choose_for_member(member=member, wants_statements=True, language="en", changed_by=clerk, as_of=NOW)
    queueing.queue_statements(as_of=NOW)
    deliver(letter_of(member))
    assert postman.letters[0]["Subject"] == "Statement for March 2023 · CER Alba"
    assert plain(postman.letters[0]).startswith("Good morning,")


def test_a_hostile_name_stays_in_its_header(world, queued, postman):
    Community.objects.filter(pk=queued.community_id).update(name="CER\r\nBcc: all@x.it <b>", contact_email="")
    assert deliver(queued).state == "sent"
    letter = postman.letters[0]
    assert letter["Bcc"] is None
    assert letter["From"].addresses[0].display_name == "CER Bcc: all@x.it <b>"
    assert "&lt;b&gt;" in letter.get_body(("html",)).get_content()


@pytest.mark.parametrize(
    ("answers", "hangs_up_at", "state", "taken"),
    [
        ({"RCPT": "550 no such user"}, "", "bounced", 0),
        ({"RCPT": "451 greylisted"}, "", "queued", 0),
        ({"MAIL": "550 who are you"}, "", "failed", 0),
        ({"MAIL": "421 busy"}, "", "queued", 0),
        ({"DATA": "554 no"}, "", "failed", 0),
        ({".": "552 too big"}, "", "failed", 0),
        ({".": "452 disk full"}, "", "queued", 0),
        ({}, "EHLO", "queued", 0),
        ({}, "RCPT", "queued", 0),
        ({}, "DATA", "queued", 0),
        ({}, ".", "unknown", 1),
    ],
)
def test_what_the_server_says_decides_the_state(queued, postman, answers, hangs_up_at, state, taken):
    postman.answers, postman.hangs_up_at = answers, hangs_up_at
    assert deliver(queued, times=2).state == state
    assert len(postman.taken) == taken
    assert steps_of(queued) == ["queued", "sending", state]
    assert queued.detail


def test_no_server_at_all_is_tried_again_later_and_given_up_after_eight_times(queued, postman, settings, monkeypatch):
    settings.EMAIL_PORT = 1
    moment = NOW
    waits = []
    for _ in range(20):
        monkeypatch.setattr("tasks.mail.timezone.now", lambda: moment)  # noqa: B023
        deliver(queued)
        if queued.state != "queued":
            break
        waits.append(queued.due_at - moment)
        moment = queued.due_at
    assert waits == list(operations.RETRY_AFTER)
    assert (queued.state, queued.attempts) == ("failed", 8)


def test_a_letter_is_not_due_before_its_time(queued, postman):
    postman.answers = {"RCPT": "451 later"}
    assert deliver(queued).due_at == NOW + timedelta(minutes=1)
    postman.answers = {}
    assert deliver(queued, times=3).state == "queued"
    assert postman.conversations == 1


def test_addresses_of_examples_never_reach_a_mail_server(world, postman):
    _run, (member,), _ = world
    type(member).objects.filter(pk=member.pk).update(email="m1@demo.example")
    queueing.queue_statements(as_of=NOW)
    assert deliver(letter_of(member)).state == "withdrawn"
    assert postman.conversations == 0


def test_queued_once_however_often_somebody_looks(world):
    assert [queueing.queue_statements(as_of=NOW) for _ in range(3)] == [1, 0, 0]
    assert (MailMessage.objects.count(), MailStep.objects.count()) == (1, 1)


def test_what_was_issued_long_ago_waits_for_a_person(world, clerk):
    run, *_ = world
    late = NOW + timedelta(days=60)
    assert queueing.queue_statements(as_of=late) == 0
    assert queueing.queue_run(run_id=run.pk, asked_by=clerk, as_of=late) == 1
    assert MailStep.objects.get().user == clerk


def test_what_was_issued_while_it_was_off_is_not_sent_by_itself(world, clerk):
    _run, (member,), _ = world
    switch_statements(community=member.community, statements="off", changed_by=clerk, as_of=NOW)
    assert queueing.queue_statements(as_of=NOW) == 0
    switch_statements(community=member.community, statements="link", changed_by=clerk, as_of=LATER)
    assert queueing.queue_statements(as_of=LATER) == 0
    assert CommunityDelivery.objects.get().sends_since == LATER


def test_between_link_and_attachment_nothing_is_forgotten(world, clerk):
    _run, (member,), _ = world
    for way in ("attach", "link", "attach"):
        switch_statements(community=member.community, statements=way, changed_by=clerk, as_of=LATER)
    assert queueing.queue_statements(as_of=LATER) == 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_who_does_not_want_letters_gets_none(world, clerk, postman, when):
    _run, (member,), _ = world
    if when == "after":
        queueing.queue_statements(as_of=NOW)
    choose_for_member(member=member, wants_statements=False, language="it", changed_by=clerk, as_of=NOW)
    queueing.queue_statements(as_of=NOW)
    if when == "before":
        assert not MailMessage.objects.exists()
    else:
        assert deliver(letter_of(member)).state == "withdrawn"
    assert postman.conversations == 0


def test_steps_are_history_also_for_raw_sql(queued):
    for sql in ("UPDATE invoicing_mailstep SET detail = 'x'", "DELETE FROM invoicing_mailstep"):
        with pytest.raises(Error, match="is history"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    assert steps_of(queued) == ["queued"]


def test_the_timetable_wakes_a_worker_for_what_is_due_and_calls_the_dead_unknown(queued, monkeypatch, caplog):
    woken = []
    monkeypatch.setattr(mail.deliver, "apply_async", lambda args, **options: woken.append((args, options["expires"])))
    mail.send_waiting()
    assert woken == [((queued.pk,), mail.FORGOTTEN_S)]
    operations.claim_message(message_id=queued.pk, as_of=NOW - timedelta(minutes=16))
    mail.send_waiting()
    assert len(woken) == 2, "claimed too early: it was not due yet"
    assert operations.claim_message(message_id=queued.pk, as_of=NOW) is not None
    monkeypatch.setattr("tasks.mail.timezone.now", lambda: NOW + timedelta(minutes=16))
    mail.send_waiting()
    queued.refresh_from_db()
    assert (queued.state, len(woken)) == ("unknown", 2)
    assert "1 letters are of unknown outcome" in caplog.text


def test_an_address_that_is_none_or_two_is_a_clean_failure(queued, postman):
    MailMessage.objects.filter(pk=queued.pk).update(address="a@posta.it, b@posta.it")
    assert deliver(queued).state == "failed"
    assert postman.taken == []
