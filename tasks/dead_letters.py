"""The workers' door to dead letters: read one again, where a person asked for it."""

from celery import shared_task
from django.utils import timezone

from apps.metering import letter_operations
from apps.metering.device_errors import LetterNotKept


@shared_task(name="ingest.replay_letter")
def replay_letter(letter_id: int) -> None:
    """Try to read a dead letter again. May be lost, may run twice: a letter that is resolved stays resolved."""
    try:
        letter_operations.replay_letter(letter_id=letter_id, as_of=timezone.now())
    except LetterNotKept as error:
        letter_operations.note_attempt(letter_id=letter_id, detail=str(error))
