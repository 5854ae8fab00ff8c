"""The GSE side of the money in the admin: pages of our own behind one entry. No form: nothing that was said is edited."""

from django.contrib import admin
from django.http import HttpRequest
from django.urls import URLPattern

from apps.backoffice.access import list_visible_communities, sees_any_community
from apps.backoffice.gse import choice, export, import_file, matching, month, receipts, year
from apps.backoffice.own_pages import OwnPagesAdmin
from apps.settlement.models import GsePublication


@admin.register(GsePublication)
class GsePublicationAdmin(OwnPagesAdmin):
    def has_view_permission(self, request: HttpRequest, obj: GsePublication | None = None) -> bool:
        if obj is None:
            return sees_any_community(request)
        return list_visible_communities(request.user).filter(pk=obj.configuration.community_id).exists()

    def get_urls(self) -> list[URLPattern]:
        """Our own pages; none of the stock pages that list, change, delete or show a history."""
        return [
            self.own("", year.list_configurations, "changelist"),
            self.own("import/", import_file.import_file, "import"),
            self.own("receipts/", receipts.list_receipts, "receipts"),
            self.own("receipts/<int:receipt_id>/assign/", receipts.assign_receipt, "assign"),
            self.own("<int:configuration_id>/source/", choice.choose_source, "source"),
            self.own("<int:configuration_id>/receipts/<int:receipt_id>/", matching.match_receipt, "match"),
            self.own("<int:configuration_id>/<int:year>/", year.show_year, "year"),
            self.own("<int:configuration_id>/<int:year>/riconciliazione.xlsx", export.download_xlsx, "xlsx"),
            self.own("<int:configuration_id>/<int:year>/riconciliazione.csv", export.download_csv, "csv"),
            self.own("<int:configuration_id>/<int:year>/<int:month>/", month.show_month, "month"),
        ]
