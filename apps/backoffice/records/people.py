"""Users and their roles in the admin: superusers alone. A role is what opens a community to somebody."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as StockUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.backoffice.records.forms import RecordForm
from apps.backoffice.records.scoping import is_superuser
from apps.communities.models import Role


class SuperuserOnly:
    """Nobody else sees that these pages exist."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_superuser(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)


class RoleInline(SuperuserOnly, admin.TabularInline):  # type: ignore[type-arg]
    model = Role
    form = RecordForm
    extra = 0
    autocomplete_fields = ("community",)


class UserCreationForm(AdminUserCreationForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ("email", "name")


@admin.register(User)
class UserAdmin(SuperuserOnly, StockUserAdmin):  # type: ignore[type-arg]
    add_form = UserCreationForm
    list_display = ("email", "name", "is_active", "is_staff", "is_superuser", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser", "roles__kind")
    search_fields = ("email", "name")
    ordering = ("email",)
    inlines = (RoleInline,)
    fieldsets = (
        (None, {"fields": ("email", "password", "name")}),
        (_("Che cosa può fare"), {"fields": ("is_active", "is_staff", "is_superuser")}),
        (_("Date"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("email", "name", "usable_password", "password1", "password2")}),)
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ()

    def get_inlines(self, request: HttpRequest, obj: User | None) -> Any:
        return self.inlines if obj is not None else ()


@admin.register(Role)
class RoleAdmin(SuperuserOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    form = RecordForm
    list_display = ("user", "community", "kind")
    list_filter = ("kind", "community")
    list_select_related = ("user", "community")
    search_fields = ("user__email", "user__name", "community__code", "community__name")
    autocomplete_fields = ("user", "community")


admin.site.unregister(Group)  # what a person may do comes from roles alone
