"""Whose amounts a configuration divides: its own or those that GSE published, from a month on."""

from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.dates import MONTHS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.backoffice.access import person
from apps.backoffice.gse.access import gse_crumb, may_act, of_visible_configuration
from apps.backoffice.gse.true_ups import list_true_up_notes
from apps.backoffice.pages import show_page
from apps.communities.models import Configuration
from apps.settlement.gse.operations import choose_amounts
from apps.settlement.models import AmountsChoice

FIRST_YEAR, LAST_YEAR = 2022, 2199


class ChoiceForm(forms.Form):
    """From which month on, and whose amounts."""

    month = forms.TypedChoiceField(label=lazy("Dal mese"), choices=list(MONTHS.items()), coerce=int)
    year = forms.IntegerField(label=lazy("Anno"), min_value=FIRST_YEAR, max_value=LAST_YEAR, localize=False)
    amounts_from = forms.ChoiceField(label=lazy("Importi da ripartire"), choices=AmountsChoice.Source.choices)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""


@of_visible_configuration("GET", "HEAD", "POST")
def choose_source(request: HttpRequest, configuration: Configuration) -> HttpResponse:
    """GET: what was chosen when and by whom. POST: another choice, which leaves the earlier ones as they were."""
    form = ChoiceForm(request.POST) if request.method == "POST" else ChoiceForm(initial=_this_month())
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        made = choose_amounts(
            configuration=configuration,
            valid_from=date(said["year"], said["month"], 1),
            amounts_from=said["amounts_from"],
            chosen_by=person(request),
            as_of=timezone.now(),
        )
        messages.success(request, _("La scelta è registrata: %(source)s.") % {"source": made.get_amounts_from_display()})
        return redirect("admin:settlement_gsepublication_source", configuration.pk)
    return show_page(
        request,
        "backoffice/gse/choice.html",
        title=_("Importi da ripartire di %(configuration)s") % {"configuration": configuration.code},
        crumbs=[gse_crumb()],
        status=400 if form.errors else 200,
        configuration=configuration,
        form=form,
        true_ups=list_true_up_notes([configuration], today=timezone.localdate()),
        choices=AmountsChoice.objects.filter(configuration=configuration).select_related("chosen_by").order_by("-pk"),
        may_act=may_act(request.user, configuration),
    )


def _this_month() -> dict[str, Any]:
    today = timezone.localdate()
    return {"month": today.month, "year": today.year}
