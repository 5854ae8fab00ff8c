"""The conversation with the mail server, one letter at a time, so that each step can be told from the next.

Until the server answers 354 to DATA nothing can have left: trouble before it is clean, and the letter may be tried again. From
there to the server's last answer nobody can know: trouble is `unknown`, and only a person decides what then.
"""

import re
import smtplib
from collections.abc import Callable
from email.utils import parseaddr

from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.smtp import EmailBackend
from django.core.mail.message import sanitize_address

from apps.invoicing.delivery.outcomes import Outcome, bounced, failed, sent, try_later, unknown, withdrawn
from project.failpoints import hit

GO_AHEAD = 354
_LONE_DOT = re.compile(rb"(?m)^\.")
_LINE_END = re.compile(rb"\r\n|\r|\n")
# Names that belong to nobody (RFC 2606, RFC 6761): demo and tests write them, no real server shall hear them.
_RESERVED = re.compile(r"(^|\.)(example|test|invalid|localhost|example\.(com|net|org))$", re.IGNORECASE)


def hand_over(letter: EmailMessage) -> Outcome:
    """Give a letter with one recipient to the configured mail server, and say what is known afterwards. Never raises."""
    backend = get_connection()
    if isinstance(backend, EmailBackend):
        if is_reserved(letter.to[0]):
            return withdrawn(f"{letter.to[0]} is an address of examples, which no mail server delivers to.")
        return _speak(backend, letter)
    try:
        backend.send_messages([letter])
    except Exception as error:  # noqa: BLE001  # a backend of another kind may raise anything, at any moment of its work
        return unknown(_told(error))
    return sent(type(backend).__module__.rpartition(".")[2])


def is_reserved(address: str) -> bool:
    """Is this an address that exists for examples only?"""
    return bool(_RESERVED.search(address.rpartition("@")[2]))


def _speak(backend: EmailBackend, letter: EmailMessage) -> Outcome:
    try:
        content = _LINE_END.sub(b"\r\n", letter.message().as_bytes())
        sender = sanitize_address(parseaddr(letter.from_email)[1], "utf-8")
        recipient = sanitize_address(letter.to[0], "utf-8")
    except ValueError as error:  # a header or an address that no letter can have
        return failed(_told(error))
    try:
        backend.open()
    except (OSError, smtplib.SMTPException) as error:
        return try_later(_told(error))
    server = backend.connection
    if server is None:
        return try_later("The mail server did not answer.")
    try:
        return _before_data(server, sender, recipient) or _data(server, content)
    finally:
        _leave(server)


def _before_data(server: smtplib.SMTP, sender: str, recipient: str) -> Outcome | None:
    """Introduce sender and recipient; None when the server waits for the letter itself."""
    try:
        server.ehlo_or_helo_if_needed()
        refused = _refusal(*server.mail(sender), finally_=failed) or _refusal(*server.rcpt(recipient), finally_=bounced)
        if refused:
            return refused
        hit("mail.before_data")
        code, answer = server.docmd("DATA")
    except (OSError, smtplib.SMTPException) as error:
        return try_later(_told(error))
    return None if code == GO_AHEAD else _refusal(code, answer, finally_=failed) or try_later(_text(code, answer))


def _data(server: smtplib.SMTP, content: bytes) -> Outcome:
    """The point of no return: the letter itself."""
    try:
        hit("mail.in_data")
        server.send(_LONE_DOT.sub(b"..", content) + (b"" if content.endswith(b"\r\n") else b"\r\n") + b".\r\n")
        code, answer = server.getreply()
    except (OSError, smtplib.SMTPException) as error:
        return unknown(_told(error))
    return _refusal(code, answer, finally_=failed) or sent(_text(code, answer))


def _refusal(code: int, answer: bytes, *, finally_: Callable[[str], Outcome]) -> Outcome | None:
    """4xx is for now, 5xx for good; None when the server agreed. An answer that is neither is taken as a refusal for now."""
    if 200 <= code < 300:
        return None
    if 500 <= code < 600:
        return finally_(_text(code, answer))
    return try_later(_text(code, answer))


def _leave(server: smtplib.SMTP) -> None:
    """Say goodbye; what the server thinks of it changes nothing any more."""
    try:
        server.quit()
    except (OSError, smtplib.SMTPException):
        server.close()


def _text(code: int, answer: bytes) -> str:
    return f"{code} {answer.decode('utf-8', 'replace')}"[:500]


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]
