"""Which hours are known: a page that anybody of the community may look at, whatever runs there are."""

from datetime import date
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.backoffice.access import list_visible_configurations, only
from apps.backoffice.measures.pictures import MOST_ROWS, picture_of_completeness
from apps.backoffice.month_form import MonthForm, first_choice
from apps.backoffice.pages import Crumb, show_page
from apps.backoffice.templatetags.quantities import month_name
from apps.communities.models import Configuration
from apps.settlement.readiness import get_known_hours


@only("GET", "HEAD")
def show_completeness(request: HttpRequest) -> HttpResponse:
    """Choose a configuration and a month; see the heat map and the PODs that miss hours."""
    configurations = list_visible_configurations(request.user)
    if not configurations.exists():
        raise PermissionDenied(_("Non hai ancora un ruolo in una comunità."))
    if "configuration" in request.GET:
        form = MonthForm(request.GET, configurations=configurations)
    else:
        form = MonthForm(configurations=configurations, initial=first_choice(configurations, timezone.localdate()))
    found = _look(form.cleaned_data["configuration"], form.first_day()) if form.is_bound and form.is_valid() else {}
    return show_page(
        request,
        "backoffice/measures/completeness.html",
        title=_("Completezza delle misure"),
        crumbs=[imports_crumb()],
        form=form,
        **found,
    )


def imports_crumb() -> Crumb:
    return _("Importazioni di misure"), reverse("admin:metering_measureimport_changelist")


def _look(configuration: Configuration, month: date) -> dict[str, Any]:
    measures = get_known_hours(configuration, month, until=timezone.now())
    return {
        "configuration": configuration,
        "month_text": month_name(month),
        "measures": measures,
        "picture": picture_of_completeness(measures, month=month),
        "not_drawn": max(0, len(measures.pods) - MOST_ROWS),
    }
