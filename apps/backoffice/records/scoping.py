"""Everybody inside their own communities: one mixin decides what a person sees, may change and may choose."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.db.models import ForeignKey, Model, QuerySet
from django.forms import ModelChoiceField
from django.http import HttpRequest

from apps.accounts.models import User
from apps.backoffice.access import list_managed_communities, list_visible_communities, manages_any_community, sees_any_community
from apps.communities.models import Community, Configuration, Member, Membership, MeteringPoint, Plant
from apps.invoicing.models import Customer

# Where the community of a row stands, seen from the row. A model that is not here belongs to no community.
COMMUNITY_PATHS: Mapping[type[Model], str] = {
    Community: "pk",
    Configuration: "community",
    Member: "community",
    Membership: "member__community",
    MeteringPoint: "configuration__community",
    Plant: "community",
    Customer: "community",
}


def is_superuser(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and request.user.is_active and request.user.is_superuser


def of_communities(rows: QuerySet[Any], communities: QuerySet[Community]) -> QuerySet[Any]:
    """The rows that belong to these communities; none of a model that belongs to no community."""
    path = COMMUNITY_PATHS.get(rows.model)
    return rows.none() if path is None else rows.filter(**{f"{path}__in": communities})


class CommunityScopedAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # Django cannot be asked at run time
    """Administrators edit the rows of their communities, accountants read them; nobody else knows that they exist.

    Rows are created and changed here, never deleted by anybody but a superuser. `fixed_fields` are set once, at creation.
    """

    fixed_fields: tuple[str, ...] = ()
    shows_community = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return of_communities(super().get_queryset(request), list_visible_communities(request.user))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is None:
            return is_superuser(request) or sees_any_community(request)
        return self._belongs(obj, list_visible_communities(request.user))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return manages_any_community(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is None:
            return is_superuser(request) or manages_any_community(request)
        return self._belongs(obj, list_managed_communities(request.user))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)

    def get_list_display(self, request: HttpRequest) -> Any:
        """Which community a row is of says something only to who sees more than one."""
        columns = tuple(super().get_list_display(request))
        several = list_visible_communities(request.user).count() > 1
        return (*columns, "community") if several and self.shows_community else columns

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = tuple(super().get_readonly_fields(request, obj))
        return fields + self.fixed_fields if obj is not None else fields

    def formfield_for_foreignkey(
        self, db_field: "ForeignKey[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> "ModelChoiceField[Any] | None":
        """Only rows of communities that the person administers can be chosen, whatever the form sends."""
        if db_field.related_model in COMMUNITY_PATHS:
            rows: QuerySet[Any] = db_field.related_model._default_manager.all()
            kwargs["queryset"] = of_communities(rows, list_managed_communities(request.user))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    @staticmethod
    def _belongs(row: Model, communities: QuerySet[Community]) -> bool:
        return of_communities(type(row)._default_manager.filter(pk=row.pk), communities).exists()


class ScopedInline(admin.TabularInline):  # type: ignore[type-arg]
    """Rows below a row of a community: who may see or change the row above may see or change these."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_change(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_change(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)

    def _may_change(self, request: HttpRequest, obj: Model | None) -> bool:
        if obj is None:
            return manages_any_community(request)
        managed = list_managed_communities(request.user)
        return of_communities(type(obj)._default_manager.filter(pk=obj.pk), managed).exists()
