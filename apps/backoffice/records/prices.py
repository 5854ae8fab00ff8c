"""Zonal prices in the admin: a list to read, one day of all zones at a glance, and the record of every import."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.db.models import Max, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from apps.backoffice.access import list_visible_communities, manages_any_community, only, person, sees_any_community
from apps.backoffice.own_pages import OwnPagesAdmin
from apps.backoffice.pages import show_page
from apps.backoffice.records.import_prices import import_prices
from apps.backoffice.records.price_texts import instant_text, price_text
from apps.backoffice.records.scoping import is_superuser
from apps.engine.calendar import day_starts_at, hours_in_day
from apps.engine.identifiers import MARKET_ZONES
from apps.settlement.models import PriceImport, ZonalPrice

_FIRST_DAY, _LAST_DAY = date(2000, 1, 1), date(2199, 12, 30)


class ReadOnlyAdmin(OwnPagesAdmin):
    """Rows that come from imports: everybody with a role in a community may look, nobody edits them by hand."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request) or sees_any_community(request)


@admin.register(ZonalPrice)
class ZonalPriceAdmin(ReadOnlyAdmin):
    list_display = ("zone", "starts_local", "minutes", "price")
    list_filter = ("zone", "minutes")
    date_hierarchy = "starts_at"
    ordering = ("-starts_at", "zone")
    list_per_page = 100
    show_full_result_count = False
    change_list_template = "backoffice/records/price_list.html"

    def get_urls(self) -> list[URLPattern]:
        own = [self.own("import/", import_prices, "import"), self.own("day/", show_day, "day")]
        return [*own, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        may_import = is_superuser(request) or manages_any_community(request)
        return super().changelist_view(request, {**(extra_context or {}), "may_import": may_import})

    @admin.display(description=_("inizio (ora italiana)"), ordering="starts_at")
    def starts_local(self, price: ZonalPrice) -> str:
        return instant_text(price.starts_at)

    @admin.display(description=_("prezzo (€/MWh)"), ordering="price_eur_per_mwh")
    def price(self, price: ZonalPrice) -> str:
        return price_text(price.price_eur_per_mwh)


@admin.register(PriceImport)
class PriceImportAdmin(ReadOnlyAdmin):
    list_display = (
        "imported_at",
        "file_name",
        "format",
        "rows_read",
        "rows_new",
        "rows_changed",
        "rows_unchanged",
        "imported_by",
    )
    list_filter = ("format",)
    list_select_related = ("imported_by",)
    ordering = ("-imported_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PriceImport]:
        """Who imported is a person of a community: colleagues see it, others do not."""
        rows: QuerySet[PriceImport] = super().get_queryset(request)
        if is_superuser(request):
            return rows
        visible = list_visible_communities(request.user)
        return rows.filter(Q(imported_by=request.user.pk) | Q(imported_by__roles__community__in=visible)).distinct()


@only("GET", "HEAD")
def show_day(request: HttpRequest) -> HttpResponse:
    """The prices of one local day, hours (or quarters) down and zones across; what is missing is marked."""
    user = person(request)
    if not user.is_superuser and not list_visible_communities(user).exists():
        return HttpResponse(status=403)
    day = _asked_day(request)
    starts_at = day_starts_at(day)
    ends_at = starts_at + timedelta(hours=hours_in_day(day))
    prices = list(ZonalPrice.objects.filter(starts_at__gte=starts_at, starts_at__lt=ends_at))
    by_place = {(price.starts_at, price.zone): price.price_eur_per_mwh for price in prices}
    step = timedelta(minutes=15 if any(price.minutes == 15 for price in prices) else 60)
    zones = [zone for zone in MARKET_ZONES if any(price.zone == zone for price in prices)]
    instants: list[datetime] = []
    while starts_at < ends_at:
        instants.append(starts_at)
        starts_at += step
    rows = [(instant_text(at, "H:i"), [_shown(by_place.get((at, zone))) for zone in zones]) for at in instants] if zones else []
    return show_page(
        request,
        "backoffice/records/price_day.html",
        title=say("Prezzi di un giorno"),
        crumbs=[(say("Prezzi zonali"), reverse("admin:settlement_zonalprice_changelist"))],
        day=day,
        earlier=day - timedelta(days=1),
        later=day + timedelta(days=1),
        zones=zones,
        rows=rows,
    )


def _shown(price: Decimal | None) -> str:
    return "" if price is None else price_text(price)


def _asked_day(request: HttpRequest) -> date:
    """The day of the address, or the last one with prices."""
    try:
        day = date.fromisoformat(request.GET.get("on", ""))
    except ValueError:
        latest = ZonalPrice.objects.aggregate(latest=Max("starts_at"))["latest"]
        day = timezone.localtime(latest).date() if latest else timezone.localdate()
    return min(max(day, _FIRST_DAY), _LAST_DAY)
