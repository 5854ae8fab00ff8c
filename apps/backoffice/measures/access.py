"""Who may bring in measures and look at imports.

A file may speak of any POD of the installation: who administers all of its communities may write them all, who administers some
of them only the PODs of those (`apps.metering.scope`).
Who may look at all communities sees all imports, everybody else their own.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseNotAllowed
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.backoffice.access import Person, RunView, list_managed_communities, list_visible_communities
from apps.communities.models import Community
from apps.communities.queries import administers_everything
from apps.metering.models import MeasureImport


def may_import(user: Person) -> bool:
    return list_managed_communities(user).exists()


def get_scope(user: User) -> list[int] | None:
    """The communities to which a person's imports are confined; None for who administers them all."""
    if user.is_superuser or administers_everything(user):
        return None
    return sorted(list_managed_communities(user).values_list("pk", flat=True))


def list_visible_imports(user: Person) -> QuerySet[MeasureImport]:
    visible = list_visible_communities(user)
    if not visible.exists():
        return MeasureImport.objects.none()
    if not Community.objects.exclude(pk__in=visible).exists():
        return MeasureImport.objects.all()
    return MeasureImport.objects.filter(imported_by=user.pk)


def of_visible_import(*methods: str, imports: bool = False) -> Callable[[RunView], RunView]:
    """A view of one import: 404 first whatever the method, then 405, then 403 for who may look but not import."""

    def decorate(view: RunView) -> RunView:
        @wraps(view)
        def guarded(request: HttpRequest, import_id: int, **named: Any) -> HttpResponseBase:
            found = list_visible_imports(request.user).select_related("imported_by").filter(pk=import_id).first()
            if found is None:
                raise Http404
            if request.method not in methods:
                return HttpResponseNotAllowed(methods)
            if imports and not may_import(request.user):
                raise PermissionDenied(_("Solo un amministratore può importare misure."))
            return view(request, found, **named)

        return guarded

    return decorate
