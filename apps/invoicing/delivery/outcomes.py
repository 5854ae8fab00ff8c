"""What became of one conversation with a mail server."""

from dataclasses import dataclass

from apps.invoicing.delivery.models import MailMessage

State = MailMessage.State


@dataclass(frozen=True, slots=True)
class Outcome:
    """`state` is where the letter goes; `queued` means that it surely did not leave and may be tried again later."""

    state: MailMessage.State
    detail: str = ""


def sent(detail: str) -> Outcome:
    return Outcome(State.SENT, detail)


def try_later(detail: str) -> Outcome:
    return Outcome(State.QUEUED, detail)


def bounced(detail: str) -> Outcome:
    return Outcome(State.BOUNCED, detail)


def failed(detail: str) -> Outcome:
    return Outcome(State.FAILED, detail)


def unknown(detail: str) -> Outcome:
    return Outcome(State.UNKNOWN, detail)


def withdrawn(detail: str) -> Outcome:
    return Outcome(State.WITHDRAWN, detail)
