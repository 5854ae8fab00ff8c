"""What people decide about letters: again or not, arrived or come back; never from a stale screen, never without a trace."""

from uuid import uuid4

import pytest

from apps.communities.models import Member
from apps.invoicing.delivery import operations, queueing
from apps.invoicing.delivery.choices import choose_for_member
from apps.invoicing.delivery.errors import LetterRefused, LetterWentOn
from apps.invoicing.delivery.letters import message_id_of
from apps.invoicing.delivery.models import MailMessage
from apps.invoicing.delivery.outcomes import bounced, failed, sent, try_later, unknown
from tests.apps.invoicing.delivery.conftest import LATER, NOW, letter_of, steps_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def letter(world):
    queueing.queue_statements(as_of=NOW)
    return letter_of(world[1][0])


def claimed(letter, at):
    claim = operations.claim_message(message_id=letter.pk, as_of=at)
    assert claim is not None
    return claim


def end(letter, outcome):
    """One conversation that ends like this."""
    claim = claimed(letter, NOW)
    operations.record_outcome(claim=claim, outcome=outcome, as_of=NOW)
    letter.refresh_from_db()
    return letter


def again(letter, clerk, *, reason="", seen=None):
    last = letter.steps.latest("pk").pk if seen is None else seen
    done = operations.send_again(message_id=letter.pk, asked_by=clerk, reason=reason, seen_step=last, as_of=LATER)
    letter.refresh_from_db()
    return done


def fingerprint():
    return list(MailMessage.objects.values()), [steps_of(message) for message in MailMessage.objects.all()]


@pytest.mark.parametrize(
    ("outcome", "needs_reason", "occasion"),
    [(sent("250"), True, 2), (unknown("?"), True, 1), (bounced("550"), False, 2), (failed("554"), False, 2)],
)
def test_again_asks_for_a_reason_where_it_may_have_arrived(letter, clerk, outcome, needs_reason, occasion):
    first = message_id_of(letter)
    end(letter, outcome)
    before = fingerprint()
    if needs_reason:
        with pytest.raises(LetterRefused, match="perché"):
            again(letter, clerk, reason="  ")
        assert fingerprint() == before
    again(letter, clerk, reason="lo ha chiesto al telefono")
    assert (letter.state, letter.attempts, letter.occasion, letter.due_at) == ("queued", 0, occasion, LATER)
    assert (message_id_of(letter) == first) == (occasion == 1), "a copy is known by its Message-ID, a wanted letter is new"
    step = letter.steps.latest("pk")
    assert (step.user, step.detail) == (clerk, "lo ha chiesto al telefono")


def test_pressed_twice_or_on_a_stale_screen_it_is_queued_once(letter, clerk):
    end(letter, failed("554"))
    seen = letter.steps.latest("pk").pk
    again(letter, clerk, seen=seen)
    with pytest.raises(LetterWentOn):
        again(letter, clerk, seen=seen)
    with pytest.raises(LetterRefused, match="viaggio"):
        again(letter, clerk)
    assert steps_of(letter) == ["queued", "sending", "failed", "queued"]


def test_again_goes_to_the_address_of_today_and_to_nobody_who_does_not_want_it(letter, clerk):
    end(letter, bounced("550"))
    Member.objects.update(email="nuovo@posta.alba.it")
    again(letter, clerk)
    assert letter.address == "nuovo@posta.alba.it"
    end_again = claimed(letter, LATER)
    operations.record_outcome(claim=end_again, outcome=failed("x"), as_of=LATER)
    choose_for_member(member=letter.member, wants_statements=False, language="it", changed_by=clerk, as_of=LATER)
    letter.refresh_from_db()
    with pytest.raises(LetterRefused, match="non vuole"):
        again(letter, clerk)


def test_without_an_address_nothing_is_queued(letter, clerk):
    end(letter, bounced("550"))
    Member.objects.update(email="")
    with pytest.raises(LetterRefused, match="indirizzo"):
        again(letter, clerk)


def test_only_an_unknown_letter_can_be_said_to_have_arrived(letter, clerk):
    end(letter, unknown("?"))
    seen = letter.steps.latest("pk").pk
    with pytest.raises(LetterRefused, match="come si sa"):
        operations.say_arrived(message_id=letter.pk, said_by=clerk, reason="", seen_step=seen, as_of=LATER)
    operations.say_arrived(message_id=letter.pk, said_by=clerk, reason="me lo ha detto", seen_step=seen, as_of=LATER)
    letter.refresh_from_db()
    assert (letter.state, letter.sent_at, letter.detail) == ("sent", NOW, "me lo ha detto")
    with pytest.raises(LetterRefused, match="ignoto"):
        operations.say_arrived(
            message_id=letter.pk, said_by=clerk, reason="x", seen_step=letter.steps.latest("pk").pk, as_of=LATER
        )


def test_a_letter_that_came_back_is_bounced_and_one_that_never_left_is_not(letter, clerk):
    with pytest.raises(LetterRefused):
        operations.mark_bounced(message_id=letter.pk, reason="x", said_by=clerk, as_of=LATER)
    end(letter, sent("250"))
    operations.mark_bounced(message_id=letter.pk, reason="casella piena", said_by=clerk, as_of=LATER)
    letter.refresh_from_db()
    assert (letter.state, letter.detail) == ("bounced", "casella piena")


def test_a_worker_that_reports_late_tells_the_truth_unless_a_person_decided(letter, clerk):
    claim = claimed(letter, NOW)
    operations.notice_lost(as_of=LATER)
    letter.refresh_from_db()
    assert letter.state == "unknown"
    operations.record_outcome(claim=claim, outcome=sent("250"), as_of=LATER)
    letter.refresh_from_db()
    assert letter.state == "sent"

    again(letter, clerk, reason="persa")
    claim = claimed(letter, LATER)
    operations.notice_lost(as_of=LATER.replace(day=20))
    letter.refresh_from_db()
    operations.send_again(message_id=letter.pk, asked_by=clerk, reason="sì", seen_step=letter.steps.latest("pk").pk, as_of=LATER)
    operations.record_outcome(claim=claim, outcome=sent("250"), as_of=LATER)
    letter.refresh_from_db()
    assert letter.state == "queued"
    assert "A late report, sent" in letter.steps.latest("pk").detail


def test_a_report_with_a_foreign_claim_changes_nothing(letter):
    claimed(letter, NOW)
    operations.record_outcome(claim=operations.Claim(letter.pk, uuid4()), outcome=try_later("x"), as_of=NOW)
    letter.refresh_from_db()
    assert letter.state == "sending"


def test_all_that_failed_goes_again_but_nothing_unknown_and_no_dead_address(world, clerk):
    from tests.doors.portal.rows import make_member, make_statement

    run, _members, _ = world
    for n in range(2, 6):
        member = make_member(run.configuration, f"M{n}", email=f"m{n}@posta.alba.it")
        make_statement(run, member)
    queueing.queue_statements(as_of=NOW)
    letters = list(MailMessage.objects.order_by("member__code"))
    for letter, outcome in zip(letters, [failed("1"), bounced("2"), bounced("3"), unknown("4"), sent("5")], strict=True):
        end(letter, outcome)
    Member.objects.filter(code="M3").update(email="altro@posta.alba.it")
    assert operations.send_failed_again(run_id=run.pk, asked_by=clerk, as_of=LATER) == 2
    assert operations.send_failed_again(run_id=run.pk, asked_by=clerk, as_of=LATER) == 0
    states = list(MailMessage.objects.order_by("member__code").values_list("state", flat=True))
    assert states == ["queued", "bounced", "queued", "unknown", "sent"]
