"""Choosing a month of a configuration: what several pages begin with."""

from datetime import date, timedelta
from typing import Any, cast

from django import forms
from django.db.models import QuerySet
from django.utils.dates import MONTHS
from django.utils.translation import gettext_lazy as _

from apps.communities.models import Configuration
from apps.settlement.waiting import find_month_to_settle

FIRST_YEAR, LAST_YEAR = 2022, 2199
CONFIGURATIONS_LOOKED_AT = 20  # for a month to propose; who has more configurations chooses among them anyway


class MonthForm(forms.Form):
    """One configuration among those that are given, and one month. Nothing else is ever read from the request."""

    configuration: "forms.ModelChoiceField[Configuration]" = forms.ModelChoiceField(
        Configuration.objects.none(), label=_("Configurazione"), empty_label=None
    )
    month = forms.TypedChoiceField(label=_("Mese"), choices=list(MONTHS.items()), coerce=int)
    year = forms.IntegerField(label=_("Anno"), min_value=FIRST_YEAR, max_value=LAST_YEAR, localize=False)

    def __init__(self, *args: Any, configurations: QuerySet[Configuration], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        cast("forms.ModelChoiceField[Configuration]", self.fields["configuration"]).queryset = configurations

    def first_day(self) -> date:
        return date(self.cleaned_data["year"], self.cleaned_data["month"], 1)


def last_month(today: date) -> dict[str, Any]:
    """The month that ended last, as the form begins with it."""
    ended = today.replace(day=1) - timedelta(days=1)
    return {"month": ended.month, "year": ended.year}


def first_choice(configurations: QuerySet[Configuration], today: date) -> dict[str, Any]:
    """What such a form begins with: the first month that has measures and no run yet, otherwise the month that ended last."""
    for configuration in configurations[:CONFIGURATIONS_LOOKED_AT]:
        month = find_month_to_settle(configuration, before=today.replace(day=1))
        if month:
            return {"configuration": configuration.pk, "month": month.month, "year": month.year}
    return last_month(today)
