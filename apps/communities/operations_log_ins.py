"""Write: the log-in of a member. It opens the member's own pages and nothing else."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.communities.errors import LogInRefused
from apps.communities.models import Member


@transaction.atomic
def create_log_in(*, member_id: int) -> User:
    """Create a log-in with the member's e-mail address, without a password, and bind it to the member.

    A log-in that exists already, of whomever, is never touched: it may belong to another community or to staff.
    Errors: `LogInRefused` when the member has no address, has a log-in, or somebody logs in with that address.
    """
    member = Member.objects.select_for_update().get(pk=member_id)
    if member.user_id is not None:
        raise LogInRefused(
            _("%(member)s has a log-in already. A new password is asked for on the log-in page.") % {"member": member}
        )
    if not member.email:
        raise LogInRefused(_("%(member)s has no e-mail address. Write it down and save, then invite.") % {"member": member})
    taken = _(
        "Somebody logs in with %(email)s already: the log-in of %(member)s is not created. Ask who administers all communities."
    ) % {"email": member.email, "member": member}
    if User.objects.filter(email__iexact=member.email).exists():
        raise LogInRefused(taken)
    try:
        with transaction.atomic():
            user = User.objects.create_user(member.email, name=member.name)
    except IntegrityError as error:
        raise LogInRefused(taken) from error
    member.user = user
    member.save(update_fields=["user"])
    return user
