"""The books of a community are for its administrators and accountants; for everybody else the community does not exist."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseNotAllowed
from django.utils.translation import gettext as _

from apps.backoffice.access import RunView, list_visible_communities, manages
from apps.communities.models import Community


def of_visible_community(*methods: str, decides: bool = False) -> Callable[[RunView], RunView]:
    """A view of one community: 404 first whatever the method, then 405, then 403 for who may look but not decide."""

    def decorate(view: RunView) -> RunView:
        @wraps(view)
        def guarded(request: HttpRequest, community_id: int, **named: Any) -> HttpResponseBase:
            community = list_visible_communities(request.user).filter(pk=community_id).first()
            if community is None:
                raise Http404
            if request.method not in methods:
                return HttpResponseNotAllowed(methods)
            if decides and not may_decide(request, community):
                raise PermissionDenied(_("Solo un amministratore della comunità può farlo."))
            return view(request, community, **named)

        return guarded

    return decorate


def may_decide(request: HttpRequest, community: Community) -> bool:
    return manages(request.user, community.pk)
