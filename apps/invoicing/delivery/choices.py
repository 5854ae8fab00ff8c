"""The only writers of decisions about mail: the community's switch and the member's own choice."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.communities.models import Community, Member
from apps.invoicing.delivery.errors import LetterRefused
from apps.invoicing.delivery.models import CommunityDelivery, MemberMailChoice


@transaction.atomic
def switch_statements(*, community: Community, statements: str, changed_by: User, as_of: datetime) -> None:
    """Decide how the community's statements go from now on. Errors: `LetterRefused` for a word that is no way of sending."""
    if statements not in CommunityDelivery.Statements.values:
        raise LetterRefused(_("Statements go by link, attached, or not at all. Choose one of these."))
    row = CommunityDelivery.objects.select_for_update().filter(community=community).first()
    if row is not None and row.statements == statements:
        return
    decided = {"statements": statements, "changed_at": as_of, "changed_by": changed_by}
    if row is not None and row.statements == CommunityDelivery.Statements.OFF:
        decided["sends_since"] = as_of
    CommunityDelivery.objects.update_or_create(community=community, defaults=decided)


@transaction.atomic
def choose_for_member(*, member: Member, wants_statements: bool, language: str, changed_by: User, as_of: datetime) -> None:
    """Write down what a member wants. Letters that wait are looked at again when their turn comes. Errors: `LetterRefused`."""
    if language not in dict(settings.LANGUAGES):
        raise LetterRefused(_("Letters are written in Italian and in English. Choose one of these."))
    MemberMailChoice.objects.update_or_create(
        member=member,
        defaults={
            "wants_statements": wants_statements,
            "language": language,
            "changed_at": as_of,
            "changed_by": changed_by,
        },
    )
