"""What nobody could read is seen in words, read again by a worker exactly once, or put away."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.utils.translation import override

from apps.backoffice.devices.labels import EXPLANATIONS, REASONS, explain_reason
from apps.engine.telemetry import Reason
from apps.metering.ingest.hearing import POISON, UNKNOWN_BROKER
from apps.metering.letter_operations import CURED, replay_letter
from apps.metering.models import Broker, DeadLetter, DeviceState, RawBatch, Reading, UnknownTopic
from apps.metering.raw import RawMessage, encode_batch
from tasks.dead_letters import replay_letter as task
from tests.doors.backoffice.devices.conftest import FIRST_US, NATIVE_TOPIC, SECOND, native_payload
from tests.doors.backoffice.pages import words

pytestmark = pytest.mark.django_db
LETTERS = "/ceradmin/metering/deadletter/"
NOW = datetime(2026, 3, 3, tzinfo=UTC)


def at(letter, tail=""):
    return f"{LETTERS}{letter.pk}/{tail}"


@pytest.fixture
def broken(site):
    """A message that was refused once, and which today's rules read: as if the vendor's file had been corrected since."""
    site.send(NATIVE_TOPIC, native_payload("3.5"), at_us=FIRST_US + SECOND)
    payload = native_payload("3.5")
    Reading.objects.all().delete()
    RawBatch.objects.filter(received_at__gt=datetime(2026, 3, 2, 12, tzinfo=UTC)).delete()
    return DeadLetter.objects.create(
        broker_id=site.broker.pk,
        device=site.native,
        topic=NATIVE_TOPIC,
        payload=payload,
        sha256=digest(NATIVE_TOPIC, payload),
        reason="wrong_type",
        detail="The field energy_consumed is text.",
        first_received_at=datetime(2026, 3, 2, 12, tzinfo=UTC),
        last_received_at=datetime(2026, 3, 2, 12, 5, tzinfo=UTC),
    )


def digest(topic: str, payload: bytes) -> str:
    from apps.metering.ingest.hearing import message_sha256

    return message_sha256(RawMessage(topic, payload, 0))


def counted():
    return (
        sorted(Reading.objects.values_list("measured_at", "register_milliwh")),
        DeviceState.objects.get(device__vendor="native").messages,
        RawBatch.objects.count(),
    )


class TestReplay:
    """The message goes the way of all messages, and is counted once."""

    def test_what_can_be_read_now_becomes_readings_and_is_resolved(self, broken):
        assert replay_letter(letter_id=broken.pk, as_of=NOW) is True
        broken.refresh_from_db()
        assert (broken.resolved_at, broken.attempts) == (NOW, 2)
        assert {row[1] for row in counted()[0]} == {1_500_000, 3_500_000}

    def test_twice_is_once(self, broken):
        replay_letter(letter_id=broken.pk, as_of=NOW)
        before = counted()
        assert replay_letter(letter_id=broken.pk, as_of=NOW) is True
        DeadLetter.objects.update(resolved_at=None)  # as if the worker had died before it could say so
        assert replay_letter(letter_id=broken.pk, as_of=NOW) is True
        assert counted() == before

    def test_what_still_cannot_be_read_counts_an_attempt_and_nothing_else(self, site):
        site.send(NATIVE_TOPIC, b"\xff\xfe")
        letter = DeadLetter.objects.get()
        before = counted()
        for _ in range(2):
            assert replay_letter(letter_id=letter.pk, as_of=NOW) is False
        letter.refresh_from_db()
        assert (letter.attempts, letter.times, letter.resolved_at, letter.reason) == (3, 1, None, "not_utf8")
        assert counted() == before

    def test_the_journal_knows_what_the_letter_does_not(self, site, broken):
        """A retained message without a time of its own never makes a reading, also when it is read again."""
        payload = b'{"id":0,"total_act_energy":9.00,"total_act_ret_energy":0.00}'
        topic = f"shelly/{site.village.pods[2]}/x/status/em1data:0"
        received_us = FIRST_US + 7 * SECOND
        message = RawMessage(topic, payload, received_us, retained=True)
        received_at = datetime(2026, 3, 2, 12, 0, 7, tzinfo=UTC)
        from apps.metering.raw import compress

        RawBatch.objects.create(
            received_at=received_at,
            batch="r",
            broker_id=site.broker.pk,
            messages=1,
            content=compress(encode_batch("r", site.broker.pk, [message])),
        )
        DeadLetter.objects.filter(pk=broken.pk).update(
            topic=topic, payload=payload, sha256=digest(topic, payload), last_received_at=received_at
        )
        assert replay_letter(letter_id=broken.pk, as_of=NOW) is True
        assert not Reading.objects.exists()

    def test_a_letter_of_which_only_the_beginning_is_kept_is_not_guessed_at(self, broken):
        DeadLetter.objects.update(payload=b'{"device_id"')
        task.apply(args=(broken.pk,), throw=True)
        broken.refresh_from_db()
        assert (broken.attempts, broken.resolved_at) == (2, None)
        assert "only its beginning" in broken.detail

    def test_a_broker_that_is_gone_stays_named(self, broken):
        DeadLetter.objects.update(broker_id=987654)
        assert replay_letter(letter_id=broken.pk, as_of=NOW) is False
        assert DeadLetter.objects.get().reason == "unknown_broker"
        assert not Reading.objects.exists()

    def test_one_that_broke_a_worker_is_tried_in_a_child(self, broken, monkeypatch):
        DeadLetter.objects.update(reason=POISON)
        monkeypatch.setattr("apps.metering.letter_operations.find_guilty", lambda content: {"x"})
        assert replay_letter(letter_id=broken.pk, as_of=NOW) is False
        monkeypatch.undo()
        assert DeadLetter.objects.get().reason == POISON
        assert replay_letter(letter_id=broken.pk, as_of=NOW) is True
        assert DeadLetter.objects.get().reason == CURED


class TestPages:
    """A list, a message, two buttons."""

    def test_the_list_says_why_in_words(self, site, root):
        site.send(NATIVE_TOPIC, b"\xff\xfe")
        page = words(root.get(LETTERS))
        assert "non è testo leggibile" in page
        assert NATIVE_TOPIC in page
        assert words(root.get(f"{LETTERS}?reason=empty")).count(NATIVE_TOPIC) == 0
        assert NATIVE_TOPIC not in words(root.get(f"{LETTERS}?closed=yes"))
        assert NATIVE_TOPIC in words(root.get(f"{LETTERS}?closed=all"))

    def test_bytes_are_shown_in_hexadecimal_and_text_escaped(self, site, root):
        site.send(NATIVE_TOPIC, b"\xff\xfe<b>")
        assert "0000 ff fe 3c 62 3e ..<b>" in words(root.get(at(DeadLetter.objects.get())))
        DeadLetter.objects.update(payload=b"<script>alert(1)</script>" + b"x" * 5000, topic="<img src=x>")
        page = root.get(at(DeadLetter.objects.get())).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x>" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
        assert "x" * 4096 not in page
        assert "x" * 4000 in page
        assert "5.025 byte, solo l’inizio" in words(root.get(at(DeadLetter.objects.get())))
        for payload in (b"", "à".encode() * 3000, b"\x1b[31m", "\u202e".encode()):
            DeadLetter.objects.update(payload=payload)
            assert root.get(at(DeadLetter.objects.get())).status_code == 200

    def test_a_press_wakes_a_worker_and_the_page_waits_for_it(self, broken, root, enqueued, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            answer = root.post(at(broken, "retry/"))
        assert enqueued == [("ingest.replay_letter", (broken.pk,))]
        assert answer["Location"] == at(broken, "?after=1")
        assert at(broken, "attempt/?after=1") in root.get(answer["Location"]).content.decode()
        assert root.get(at(broken, "attempt/?after=1")).status_code == 200
        task.apply(args=(broken.pk,), throw=True)
        done = root.get(at(broken, "attempt/?after=1"))
        assert (done.status_code, done["HX-Redirect"]) == (286, at(broken))
        assert "hx-get" not in root.get(at(broken)).content.decode()
        assert "Riprova" not in words(root.get(at(broken)))
        assert LogEntry.objects.get().change_message == "Sent to be read again."

    def test_archiving_takes_it_off_the_list_until_it_comes_again(self, site, root):
        site.send(NATIVE_TOPIC, b"\xff\xfe")
        letter = DeadLetter.objects.get()
        root.post(at(letter, "archive/"))
        letter.refresh_from_db()
        assert letter.resolved_at is not None
        assert datetime.now(UTC) - letter.resolved_at < timedelta(minutes=5)
        assert NATIVE_TOPIC not in words(root.get(LETTERS))
        site.send(NATIVE_TOPIC, b"\xff\xfe", at_us=FIRST_US + SECOND)
        assert NATIVE_TOPIC in words(root.get(LETTERS))

    def test_nobody_else_sees_messages(self, broken, anna, enqueued):
        for tail in ("", "attempt/", "retry/", "archive/"):
            for method in (anna.get, anna.post):
                assert method(at(broken, tail)).status_code == 403
        assert anna.get(LETTERS).status_code == 403
        assert anna.get("/ceradmin/metering/unknowntopic/").status_code == 403
        assert DeadLetter.objects.get().resolved_at is None
        assert not LogEntry.objects.exists()
        assert enqueued == []

    def test_a_get_neither_retries_nor_archives(self, broken, root, enqueued):
        for tail in ("retry/", "archive/"):
            assert root.get(at(broken, tail)).status_code == 405
        assert root.post(at(broken)).status_code == 405
        assert enqueued == []

    def test_unknown_topics_are_counted(self, site, root):
        site.send("somewhere/<b>else</b>", b"1")
        site.send("somewhere/<b>else</b>", b"2", at_us=FIRST_US + SECOND)
        page = root.get("/ceradmin/metering/unknowntopic/")
        assert "somewhere/<b>else</b> 2 " in words(page)
        assert "<b>else" not in page.content.decode()
        assert UnknownTopic.objects.get().messages == 2


def test_a_letter_of_a_broker_without_a_row_is_shown(broken, root):
    DeadLetter.objects.update(broker_id=987654, device=None)
    assert "non esiste più (987654)" in words(root.get(at(broken)))
    assert Broker.objects.count() == 1


def test_every_reason_is_explained_in_the_language_of_the_page(site, root):
    """The reader's own sentence, which names the place, stands below as a technical detail."""
    reasons = {*Reason, POISON, UNKNOWN_BROKER, CURED}
    assert set(EXPLANATIONS) == set(REASONS) == reasons
    site.send(NATIVE_TOPIC, b"\xff\xfe")
    letter = DeadLetter.objects.get()
    page = words(root.get(at(letter)))
    assert page.index("Il contenuto non è testo: il dispositivo parla in un altro modo") < page.index(
        "Dettaglio tecnico The payload is not UTF-8: byte 0 cannot stand there."
    )
    italian = {reason: explain_reason(reason) for reason in reasons}
    with override("en"):
        assert all(explain_reason(reason) != italian[reason] for reason in reasons)
    DeadLetter.objects.update(reason="of tomorrow")
    assert "of tomorrow" in words(root.get(at(letter)))


def test_a_message_that_is_lost_says_so(broken, root):
    DeadLetter.objects.update(payload=b'{"device_id"')
    task.apply(args=(broken.pk,), throw=True)
    assert "qui ne resta solo l’inizio" in words(root.get(at(broken)))
