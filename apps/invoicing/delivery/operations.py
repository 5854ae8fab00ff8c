"""The only writers of letters. Every change of state is a compare-and-swap with its step, in one transaction."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.invoicing.delivery.errors import LetterRefused, LetterWentOn
from apps.invoicing.delivery.models import MailMessage, MailStep
from apps.invoicing.delivery.outcomes import Outcome
from apps.invoicing.delivery.recipients import current_address, why_unwanted

State = MailMessage.State
RETRY_AFTER = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720, 1440))
# Longer than a worker may take (the task's time limit): who has not reported by then is dead.
UNKNOWN_AFTER = timedelta(minutes=15)
SETTLED = (State.SENT, State.BOUNCED, State.FAILED, State.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to hold one conversation about one letter."""

    message_id: int
    token: UUID


@transaction.atomic(durable=True)
def claim_message(*, message_id: int, as_of: datetime) -> Claim | None:
    """Take a letter that waits, so that nobody else sends it; None when there is nothing to do.

    Committed before the caller speaks to a mail server: a death from here on leaves `sending`, which no program sends again.
    """
    waiting = MailMessage.objects.filter(pk=message_id, state=State.QUEUED, due_at__lte=as_of)
    token = uuid4()
    if not waiting.update(state=State.SENDING, claim=token, claimed_at=as_of, attempts=F("attempts") + 1):
        return None
    message = MailMessage.objects.select_related("document__run", "member__mail_choice", "community__delivery", "user").get(
        pk=message_id
    )
    if reason := why_unwanted(message):
        MailMessage.objects.filter(pk=message_id).update(state=State.WITHDRAWN, claim=None, detail=reason)
        _note(message, State.WITHDRAWN, as_of, detail=reason)
        return None
    _note(message, State.SENDING, as_of)
    return Claim(message_id, token)


@transaction.atomic
def record_outcome(*, claim: Claim, outcome: Outcome, as_of: datetime) -> None:
    """Write down how a conversation ended. One that ended after it was given up (`unknown`) still counts.

    When a person decided about the letter in between, their decision stands, and the report is kept as a step.
    """
    message = MailMessage.objects.select_for_update().get(pk=claim.message_id)
    if message.claim != claim.token or message.state not in (State.SENDING, State.UNKNOWN):
        _note(message, State(message.state), as_of, detail=f"A late report, {outcome.state}: {outcome.detail}")
        return
    state, detail = outcome.state, outcome.detail
    if state == State.QUEUED:
        if message.attempts > len(RETRY_AFTER):
            state = State.FAILED
        else:
            message.due_at = as_of + RETRY_AFTER[message.attempts - 1]
    message.state, message.detail = state, detail
    message.sent_at = as_of if state == State.SENT else message.sent_at
    if state != State.UNKNOWN:
        message.claim = None
    message.save(update_fields=["state", "detail", "sent_at", "due_at", "claim"])
    _note(message, state, as_of, detail=detail)


@transaction.atomic
def notice_lost(*, as_of: datetime) -> int:
    """Letters whose worker never reported become `unknown`: an alarm, not a second attempt. Returns how many."""
    lost = MailMessage.objects.select_for_update(skip_locked=True).filter(
        state=State.SENDING, claimed_at__lt=as_of - UNKNOWN_AFTER
    )
    found = list(lost)
    for message in found:
        message.state = State.UNKNOWN
        message.detail = "The worker that spoke to the mail server never reported."
        message.save(update_fields=["state", "detail"])
        _note(message, State.UNKNOWN, as_of, detail=message.detail)
    return len(found)


