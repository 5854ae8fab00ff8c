"""Messages that nobody could read: why, how often, what they say; read again or put away. Superusers alone."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.backoffice.devices.access import STOP_POLLING, of_superuser
from apps.backoffice.devices.binding import devices_crumb
from apps.backoffice.devices.labels import explain_reason, say_reason
from apps.backoffice.devices.trace import note_change
from apps.backoffice.pages import Crumb, show_page
from apps.metering.letter_operations import NOT_KEPT, archive_letter
from apps.metering.models import Broker, DeadLetter
from tasks.dead_letters import replay_letter

SHOWN_BYTES = 4096
_PER_LINE = 16


@dataclass(frozen=True, slots=True)
class Payload:
    """The beginning of a payload as a person can read it: text, or bytes in hexadecimal."""

    text: str
    is_text: bool
    size: int

    @property
    def is_cut(self) -> bool:
        return self.size > SHOWN_BYTES


def readable(payload: bytes) -> Payload:
    """The first 4 KB, as text when all of it is text that can be printed."""
    shown = payload[:SHOWN_BYTES]
    try:
        # cut in the middle of a letter, the rest of that letter is left out
        text = shown.decode("utf-8", "ignore" if len(payload) > SHOWN_BYTES else "strict")
    except UnicodeDecodeError:
        text = None
    if text is not None and all(letter.isprintable() or letter in "\n\r\t" for letter in text):
        return Payload(text, True, len(payload))
    return Payload(_hexadecimal(shown), False, len(payload))


@of_superuser("GET", "HEAD")
def show_letter(request: HttpRequest, letter_id: int) -> HttpResponse:
    """One message, and what can be done with it."""
    letter = _get(letter_id)
    return show_page(
        request,
        "backoffice/devices/letter.html",
        title=_("Messaggio non letto"),
        crumbs=[devices_crumb(), letters_crumb()],
        **_facts(letter, request.GET.get("after", "")),
    )


@of_superuser("GET", "HEAD")
def show_attempt(request: HttpRequest, letter_id: int) -> HttpResponse:
    """Whether the worker has tried, asked for every two seconds; then the page loads itself again and the asking ends."""
    letter = _get(letter_id)
    facts = _facts(letter, request.GET.get("after", ""))
    if facts["waiting"]:
        return render(request, "backoffice/devices/attempt.html", facts)
    response = HttpResponse(status=STOP_POLLING)
    response["HX-Redirect"] = reverse("admin:metering_deadletter_change", args=[letter.pk])
    return response


@of_superuser("POST")
def retry(request: HttpRequest, letter_id: int) -> HttpResponse:
    """Have a worker read it again."""
    letter = _get(letter_id)
    address = reverse("admin:metering_deadletter_change", args=[letter.pk])
    if letter.resolved_at is not None:
        return redirect(address)
    note_change(request, letter, "Sent to be read again.")
    transaction.on_commit(lambda: replay_letter.delay(letter.pk), robust=True)
    return redirect(f"{address}?after={letter.attempts}")


@of_superuser("POST")
def archive(request: HttpRequest, letter_id: int) -> HttpResponse:
    """Put it away unread."""
    letter = _get(letter_id)
    if archive_letter(letter_id=letter.pk, as_of=timezone.now()):
        note_change(request, letter, "Archived.")
        messages.success(request, _("Il messaggio è archiviato. Se arriva ancora uguale, torna qui da solo."))
    return redirect("admin:metering_deadletter_changelist")


def letters_crumb() -> Crumb:
    return _("Messaggi non letti"), reverse("admin:metering_deadletter_changelist")


def _get(letter_id: int) -> DeadLetter:
    letter = DeadLetter.objects.select_related("device").filter(pk=letter_id).first()
    if letter is None:
        raise Http404
    return letter


def _facts(letter: DeadLetter, after: str) -> dict[str, Any]:
    tried = int(after) if after.isascii() and after.isdigit() and len(after) < 10 else 0
    return {
        "letter": letter,
        "reason": say_reason(letter.reason),
        "explanation": explain_reason(letter.reason),
        "is_lost": letter.detail == NOT_KEPT,
        "payload": readable(bytes(letter.payload)),
        "broker": Broker.objects.filter(pk=letter.broker_id).first(),
        "after": tried,
        "waiting": letter.resolved_at is None and tried >= letter.attempts,
    }


def _hexadecimal(content: bytes) -> str:
    lines = []
    for start in range(0, len(content), _PER_LINE):
        part = content[start : start + _PER_LINE]
        letters = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        lines.append(f"{start:04x}  {part.hex(' '):<{_PER_LINE * 3 - 1}}  {letters}")
    return "\n".join(lines)
