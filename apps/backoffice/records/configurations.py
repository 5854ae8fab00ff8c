"""Configurations in the admin, each with its distribution rules in order of time."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Model
from django.forms import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from apps.backoffice.records.forms import RecordForm
from apps.backoffice.records.rule_form import PART_NAMES, RuleForm, describe_table, field_names, refusal_of
from apps.backoffice.records.scoping import CommunityScopedAdmin, ScopedInline
from apps.communities.community_file import scalars
from apps.communities.errors import RuleRefused
from apps.communities.models import Configuration, DistributionRule
from apps.communities.operations_rules import move_start


class ConfigurationForm(RecordForm):
    checks = {"code": scalars.to_code, "primary_substation": scalars.to_primary_substation}

    class Meta:
        model = Configuration
        fields = ("community", "code", "kind", "primary_substation", "starts_on", "ends_on")

    def clean_starts_on(self) -> Any:
        """The first rule follows the start, where it can."""
        starts_on = self.cleaned_data["starts_on"]
        if self.instance.pk and "starts_on" in self.changed_data:
            reason = refusal_of(lambda: move_start(configuration=self.instance, starts_on=starts_on))
            if reason:
                raise forms.ValidationError(reason)
        return starts_on


class RuleFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    """The rules see the configuration as the form above leaves it, not as it is stored."""

    def _construct_form(self, i: int, **kwargs: Any) -> Any:
        form = super()._construct_form(i, **kwargs)  # type: ignore[misc]
        form.instance.configuration = self.instance
        return form

    @property
    def empty_form(self) -> Any:
        form = super().empty_form
        form.instance.configuration = self.instance
        return form


class RuleInline(ScopedInline, admin.StackedInline):  # type: ignore[type-arg]
    model = DistributionRule
    form = RuleForm
    formset = RuleFormSet
    template = "admin/edit_inline/stacked.html"
    extra = 0
    ordering = ("valid_from",)
    readonly_fields = ("valid_to", "in_words")
    verbose_name_plural = _("regole di riparto")

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        if not self.has_change_permission(request, obj):
            return ((None, {"fields": ("valid_from", "valid_to", "in_words")}),)
        parts = tuple((name, {"fields": field_names(part), "classes": ("part",)}) for part, name in PART_NAMES.items())
        return ((None, {"fields": ("valid_from", "valid_to", "in_words")}), *parts)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("in parole"))
    def in_words(self, rule: DistributionRule) -> SafeString | str:
        if not rule.pk:
            return "–"
        return format_html_join("", "<div><strong>{}</strong>: {}.</div>", describe_table(rule.table))


@admin.register(Configuration)
class ConfigurationAdmin(CommunityScopedAdmin):
    form = ConfigurationForm
    list_display = ("code", "kind", "primary_substation", "starts_on", "ends_on")
    list_filter = ("kind", ("community", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("community",)
    search_fields = ("code", "primary_substation")
    fields = ("community", "code", "kind", "primary_substation", "starts_on", "ends_on")
    fixed_fields = ("community", "code")
    inlines = (RuleInline,)
    actions = None

    def get_inlines(self, request: HttpRequest, obj: Configuration | None) -> Any:
        """Rules follow once the configuration stands: they begin with it."""
        return self.inlines if obj is not None else ()

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """A rule that somebody approved a run by, in the moment between check and write, takes the whole change back."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except RuleRefused as refusal:
            messages.error(request, str(refusal))
            return HttpResponseRedirect(request.path)

    def save_model(self, request: HttpRequest, obj: Configuration, form: Any, change: bool) -> None:
        if change and "starts_on" in form.changed_data:
            move_start(configuration=obj, starts_on=obj.starts_on)
        super().save_model(request, obj, form, change)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        written = [rule_form for rule_form in formset.forms if rule_form.has_changed()]
        rules = [(rule_form.instance.pk is None, rule_form.write(), rule_form.changed_data) for rule_form in written]
        formset.new_objects = [rule for is_new, rule, _changed in rules if is_new]
        formset.changed_objects = [(rule, changed) for is_new, rule, changed in rules if not is_new]
        formset.deleted_objects = []
