"""Which file is wanted: of whom, of when, in which format. Nothing else is ever read from the request."""

from datetime import date
from typing import Any, cast

from django import forms
from django.db.models import QuerySet
from django.utils.dates import MONTHS
from django.utils.translation import gettext_lazy as _

from apps.backoffice.templatetags.quantities import month_name
from apps.communities.models import Community, Configuration
from apps.invoicing.accountancy.models import AccountingExport
from apps.invoicing.accountancy.scope import Scope, last_day_of_month
from apps.settlement.models import SettlementRun

Format = AccountingExport.Format
ALL_YEAR = 0
FIRST_YEAR, LAST_YEAR = 2022, 2199


class RunField(forms.ModelChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, run: Any) -> str:
        return f"{run.configuration.code}, {month_name(run.month)}, {run.get_kind_display()} v{run.version}"


class _OfCommunity(forms.Form):
    """What all of them begin with: a configuration of the community, and a year."""

    configuration: "forms.ModelChoiceField[Configuration]" = forms.ModelChoiceField(
        Configuration.objects.none(), label=_("Configurazione"), required=False, empty_label=_("Tutta la comunità")
    )
    year = forms.IntegerField(label=_("Anno"), min_value=FIRST_YEAR, max_value=LAST_YEAR, localize=False)

    def __init__(self, *args: Any, community: Community, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.community = community
        self.label_suffix = ""
        configurations = Configuration.objects.filter(community=community).order_by("code")
        cast("forms.ModelChoiceField[Configuration]", self.fields["configuration"]).queryset = configurations

    def scope(self) -> Scope:
        year = self.cleaned_data["year"]
        return Scope(self.community, date(year, 1, 1), date(year, 12, 31), self.cleaned_data["configuration"])


class BooksForm(_OfCommunity):
    """The books of a year, a month or a run."""

    month = forms.TypedChoiceField(label=_("Mese"), choices=[(ALL_YEAR, _("Tutto l’anno")), *MONTHS.items()], coerce=int)
    run = RunField(
        SettlementRun.objects.none(), label=_("Regolazione"), required=False, empty_label=_("Tutte quelle del periodo")
    )
    format = forms.ChoiceField(
        label=_("Formato"), choices=[(Format.XLSX, Format.XLSX.label), (Format.CSV, _("CSV (archivio ZIP)"))]
    )

    def __init__(self, *args: Any, community: Community, **kwargs: Any) -> None:
        super().__init__(*args, community=community, **kwargs)
        cast(RunField, self.fields["run"]).queryset = list_approved(community).select_related("configuration")

    def scope(self) -> Scope:
        run: SettlementRun | None = self.cleaned_data["run"]
        if run is not None:
            return Scope(self.community, run.month, last_day_of_month(run.month), run=run)
        if self.cleaned_data["month"] == ALL_YEAR:
            return super().scope()
        month = date(self.cleaned_data["year"], self.cleaned_data["month"], 1)
        return Scope(self.community, month, last_day_of_month(month), self.cleaned_data["configuration"])


class BenefitsForm(_OfCommunity):
    """The yearly report of one configuration."""

    format = forms.ChoiceField(label=_("Formato"), choices=[(Format.PDF, _("PDF")), (Format.XLSX, Format.XLSX.label)])

    def __init__(self, *args: Any, community: Community, **kwargs: Any) -> None:
        super().__init__(*args, community=community, **kwargs)
        field = cast("forms.ModelChoiceField[Configuration]", self.fields["configuration"])
        field.required, field.empty_label = True, None


def list_approved(community: Community) -> QuerySet[SettlementRun]:
    """The approved runs of a community, newest month first."""
    runs = SettlementRun.objects.filter(configuration__community=community, state__in=SettlementRun.APPROVED_STATES)
    return runs.order_by("-month", "configuration__code", "-version").defer("facts", "missing")


def latest_year(community: Community, today: date) -> int:
    """The year that the forms begin with: the last one with an approved month."""
    newest = list_approved(community).values_list("month", flat=True).first()
    return newest.year if newest else today.year
