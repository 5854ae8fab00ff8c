"""Reports of mail servers about letters that came back (RFC 3464), read from files: which letter, and why."""

import re
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage, Message

from apps.invoicing.delivery.errors import LetterRefused
from apps.invoicing.delivery.models import MailMessage
from apps.invoicing.delivery.operations import mark_bounced

_OURS = re.compile(r"<cer\.(?:statement|reminders)\.(?P<number>\d{1,18})\.(?P<occasion>\d{1,5})@[^>\s]+>")
_WITH_HEADERS = ("message/rfc822", "message/rfc822-headers", "text/rfc822-headers")
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Report:
    """One recipient of one letter that was refused for good. `number` and `occasion` are those of the Message-ID."""

    number: int
    occasion: int
    address: str
    reason: str


def read_report(content: bytes) -> Report | None:
    """What a report says about a letter of ours; None for anything else, and for a delivery that is only delayed."""
    report = message_from_bytes(content, policy=policy.default)
    if report.get_content_type() != "multipart/report":
        return None
    found = _message_id(report)
    for block in _recipients(report):
        if str(block.get("Action", "")).strip().lower() == "failed" and found:
            address = str(block.get("Final-Recipient", "")).rpartition(";")[2].strip().strip("<>")
            told = f"{block.get('Status', '')} {str(block.get('Diagnostic-Code', '')).rpartition(';')[2].strip()}"
            return Report(int(found["number"]), int(found["occasion"]), address, " ".join(told.split())[:LONGEST_REASON])
    return None


def record_report(*, report: Report, as_of: datetime) -> bool:
    """Mark the letter as bounced, if it is the one that the report is about. False for a stranger's or an old report.

    A report can be forged, so it is believed only about the very sending and the very address.
    """
    letter = MailMessage.objects.filter(pk=report.number, occasion=report.occasion, address__iexact=report.address).first()
    if letter is None:
        return False
    try:
        mark_bounced(message_id=letter.pk, reason=report.reason or "5.0.0", as_of=as_of)
    except LetterRefused:
        return False
    return True


def _recipients(report: EmailMessage | Message) -> list[Message]:
    blocks: list[Message] = []
    for part in report.walk():
        if part.get_content_type() == "message/delivery-status" and isinstance(part.get_payload(), list):
            blocks += [block for block in part.get_payload() if isinstance(block, Message) and "Final-Recipient" in block]
    return blocks


def _message_id(report: EmailMessage | Message) -> re.Match[str] | None:
    """The Message-ID of the letter, from the headers that came back with the report."""
    for part in report.walk():
        if part.get_content_type() not in _WITH_HEADERS:
            continue
        payload = part.get_payload()
        if isinstance(payload, list):
            text = "\n".join(str(inner.get("Message-ID", "")) for inner in payload if isinstance(inner, Message))
        else:
            decoded = part.get_payload(decode=True)
            text = decoded.decode("utf-8", "replace") if isinstance(decoded, bytes) else str(payload)
        if match := _OURS.search(text):
            return match
    return None
