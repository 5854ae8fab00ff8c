"""The workers' door to the mail server: queue what should exist, claim one letter, speak, write down how it ended."""

import logging

from celery import shared_task
from django.utils import timezone

from apps.invoicing.delivery import operations, queries, queueing
from apps.invoicing.delivery.carrier import hand_over
from apps.invoicing.delivery.letters import write_letter
from apps.invoicing.delivery.outcomes import Outcome, failed
from apps.invoicing.reminders.texts import list_lines
from project.failpoints import hit

log = logging.getLogger(__name__)
# Sent at most per minute: gentle to a provider's limits, and no wave that delays other tasks.
AT_ONCE = 200
# Shorter than the time after which a silent worker is given up (`operations.UNKNOWN_AFTER`).
LONGEST_S = 300
# A wake-up that nobody took by the next tick is thrown away: the letter is in the database, and the next tick finds it.
FORGOTTEN_S = 55


@shared_task(name="mail.queue_statements")
def queue_statements() -> None:
    """Queue the statements that should go out and have no letter yet. May be lost, may run twice."""
    queueing.queue_statements(as_of=timezone.now())


@shared_task(name="mail.send_waiting")
def send_waiting() -> None:
    """Wake a worker for each letter whose time has come; call those of dead workers unknown."""
    as_of = timezone.now()
    if lost := operations.notice_lost(as_of=as_of):
        log.error("%s letters are of unknown outcome: a person has to decide.", lost)
    for message_id in queries.list_due(as_of=as_of, limit=AT_ONCE):
        deliver.apply_async((message_id,), expires=FORGOTTEN_S)


@shared_task(name="mail.deliver", time_limit=LONGEST_S, soft_time_limit=LONGEST_S - 30)
def deliver(message_id: int) -> None:
    """Send one letter, if it still waits. May be lost, may run twice or at once: only who claims it speaks."""
    claim = operations.claim_message(message_id=message_id, as_of=timezone.now())
    if claim is None:
        return
    hit("mail.after_claim")
    outcome = _send(message_id)
    hit("mail.after_conversation")
    operations.record_outcome(claim=claim, outcome=outcome, as_of=timezone.now())


def _send(message_id: int) -> Outcome:
    """Write the letter, then speak. What fails before the conversation is a clean failure."""
    try:
        message = queries.get_message(message_id=message_id)
        letter = write_letter(message, reminders=list_lines(message))
    except Exception as error:
        log.exception("Letter %s could not be written", message_id)
        return failed(f"{type(error).__name__}: {error}")
    return hand_over(letter)
