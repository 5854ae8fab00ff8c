"""Metering points and plants in the admin: the same grammar and the same laws as the import."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from apps.backoffice.records.forms import RecordForm
from apps.backoffice.records.scoping import CommunityScopedAdmin
from apps.communities.community_file import scalars
from apps.communities.models import MeteringPoint, Plant
from apps.engine.identifiers import REGIONS, pod_key


class MeteringPointForm(RecordForm):
    """The configuration and the member are of one community; the POD has one holder at a time."""

    checks = {"pod": scalars.to_pod}

    class Meta:
        model = MeteringPoint
        fields = ("pod", "configuration", "member", "voltage", "valid_from", "valid_to", "storage_efficiency")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        configuration, member = cleaned.get("configuration"), cleaned.get("member")
        if configuration and member and configuration.community_id != member.community_id:
            self.add_error("member", say("Il socio non appartiene alla comunità della configurazione."))
        if cleaned.get("pod"):
            self.instance.pod_key = pod_key(cleaned["pod"])
        return cleaned

    def _get_validation_exclusions(self) -> set[str]:
        """The key is not in the form, but the law that it must not overlap is checked all the same."""
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        return excluded - {"pod_key"}


@admin.register(MeteringPoint)
class MeteringPointAdmin(CommunityScopedAdmin):
    form = MeteringPointForm
    list_display = ("pod", "configuration", "member", "voltage", "valid_from", "valid_to")
    list_filter = (("configuration", admin.RelatedOnlyFieldListFilter), "voltage")
    list_select_related = ("configuration", "member")
    search_fields = ("pod", "member__code", "member__name")
    shows_community = False
    autocomplete_fields = ("member",)
    actions = None


class PlantForm(RecordForm):
    pod_key = forms.CharField(label=_("POD"), max_length=20, help_text=_("Un punto di misura della comunità."))
    region = forms.ChoiceField(label=_("Regione"), choices=[("", "---------"), *((name, name) for name in REGIONS)])
    checks = {"code": scalars.to_code, "pod_key": scalars.to_pod}

    class Meta:
        model = Plant
        fields = (
            "community",
            "code",
            "pod_key",
            "source",
            "power_kw",
            "region",
            "market_zone",
            "entered_operation_on",
            "grant_intensity",
            "obligation_power_kw",
            "in_building",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("power_kw", "grant_intensity", "obligation_power_kw"):
            if isinstance(self.initial.get(name), Decimal):
                self.initial[name] = scalars.plain(self.initial[name])  # 19.8, not 19.800: an Italian reads that as thousands

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        community = cleaned.get("community") or (self.instance.community if self.instance.pk else None)
        if cleaned.get("pod_key"):
            cleaned["pod_key"] = pod_key(cleaned["pod_key"])
            if community and not _points_of(community.pk, cleaned["pod_key"]).exists():
                self.add_error("pod_key", say("Questo POD non è un punto di misura della comunità. Aggiungi prima il punto."))
        return cleaned


def _points_of(community_id: int, key: str) -> QuerySet[MeteringPoint]:
    return MeteringPoint.objects.filter(pod_key=key, configuration__community=community_id)


@admin.register(Plant)
class PlantAdmin(CommunityScopedAdmin):
    form = PlantForm
    list_display = (
        "code",
        "pod_key",
        "source",
        "power_kw",
        "market_zone",
        "entered_operation_on",
        "grant_intensity",
    )
    list_filter = ("source", "market_zone", ("community", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("community",)
    search_fields = ("code", "pod_key")
    fields = PlantForm.Meta.fields
    fixed_fields = ("community", "code")
    actions = None
