"""Subjects whose pages are our own: Django's admin brings the list, the frame and the log-in, and changes nothing."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import URLPattern, path

from apps.backoffice.access import sees_any_community


class OwnPagesAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # Django cannot be asked at run time
    """Nothing is added, changed or deleted on a stock page; `get_urls` of a subject names its pages with `own`."""

    actions = None

    def has_module_permission(self, request: HttpRequest) -> bool:
        return sees_any_community(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def own(self, route: str, view: Any, name: str, **given: str) -> URLPattern:
        """A page behind the admin's log-in, by the name that Django would give it. `given` are arguments of the view."""
        address: URLPattern = path(route, self.admin_site.admin_view(view), given, name=self.address_name(name))
        return address

    def address_name(self, name: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{name}"
