"""Communities in the admin, with their logo."""

import base64
from typing import Any

from django import forms
from django.contrib import admin
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from apps.backoffice.access import manages_any_community
from apps.backoffice.records.forms import RecordForm, line, masked
from apps.backoffice.records.import_community import import_community
from apps.backoffice.records.scoping import CommunityScopedAdmin, is_superuser
from apps.communities.community_file import scalars
from apps.communities.models import Community
from reports.logo import safe_logo

MAX_LOGO_BYTES = 200 * 1024
_VAT_DIGITS = 11
_INVOICES = ("vat_number", "tax_regime", "street", "postcode", "town", "province", "pec", "phone")
_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


class CommunityForm(RecordForm):
    """A community; the logo is decoded and drawn again before it is kept, so that nothing but a picture is stored."""

    checks = {
        "code": scalars.to_code,
        "tax_code": scalars.to_tax_code,
        "iban": scalars.to_iban,
        "vat_number": scalars.to_tax_code,
    }
    iban = line(label=_("IBAN"))
    new_logo = forms.FileField(
        label=_("Nuovo logo"),
        required=False,
        help_text=_("PNG o JPEG, al massimo 200 KB. Compare sui rendiconti."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg"}),
    )
    remove_logo = forms.BooleanField(label=_("Togli il logo"), required=False)

    class Meta:
        model = Community
        fields = ("code", "name", "tax_code", "iban", "legal_form", "address", "contact_email", *_INVOICES)

    def clean_vat_number(self) -> str:
        number: str = self.cleaned_data["vat_number"].strip()
        if number and not (number.isascii() and number.isdigit() and len(number) == _VAT_DIGITS):
            raise forms.ValidationError(say("La partita IVA ha undici cifre."))
        return number

    def clean_new_logo(self) -> bytes:
        upload: UploadedFile[bytes] | None = self.cleaned_data["new_logo"]
        if upload is None:
            return b""
        if (upload.size or 0) > MAX_LOGO_BYTES:
            raise forms.ValidationError(say("Il logo è più grande di 200 KB. Scegline uno più piccolo."))
        content = upload.read()
        logo = safe_logo(content) if content.startswith(_SIGNATURES) else None
        if logo is None:
            raise forms.ValidationError(say("Il file non è un’immagine PNG o JPEG leggibile."))
        return logo.content

    def save(self, commit: bool = True) -> Any:
        if self.cleaned_data.get("new_logo"):
            self.instance.logo = self.cleaned_data["new_logo"]
        elif self.cleaned_data.get("remove_logo"):
            self.instance.logo = b""
        return super().save(commit)


@admin.register(Community)
class CommunityAdmin(CommunityScopedAdmin):
    form = CommunityForm
    list_display = ("code", "name", "tax_code", "iban_masked", "has_logo")
    search_fields = ("code", "name")
    shows_community = False
    fixed_fields = ("code",)
    readonly_fields = ("logo_shown",)
    actions = None
    change_list_template = "backoffice/records/community_list.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_superuser(request)

    def get_fieldsets(self, request: HttpRequest, obj: Community | None = None) -> Any:
        iban = "iban" if self.has_change_permission(request, obj) else "iban_masked"
        logo = ("logo_shown", "new_logo", "remove_logo") if self.has_change_permission(request, obj) else ("logo_shown",)
        return (
            (None, {"fields": ("code", "name", "tax_code", iban, "legal_form", "address", "contact_email")}),
            (_("Per le fatture"), {"fields": _INVOICES}),
            (_("Logo"), {"fields": logo}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Community | None = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        return fields if self.has_change_permission(request, obj) else (*fields, "iban_masked")

    def get_urls(self) -> list[URLPattern]:
        own: URLPattern = path("import/", self.admin_site.admin_view(import_community), name="communities_community_import")
        return [own, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        may_import = is_superuser(request) or manages_any_community(request)
        return super().changelist_view(request, {**(extra_context or {}), "may_import": may_import})

    @admin.display(description=_("IBAN"))
    def iban_masked(self, community: Community) -> str:
        return masked(community.iban)

    @admin.display(description=_("logo"), boolean=True)
    def has_logo(self, community: Community) -> bool:
        return bool(community.logo)

    @admin.display(description=_("logo attuale"))
    def logo_shown(self, community: Community) -> SafeString | str:
        logo = safe_logo(bytes(community.logo)) if community.logo else None
        if logo is None:
            return "–"
        encoded = base64.b64encode(logo.content).decode()
        return format_html(
            '<img alt="" style="max-height: 6rem; max-width: 20rem" src="data:{};base64,{}">', logo.media_type, encoded
        )
