"""The dated values of the law in the admin: everybody with a role reads them, superusers record new ones."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as say

from apps.backoffice.access import sees_any_community
from apps.backoffice.records.forms import RecordForm
from apps.backoffice.records.scoping import is_superuser
from apps.settlement.gse_parameters import advance_from_values, charges_from_values
from apps.settlement.models import RuleParameter
from apps.settlement.parameters import KEYS, parameters_from_values
from apps.settlement.reference_values import read_reference_values


class RuleParameterForm(RecordForm):
    """A value must be of the shape that the rules read: it is tried in the company of the others before it is kept."""

    key = forms.ChoiceField(choices=[(key, key) for key in sorted(KEYS)])

    class Meta:
        model = RuleParameter
        fields = ("key", "valid_from", "valid_to", "value", "legal_source")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "value" in cleaned and "key" in cleaned:
            values = {row["key"]: row["value"] for row in read_reference_values()}
            try:
                tried = {**values, cleaned["key"]: cleaned["value"]}
                parameters_from_values(tried)
                advance_from_values(tried)
                charges_from_values(tried)
            except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError):
                example = values[cleaned["key"]]
                self.add_error("value", say("Il valore non ha la forma attesa, per esempio: %(example)s") % {"example": example})
        return cleaned


@admin.register(RuleParameter)
class RuleParameterAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = RuleParameterForm
    list_display = ("key", "valid_from", "valid_to", "value", "legal_source")
    list_filter = ("key",)
    search_fields = ("key", "legal_source")
    list_per_page = 50
    actions = None

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request) or sees_any_community(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
