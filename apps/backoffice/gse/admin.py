"""The GSE side of the money in the admin: pages of our own behind one entry. No form: nothing that was said is edited."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import URLPattern, path

from apps.backoffice.access import list_visible_communities, sees_any_community
from apps.backoffice.gse import choice, export, import_file, month, receipts, year
from apps.settlement.models import GsePublication


@admin.register(GsePublication)
class GsePublicationAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # Django cannot be asked at run time
    def has_module_permission(self, request: HttpRequest) -> bool:
        return sees_any_community(request)

    def has_view_permission(self, request: HttpRequest, obj: GsePublication | None = None) -> bool:
        if obj is None:
            return sees_any_community(request)
        return list_visible_communities(request.user).filter(pk=obj.configuration.community_id).exists()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: GsePublication | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: GsePublication | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        """Our own pages; none of the stock pages that list, change, delete or show a history."""

        def own(route: str, view: Any, name: str) -> URLPattern:
            address: URLPattern = path(route, self.admin_site.admin_view(view), name=f"settlement_gsepublication_{name}")
            return address

        return [
            own("", year.list_configurations, "changelist"),
            own("import/", import_file.import_file, "import"),
            own("receipts/", receipts.list_receipts, "receipts"),
            own("receipts/<int:receipt_id>/assign/", receipts.assign_receipt, "assign"),
            own("<int:configuration_id>/source/", choice.choose_source, "source"),
            own("<int:configuration_id>/<int:year>/", year.show_year, "year"),
            own("<int:configuration_id>/<int:year>/riconciliazione.xlsx", export.download_xlsx, "xlsx"),
            own("<int:configuration_id>/<int:year>/riconciliazione.csv", export.download_csv, "csv"),
            own("<int:configuration_id>/<int:year>/<int:month>/", month.show_month, "month"),
        ]