@transaction.atomic
def send_again(*, message_id: int, asked_by: User, reason: str, seen_step: int, as_of: datetime) -> MailMessage:
    """Queue a letter once more, because a person wants it, at the recipient's address of today.

    A letter of unknown outcome keeps its Message-ID, by which mailboxes recognise a copy; any other gets a new one. What may have
    arrived already (`sent`, `unknown`) asks for a reason. Errors: `LetterWentOn`, `LetterRefused`.
    """
    message = _lock_seen(message_id, seen_step)
    if message.state in (State.QUEUED, State.SENDING):
        raise LetterRefused(_("The e-mail is on its way already. Wait for its outcome."))
    reason = reason.strip()
    if message.state in (State.SENT, State.UNKNOWN) and not reason:
        raise LetterRefused(_("The e-mail may have arrived already. Say why it is to be sent again."))
    if unwanted := why_unwanted(message):
        raise LetterRefused(unwanted)
    return _queue_again(message, asked_by=asked_by, reason=reason, as_of=as_of)


@transaction.atomic
def send_failed_again(*, run_id: int, asked_by: User, as_of: datetime) -> int:
    """Queue all letters of a run that surely did not arrive. Bounced ones only where the address is another one by now.

    Nothing of unknown outcome: that is decided one by one. Returns how many.
    """
    count = 0
    troubled = MailMessage.objects.select_for_update(of=("self",)).filter(
        document__run=run_id, state__in=[State.FAILED, State.BOUNCED]
    )
    for message in troubled.order_by("pk"):
        address = current_address(message)
        if why_unwanted(message) or not address or (message.state == State.BOUNCED and address == message.address):
            continue
        _queue_again(message, asked_by=asked_by, reason="", as_of=as_of)
        count += 1
    return count


@transaction.atomic
def say_arrived(*, message_id: int, said_by: User, reason: str, seen_step: int, as_of: datetime) -> MailMessage:
    """A person knows that a letter of unknown outcome did arrive. Errors: `LetterWentOn`, `LetterRefused`."""
    message = _lock_seen(message_id, seen_step)
    if message.state != State.UNKNOWN:
        raise LetterRefused(_("Only of an e-mail whose outcome is unknown can it be said that it arrived."))
    if not reason.strip():
        raise LetterRefused(_("Say how it is known that the e-mail arrived."))
    message.state, message.claim, message.sent_at = State.SENT, None, message.claimed_at
    message.detail = reason.strip()
    message.save(update_fields=["state", "claim", "sent_at", "detail"])
    _note(message, State.SENT, as_of, user=said_by, detail=message.detail)
    return message


@transaction.atomic
def mark_bounced(
    *, message_id: int, reason: str, as_of: datetime, said_by: User | None = None, seen_step: int | None = None
) -> MailMessage:
    """The letter came back: a person says so, or a report of the mail server. Errors: `LetterWentOn`, `LetterRefused`."""
    message = _lock_seen(message_id, seen_step)
    if message.state not in (State.SENT, State.UNKNOWN):
        raise LetterRefused(_("Only an e-mail that was sent can have come back."))
    message.state, message.claim, message.detail = State.BOUNCED, None, reason.strip()
    message.save(update_fields=["state", "claim", "detail"])
    _note(message, State.BOUNCED, as_of, user=said_by, detail=message.detail)
    return message


def _queue_again(message: MailMessage, *, asked_by: User, reason: str, as_of: datetime) -> MailMessage:
    address = current_address(message)
    if not address:
        raise LetterRefused(_("The recipient has no e-mail address. Record one, then send the e-mail."))
    if message.state != State.UNKNOWN:
        message.occasion += 1
    message.address, message.state, message.claim, message.claimed_at = address, State.QUEUED, None, None
    message.attempts, message.due_at, message.detail = 0, as_of, reason
    message.save()
    _note(message, State.QUEUED, as_of, user=asked_by, detail=reason)
    return message


def _lock_seen(message_id: int, seen_step: int | None) -> MailMessage:
    message = (
        MailMessage.objects.select_for_update(of=("self",)).select_related("document__run", "member", "user").get(pk=message_id)
    )
    if seen_step is not None and message.steps.latest("pk").pk != seen_step:
        raise LetterWentOn(_("Something happened to the e-mail after you opened the page. Look at it again, then decide."))
    return message


def _note(message: MailMessage, state: MailMessage.State, as_of: datetime, *, user: User | None = None, detail: str = "") -> None:
    MailStep.objects.create(message=message, at=as_of, occasion=message.occasion, to_state=state, user=user, detail=detail)
