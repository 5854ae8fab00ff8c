"""What a letter says: plain text and simple HTML from the same sentences; no pictures, nothing that reports back who reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import formataddr
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.text import slugify
from django.utils.translation import gettext as _

from apps.communities.models import Community
from apps.invoicing.delivery.models import CommunityDelivery, MailMessage
from apps.invoicing.delivery.recipients import how_statements_go, language_of
from apps.invoicing.models import IssuedDocument
from apps.settlement.archive import read_file
from apps.settlement.models import SettlementRun


@dataclass(frozen=True, slots=True)
class Text:
    """The sentences of a letter. `items` are lines of a list, `link` the one address to follow, `small` stands below the line."""

    subject: str
    sentences: Sequence[str]
    link: str = ""
    items: Sequence[str] = ()
    small: Sequence[str] = ()


def message_id_of(message: MailMessage) -> str:
    """The same for every attempt of one occasion, so that a mailbox knows a copy; another for each wanted sending."""
    return f"<cer.{message.kind}.{message.pk}.{message.occasion}@{host()}>"


def host() -> str:
    """The name in our addresses."""
    return urlsplit(settings.PUBLIC_URL).hostname or "localhost"


def write_letter(message: MailMessage, *, reminders: Sequence[str] = ()) -> EmailMultiAlternatives:
    """The whole letter, in the recipient's language. Errors: `FileAltered` when what is to be attached is not what was stored."""
    with translation.override(language_of(message)):
        if message.document is not None:
            text, attached = _statement(message, message.document)
        else:
            text, attached = _reminders(message.community, reminders), None
        return _put_together(message, text, attached)


def _put_together(message: MailMessage, text: Text, attached: tuple[str, bytes] | None) -> EmailMultiAlternatives:
    community = message.community
    context = {"text": text, "community": one_line(community.name), "contact": community.contact_email}
    letter = EmailMultiAlternatives(
        subject=one_line(text.subject),
        body=render_to_string("invoicing/mail/letter.txt", context),
        from_email=formataddr((one_line(community.name), settings.EMAIL_FROM)),
        to=[message.address],
        reply_to=[community.contact_email] if community.contact_email else None,
        headers={
            "Message-ID": message_id_of(message),
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "OOF, AutoReply",
        },
    )
    letter.attach_alternative(render_to_string("invoicing/mail/letter.html", context), "text/html")
    if attached:
        letter.attach(*attached, "application/pdf")
    return letter


def _statement(message: MailMessage, document: IssuedDocument) -> tuple[Text, tuple[str, bytes] | None]:
    run, member = document.run, message.member
    assert member is not None  # noqa: S101  # the database says so: a statement's letter goes to a member
    month = date_format(run.month, "F Y").lower() if translation.get_language() == "it" else date_format(run.month, "F Y")
    names = {"month": month, "configuration": run.configuration.code, "community": message.community.name, "code": member.code}
    if run.kind == SettlementRun.Kind.CORRECTION:
        subject = _("Rettifica di %(month)s · %(community)s") % names
        first = _("è pronta la rettifica del tuo rendiconto di %(month)s (%(configuration)s, socio %(code)s).") % names
    else:
        subject = _("Rendiconto di %(month)s · %(community)s") % names
        first = _("è pronto il tuo rendiconto di %(month)s (%(configuration)s, socio %(code)s).") % names
    sentences, attached = [first], None
    if how_statements_go(message.community) == CommunityDelivery.Statements.ATTACH:
        sentences.append(_("Lo trovi allegato in PDF, e nel portale dei soci:"))
        name = slugify(f"{_('rendiconto')} {run.month_text} {run.configuration.code} {member.code}")
        attached = (f"{name}.pdf", read_file(document.path, sha256=document.sha256))
    else:
        sentences.append(_("Lo trovi nel portale dei soci. Per riservatezza gli importi non stanno in questa e-mail:"))
    small = [_("Non vuoi più queste e-mail? Puoi rinunciare nel portale: %(link)s") % {"link": _at("portal:mail", member.pk)}]
    if member.user_id is None:
        small.insert(0, _("Per entrare nel portale serve un accesso. Se non lo hai ancora, chiedilo alla tua comunità."))
    return Text(subject, sentences, link=_at("portal:statement", document.pk), small=small), attached


def _reminders(community: Community, lines: Sequence[str]) -> Text:
    return Text(
        _("Promemoria · %(community)s") % {"community": community.name},
        [_("per %(community)s aspettano una persona:") % {"community": community.name}],
        link=_at("admin:index"),
        items=lines,
        small=[_("Ogni promemoria arriva una volta sola. Puoi rinunciare a queste e-mail dalla pagina dei promemoria.")],
    )


def _at(name: str, *arguments: int) -> str:
    return f"{settings.PUBLIC_URL}{reverse(name, args=arguments)}"


def one_line(text: str) -> str:
    """A name that somebody typed, harmless in a header."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
