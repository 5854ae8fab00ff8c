"""Contabilità in the admin: pages of our own, no form that edits what was made."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import URLPattern, path

from apps.backoffice.access import sees_any_community
from apps.backoffice.accounting import chart, gse_members, page
from apps.invoicing.accountancy.models import AccountingExport


@admin.register(AccountingExport)
class AccountingExportAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # Django cannot be asked at run time
    actions = None

    def has_module_permission(self, request: HttpRequest) -> bool:
        return sees_any_community(request)

    def has_view_permission(self, request: HttpRequest, obj: AccountingExport | None = None) -> bool:
        return obj is None and sees_any_community(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: AccountingExport | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AccountingExport | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        """Our own pages; none of the stock pages that change, delete or show a history."""

        def own(route: str, view: Any, name: str) -> URLPattern:
            address: URLPattern = path(route, self.admin_site.admin_view(view), name=f"invoicing_accountingexport_{name}")
            return address

        return [
            own("", page.choose_community, "changelist"),
            own("<int:community_id>/", page.show_community, "community"),
            own("<int:community_id>/books/", page.ask_for_books, "books"),
            own("<int:community_id>/benefits/", page.ask_for_benefits, "benefits"),
            own("<int:community_id>/progress/", page.show_progress, "progress"),
            own("<int:community_id>/file/<int:export_id>/", page.download, "download"),
            own("<int:community_id>/gse-members/", gse_members.show_members, "gse_members"),
            own("<int:community_id>/chart/", chart.show_chart, "chart"),
            own("<int:community_id>/chart/write/", chart.write_account, "chart_write"),
        ]
