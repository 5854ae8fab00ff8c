"""Who gets letters, where, how and in which language: asked of today's rows."""

from django.core.exceptions import ObjectDoesNotExist
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.communities.models import Community, Member
from apps.invoicing.delivery.models import CommunityDelivery, MailMessage, MemberMailChoice
from apps.invoicing.reminders.people import list_readers
from apps.settlement.models import SettlementRun

Statements = CommunityDelivery.Statements
SENT_WHILE = (SettlementRun.State.ISSUED, SettlementRun.State.PAID)
ITALIAN = "it"


def how_statements_go(community: Community) -> CommunityDelivery.Statements:
    """Link only, unless the community decided otherwise."""
    try:
        return Statements(community.delivery.statements)
    except ObjectDoesNotExist:
        return Statements.LINK


def get_choice(member: Member) -> MemberMailChoice | None:
    """What the member decided, if they did."""
    try:
        return member.mail_choice
    except ObjectDoesNotExist:
        return None


def address_of(member: Member) -> str:
    """Where a member is written to: the address on record, else that of the log-in."""
    return member.email or (member.user.email if member.user else "")


def current_address(message: MailMessage) -> str:
    """Where a letter would go today."""
    if message.member is not None:
        return address_of(message.member)
    return message.user.email if message.user is not None and message.user.is_active else ""


def language_of(message: MailMessage) -> str:
    choice = get_choice(message.member) if message.member is not None else None
    return choice.language if choice else ITALIAN


def why_unwanted(message: MailMessage) -> str:
    """Why a letter must not leave any more, as a sentence; empty when it may."""
    if message.document is None or message.member is None:
        return _why_needless(message)
    if message.document.run.state not in SENT_WHILE:
        return _("The run of the statement is no longer issued.")
    if how_statements_go(message.community) == Statements.OFF:
        return _("The community sends no statements by e-mail.")
    choice = get_choice(message.member)
    if choice is not None and not choice.wants_statements:
        return _("The member does not want statements by e-mail.")
    return ""


def _why_needless(message: MailMessage) -> str:
    """The same for a letter of reminders: the person may have left, or done everything."""
    on = message.queued_at.astimezone(timezone.get_default_timezone()).date()
    if message.user not in list_readers(community_id=message.community_id, on=on):
        return _("The person is no longer in charge, or wants no reminders by e-mail.")
    if not message.reminders.filter(reminder__done_at__isnull=True).exists():
        return _("Everything that the reminders were about is done.")
    return ""
