"""Members in the admin, with their periods of membership. Lists never show a whole tax code or IBAN."""

from itertools import combinations
from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.forms import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from apps.backoffice.records.forms import RecordForm, line, masked
from apps.backoffice.records.invite import invite_member
from apps.backoffice.records.scoping import CommunityScopedAdmin, ScopedInline, is_superuser
from apps.communities.community_file import scalars
from apps.communities.community_file.gse_facts import to_ateco, to_vat_number
from apps.communities.community_file.spans import Span
from apps.communities.models import Member, Membership
from apps.communities.operations_periods import write_memberships

_PERSONAL = ("tax_code", "iban", "vat_number")
_GSE = (
    *("legal_type", "legal_form", "subject_type", "local_authority_type", "is_professional_partnership"),
    *("first_name", "last_name", "vat_number", "ateco", "business_name"),
)


class MemberForm(RecordForm):
    checks = {
        "code": scalars.to_code,
        "tax_code": scalars.to_tax_code,
        "iban": scalars.to_iban,
        "vat_number": to_vat_number,
        "ateco": to_ateco,
    }
    tax_code = line(label=_("Codice fiscale o partita IVA"))
    iban = line(label=_("IBAN"))
    vat_number = line(label=_("Partita IVA"))

    class Meta:
        model = Member
        fields = ("community", "code", "name", "kind", "tax_code", "iban", "email", "user", *_GSE)


class MembershipFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    """The periods are held against each other as they will be, not against what is stored."""

    def clean(self) -> None:
        super().clean()
        spans = [
            Span(form.cleaned_data["joined_on"], form.cleaned_data.get("left_on"))
            for form in self.forms
            if form.cleaned_data.get("joined_on") and not form.cleaned_data.get("DELETE")
        ]
        if any(first.overlaps(second) for first, second in combinations(spans, 2)):
            raise ValidationError(say("I periodi di adesione dello stesso socio non possono sovrapporsi."))


class MembershipInline(ScopedInline):
    model = Membership
    formset = MembershipFormSet
    form = RecordForm
    extra = 0
    min_num = 0


@admin.register(Member)
class MemberAdmin(CommunityScopedAdmin):
    form = MemberForm
    list_display = ("code", "name", "kind", "tax_code_masked", "iban_masked", "has_access")
    list_display_links = ("code", "name")
    list_filter = ("kind", ("community", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("community",)
    search_fields = ("code", "name", "email")
    fixed_fields = ("community", "code")
    autocomplete_fields = ("user",)
    inlines = (MembershipInline,)
    actions = None
    change_form_template = "backoffice/records/member_form.html"

    def get_fieldsets(self, request: HttpRequest, obj: Member | None = None) -> Any:
        """Who may only look sees personal values masked; who may log in is set by superusers."""
        access = "user" if is_superuser(request) else "has_access"
        fields = ["community", "code", "name", "kind", "tax_code", "iban", "email", access]
        parts = [(None, fields), (_("Per l’elenco dei soci del GSE"), list(_GSE))]
        if not self._may_change(request, obj):
            parts = [(title, [f"{name}_masked" if name in _PERSONAL else name for name in names]) for title, names in parts]
        return [(title, {"fields": names}) for title, names in parts]

    def get_readonly_fields(self, request: HttpRequest, obj: Member | None = None) -> Any:
        return (*super().get_readonly_fields(request, obj), "tax_code_masked", "iban_masked", "vat_number_masked", "has_access")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(invite_member)
        return [path("<int:member_id>/invite/", view, name="communities_member_invite"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        member = self.get_object(request, object_id)
        may_invite = member is not None and member.user_id is None and self._may_change(request, member)
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "may_invite": may_invite})

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        formset.save(commit=False)
        for period in formset.deleted_objects:
            period.delete()
        write_memberships(changed=[period for period, _fields in formset.changed_objects], new=formset.new_objects)

    def _may_change(self, request: HttpRequest, obj: Member | None) -> bool:
        return self.has_change_permission(request, obj) if obj else self.has_add_permission(request)

    @admin.display(description=_("codice fiscale o partita IVA"))
    def tax_code_masked(self, member: Member) -> str:
        return masked(member.tax_code)

    @admin.display(description=_("IBAN"))
    def iban_masked(self, member: Member) -> str:
        return masked(member.iban)

    @admin.display(description=_("partita IVA"))
    def vat_number_masked(self, member: Member) -> str:
        return masked(member.vat_number)

    @admin.display(description=_("accede al portale"), boolean=True)
    def has_access(self, member: Member) -> bool:
        return member.user_id is not None
