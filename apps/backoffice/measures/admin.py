"""Imports of measures in the admin: a list, an upload with a preview, and the page of what is complete."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from apps.backoffice.access import sees_any_community
from apps.backoffice.measures import completeness, page, upload
from apps.backoffice.measures.access import list_visible_imports, may_import
from apps.backoffice.own_pages import OwnPagesAdmin
from apps.metering.models import MeasureImport

TONES = {
    MeasureImport.State.UPLOADED: "waiting",
    MeasureImport.State.PREVIEWED: "computed",
    MeasureImport.State.IMPORTING: "waiting",
    MeasureImport.State.IMPORTED: "approved",
    MeasureImport.State.REFUSED: "failed",
}


@admin.register(MeasureImport)
class MeasureImportAdmin(OwnPagesAdmin):
    list_display = (
        "file_name",
        "source",
        "state_pill",
        "rows_read",
        "rows_new",
        "rows_changed",
        "rows_rejected",
        "imported_by",
        "uploaded",
    )
    list_filter = ("state",)
    list_select_related = ("imported_by",)
    change_list_template = "backoffice/measures/list.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[MeasureImport]:
        return list_visible_imports(request.user).defer("report")

    def has_view_permission(self, request: HttpRequest, obj: MeasureImport | None = None) -> bool:
        if obj is None:
            return sees_any_community(request)
        return list_visible_imports(request.user).filter(pk=obj.pk).exists()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        context = {"title": _("Importazioni di misure"), "may_import": may_import(request.user)}
        return super().changelist_view(request, {**(extra_context or {}), **context})

    def get_urls(self) -> list[URLPattern]:
        """The list and our own pages; none of the stock pages that change, delete or show a history."""
        return [
            self.own("", self.changelist_view, "changelist"),
            self.own("new/", upload.upload_file, "new"),
            self.own("completeness/", completeness.show_completeness, "completeness"),
            self.own("<int:import_id>/", page.show_import, "change"),
            self.own("<int:import_id>/progress/", page.show_progress, "progress"),
            self.own("<int:import_id>/confirm/", page.confirm_import, "confirm"),
            self.own("<int:import_id>/rejects.csv", page.download_rejects, "rejects"),
        ]

    @admin.display(description=_("stato"), ordering="state")
    def state_pill(self, found: MeasureImport) -> SafeString:
        tone = TONES[MeasureImport.State(found.state)]
        return format_html('<span class="pill {}">{}</span>', tone, found.get_state_display())

    @admin.display(description=_("caricato il"), ordering="created_at")
    def uploaded(self, found: MeasureImport) -> str:
        return date_format(timezone.localtime(found.created_at), "d/m/Y H:i")
