"""Pages of one configuration: who has a role in its community looks and exports, its administrators act."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseNotAllowed
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.backoffice.access import Person, RunView, list_managed_configurations, list_visible_configurations
from apps.backoffice.pages import Crumb
from apps.communities.models import Configuration

FIRST_YEAR, LAST_YEAR = 2020, 2199
MOST_DIGITS = 15


def may_act(user: Person, configuration: Configuration) -> bool:
    return list_managed_configurations(user).filter(pk=configuration.pk).exists()


def of_visible_configuration(*methods: str, acts: bool = False) -> Callable[[RunView], RunView]:
    """A view of one configuration: 404 first whatever the method, then 405, then 403 for who may look but not act.

    A `year` in the address must be one that can be.
    """

    def decorate(view: RunView) -> RunView:
        @wraps(view)
        def guarded(request: HttpRequest, configuration_id: int, **named: Any) -> HttpResponseBase:
            configuration = list_visible_configurations(request.user).filter(pk=configuration_id).first()
            if configuration is None or not FIRST_YEAR <= named.get("year", FIRST_YEAR) <= LAST_YEAR:
                raise Http404
            if request.method not in methods:
                return HttpResponseNotAllowed(methods)
            if (acts or request.method == "POST") and not may_act(request.user, configuration):
                raise PermissionDenied(_("Solo un amministratore della comunità può farlo."))
            return view(request, configuration, **named)

        return guarded

    return decorate


def number_of(text: str, none: int = 0) -> int:
    """A whole number that came in a form, `none` for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < MOST_DIGITS else none


def gse_crumb() -> Crumb:
    return _("GSE e banca"), reverse("admin:settlement_gsepublication_changelist")


def year_crumb(configuration: Configuration, year: int) -> Crumb:
    return f"{configuration.code} {year}", reverse("admin:settlement_gsepublication_year", args=[configuration.pk, year])
