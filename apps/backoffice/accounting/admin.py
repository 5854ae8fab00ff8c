"""Contabilità in the admin: pages of our own, no form that edits what was made."""

from django.contrib import admin
from django.http import HttpRequest
from django.urls import URLPattern

from apps.backoffice.access import sees_any_community
from apps.backoffice.accounting import chart, gse_members, page
from apps.backoffice.own_pages import OwnPagesAdmin
from apps.invoicing.accountancy.models import AccountingExport


@admin.register(AccountingExport)
class AccountingExportAdmin(OwnPagesAdmin):
    def has_view_permission(self, request: HttpRequest, obj: AccountingExport | None = None) -> bool:
        return obj is None and sees_any_community(request)

    def get_urls(self) -> list[URLPattern]:
        """Our own pages; none of the stock pages that change, delete or show a history."""
        return [
            self.own("", page.choose_community, "changelist"),
            self.own("<int:community_id>/", page.show_community, "community"),
            self.own("<int:community_id>/books/", page.ask_for_books, "books"),
            self.own("<int:community_id>/benefits/", page.ask_for_benefits, "benefits"),
            self.own("<int:community_id>/progress/", page.show_progress, "progress"),
            self.own("<int:community_id>/file/<int:export_id>/", page.download, "download"),
            self.own("<int:community_id>/gse-members/", gse_members.show_members, "gse_members"),
            self.own("<int:community_id>/chart/", chart.show_chart, "chart"),
            self.own("<int:community_id>/chart/write/", chart.write_account, "chart_write"),
        ]
