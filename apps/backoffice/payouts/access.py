"""Who may see and decide payouts: those of the community's roles; for everybody else they do not exist."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseNotAllowed
from django.utils.translation import gettext as _

from apps.backoffice.access import Person, RunView, list_visible_communities, manages
from apps.communities.models import Community, Member
from apps.invoicing.models import PayoutBatch

HEAVY = ("content", "payer")  # decrypted only where they are needed


def list_visible_batches(user: Person) -> QuerySet[PayoutBatch]:
    return PayoutBatch.objects.filter(community__in=list_visible_communities(user)).defer(*HEAVY)


def of_visible_batch(*methods: str, decides: bool = False) -> Callable[[RunView], RunView]:
    """A view of one batch: 404 first whatever the method, then 405, then 403 for who may look but not decide."""

    def find(user: Person, batch_id: int) -> PayoutBatch | None:
        people = ("community", "created_by", "downloaded_by", "executed_by", "discarded_by")
        return list_visible_batches(user).select_related(*people).filter(pk=batch_id).first()

    return _guarding("batch_id", find, lambda batch: batch.community_id, methods, decides)


def of_visible_community(*methods: str, decides: bool = False) -> Callable[[RunView], RunView]:
    """The same for a community."""

    def find(user: Person, community_id: int) -> Community | None:
        return list_visible_communities(user).filter(pk=community_id).first()

    return _guarding("community_id", find, lambda community: community.pk, methods, decides)


def of_visible_member(*methods: str) -> Callable[[RunView], RunView]:
    """The same for a member, to look at."""

    def find(user: Person, member_id: int) -> Member | None:
        members = Member.objects.filter(community__in=list_visible_communities(user)).select_related("community")
        return members.only("code", "name", "community__name", "community__code").filter(pk=member_id).first()

    return _guarding("member_id", find, lambda member: member.community_id, methods, decides=False)


def _guarding(
    name: str, find: Callable[[Person, int], Any], community_of: Callable[[Any], int], methods: tuple[str, ...], decides: bool
) -> Callable[[RunView], RunView]:
    def decorate(view: RunView) -> RunView:
        @wraps(view)
        def guarded(request: HttpRequest, **named: Any) -> HttpResponseBase:
            found = find(request.user, named.pop(name))
            if found is None:
                raise Http404
            if request.method not in methods:
                return HttpResponseNotAllowed(methods)
            if decides and not manages(request.user, community_of(found)):
                raise PermissionDenied(_("Solo un amministratore della comunità può farlo."))
            return view(request, found, **named)

        return guarded

    return decorate
