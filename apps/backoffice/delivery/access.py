"""Whose letters and reminders a person may see: those of their communities. Administrators act, accountants look."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseNotAllowed
from django.utils.translation import gettext as _

from apps.backoffice.access import Person, RunView, list_visible_communities, manages
from apps.communities.models import Community, Member
from apps.invoicing.models import MailMessage, Reminder

# Where the community of a row stands, seen from the row.
_PATHS: dict[type[Model], str] = {Community: "pk", Member: "community", MailMessage: "community", Reminder: "community"}


def list_visible(model: type[Model], user: Person) -> QuerySet[Any]:
    """The rows of the communities that a person may look at."""
    return model._default_manager.filter(**{f"{_PATHS[model]}__in": list_visible_communities(user)})


def may_act(user: Person, row: Any) -> bool:
    """Does this person administer the community of the row?"""
    community = row.pk if isinstance(row, Community) else row.community_id
    return manages(user, community)


def of_visible(model: type[Model], *methods: str, related: tuple[str, ...] = ()) -> Callable[[RunView], RunView]:
    """A view of one row: 404 first whatever the method, then 405; to write takes an administrator (403)."""

    def decorate(view: RunView) -> RunView:
        @wraps(view)
        def guarded(request: HttpRequest, row_id: int, **named: Any) -> HttpResponseBase:
            row = list_visible(model, request.user).select_related(*related).filter(pk=row_id).first()
            if row is None:
                raise Http404
            if request.method not in methods:
                return HttpResponseNotAllowed(methods)
            if request.method == "POST" and not may_act(request.user, row):
                raise PermissionDenied(_("Solo un amministratore della comunità può farlo."))
            return view(request, row, **named)

        return guarded

    return decorate
