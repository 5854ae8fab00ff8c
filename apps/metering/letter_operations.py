"""Write: what becomes of dead letters.

A replay runs the message again through the ingest of the journal, under a name that is always the same for the same arrival: done
twice it is counted once, and whoever replays the journal later finds it there.
"""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

from django.db import transaction
from django.db.models import F

from apps.metering.device_errors import LetterNotKept
from apps.metering.ingest import store_batches
from apps.metering.ingest.hearing import POISON, hear, message_sha256
from apps.metering.ingest.isolating import find_guilty
from apps.metering.models import Broker, DeadLetter, RawBatch
from apps.metering.raw import RawBatch as Batch
from apps.metering.raw import RawMessage, decode_batch, decompress, encode_batch

CURED = "poison_cured"
"""The reason of a letter that once broke a worker and was read since: a replay of the journal may parse it again."""
NOT_KEPT = "The journal does not hold this message any more, and the dead letter only its beginning. Archive the letter."
LONGEST_BATCH = timedelta(minutes=10)  # between the first message of a batch and its last: much less, but clocks are set
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@transaction.atomic
def replay_letter(*, letter_id: int, as_of: datetime) -> bool:
    """Try to read a dead letter again; True when it is resolved. What still cannot be read only counts an attempt.

    Errors: `LetterNotKept` when the message as it came is nowhere any more; the attempt is counted by `note_attempt`.
    """
    letter = DeadLetter.objects.select_for_update().get(pk=letter_id)
    if letter.resolved_at is not None:
        return True
    message = _original(letter)
    name = f"letter-{letter.pk}"
    content = encode_batch(name, letter.broker_id, [message])
    refused = _refusal(letter, content)
    if refused is not None:
        letter.reason, letter.detail = refused
        letter.attempts += 1
        letter.save(update_fields=["reason", "detail", "attempts"])
        return False
    store_batches([content])
    letter.resolved_at = as_of
    letter.attempts += 1
    if letter.reason == POISON:
        letter.reason = CURED
    letter.save(update_fields=["resolved_at", "attempts", "reason"])
    return True


def note_attempt(*, letter_id: int, detail: str) -> None:
    """Record that a replay could not even begin."""
    DeadLetter.objects.filter(pk=letter_id, resolved_at__isnull=True).update(attempts=F("attempts") + 1, detail=detail)


def archive_letter(*, letter_id: int, as_of: datetime) -> bool:
    """Put a dead letter away unread; the same message coming again brings it back. True for the press that did it."""
    return bool(DeadLetter.objects.filter(pk=letter_id, resolved_at__isnull=True).update(resolved_at=as_of))


def _refusal(letter: DeadLetter, content: bytes) -> tuple[str, str] | None:
    """Return (reason, sentence) of a message that cannot be used. One that breaks whoever reads it does so in a child process."""
    if find_guilty(content):
        return POISON, letter.detail if letter.reason == POISON else "This message broke a worker and is set aside."
    brokers = set(Broker.objects.filter(pk=letter.broker_id).values_list("pk", flat=True))
    hearing = hear([decode_batch(content)], brokers=brokers)
    for refused in hearing.letters.values():
        return refused.reason, refused.detail
    if hearing.strangers:
        return "unknown_topic", letter.detail
    return None


def _original(letter: DeadLetter) -> RawMessage:
    """Return the last arrival of the message as it came, from the journal, or from the letter if that is whole.

    Only the journal knows whether it was retained. Where it has forgotten, the message counts as retained: one without a time of
    its own then makes no reading, because nobody knows when it was true.
    """
    last_us = (letter.last_received_at - _EPOCH) // _MICROSECOND
    rows = RawBatch.objects.filter(
        broker_id=letter.broker_id,
        received_at__lte=letter.last_received_at,
        received_at__gte=letter.last_received_at - LONGEST_BATCH,
    ).order_by("-received_at")
    for content in rows.values_list("content", flat=True).iterator(chunk_size=20):
        found = _within(decode_batch(decompress(bytes(content))), letter.sha256, last_us)
        if found is not None:
            return found
    payload = bytes(letter.payload)
    if sha256(letter.topic.encode() + b"\0" + payload).hexdigest() != letter.sha256:
        raise LetterNotKept(NOT_KEPT)
    return RawMessage(letter.topic, payload, last_us, retained=True)


def _within(batch: Batch, digest: str, received_us: int) -> RawMessage | None:
    candidates = (message for message in batch.messages if message.received_us == received_us)
    return next((message for message in candidates if message_sha256(message) == digest), None)
