"""Inviting a member to the portal: one press creates the log-in and sends the letter in which the password is chosen."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from apps.accounts.invitations import send_invitation
from apps.backoffice.access import list_managed_communities, list_visible_communities, only
from apps.communities.errors import LogInRefused
from apps.communities.models import Member
from apps.communities.operations_log_ins import create_log_in


@only("POST")
def invite_member(request: HttpRequest, member_id: int) -> HttpResponse:
    """404 for members of other communities, 403 for who may only look. Without the letter there is no log-in either."""
    visible = Member.objects.filter(community__in=list_visible_communities(request.user))
    member = visible.select_related("community").filter(pk=member_id).first()
    if member is None:
        raise Http404
    if not list_managed_communities(request.user).filter(pk=member.community_id).exists():
        raise PermissionDenied(_("Solo un amministratore della comunità può farlo."))
    try:
        with transaction.atomic():
            user = create_log_in(member_id=member.pk)
            send_invitation(request, user, community=member.community.name)
    except LogInRefused as refusal:
        messages.error(request, str(refusal))
    except OSError:
        messages.error(
            request, _("L’invito non è partito e l’accesso non è stato creato: la posta non risponde. Riprova più tardi.")
        )
    else:
        done = _("L’accesso di %(member)s è creato e l’invito è stato inviato a %(email)s.")
        messages.success(request, done % {"member": member.name, "email": user.email})
    return redirect("admin:communities_member_change", member.pk)
