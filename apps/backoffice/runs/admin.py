"""The runs in the admin: a list to look at, pages of our own behind it. No form: a run is never edited by hand."""

from datetime import date
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from apps.backoffice.access import list_visible_communities, list_visible_runs, manages_any_community, sees_any_community
from apps.backoffice.runs import compare, decide, documents, explain, explained, issue, page, start, take_back
from apps.backoffice.runs.labels import TONES
from apps.backoffice.templatetags.quantities import kwh, month_name, whole
from apps.settlement.models import SettlementRun


class MonthFilter(admin.SimpleListFilter):
    """The months that have runs, newest first."""

    title = _("mese")
    parameter_name = "of"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        months = model_admin.get_queryset(request).dates("month", "month", order="DESC")[:36]
        return [(f"{month:%Y-%m}", month_name(month)) for month in months]

    def queryset(self, request: HttpRequest, queryset: QuerySet[SettlementRun]) -> QuerySet[SettlementRun]:
        try:
            month = date.fromisoformat(f"{self.value()}-01")
        except ValueError:
            return queryset
        return queryset.filter(month=month)


@admin.register(SettlementRun)
class SettlementRunAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # Django cannot be asked at run time
    list_display = (
        "month_text",
        "configuration",
        "kind",
        "version",
        "state_pill",
        "lacking",
        "shared",
        "computed",
        "approved_by",
    )
    list_display_links = ("month_text",)
    list_filter = (("configuration", admin.RelatedOnlyFieldListFilter), MonthFilter, "state", "kind")
    list_select_related = ("configuration", "approved_by")
    list_per_page = 50
    actions = None
    change_list_template = "backoffice/runs/list.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[SettlementRun]:
        return list_visible_runs(request.user).defer("facts", "missing")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return sees_any_community(request)

    def has_view_permission(self, request: HttpRequest, obj: SettlementRun | None = None) -> bool:
        if obj is None:
            return sees_any_community(request)
        return list_visible_communities(request.user).filter(pk=obj.configuration.community_id).exists()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: SettlementRun | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: SettlementRun | None = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        may_start = manages_any_community(request)
        return super().changelist_view(
            request, {**(extra_context or {}), "title": _("Regolazioni mensili"), "may_start": may_start}
        )

    def get_urls(self) -> list[URLPattern]:
        """The list and our own pages; none of the stock pages that change, delete or show a history."""

        def own(route: str, view: Any, name: str) -> URLPattern:
            address: URLPattern = path(route, self.admin_site.admin_view(view), name=f"settlement_settlementrun_{name}")
            return address

        return [
            own("", self.changelist_view, "changelist"),
            own("new/", start.start_run, "new"),
            own("<int:run_id>/", page.show_run, "change"),
            own("<int:run_id>/progress/", page.show_progress, "progress"),
            own("<int:run_id>/retry/", decide.retry_run, "retry"),
            own("<int:run_id>/correct/", decide.start_correction, "correct"),
            own("<int:run_id>/release/", take_back.release_run, "release"),
            own("<int:run_id>/reverse/", take_back.start_reversal, "reverse"),
            own("<int:run_id>/approve/", decide.approve_run, "approve"),
            own("<int:run_id>/issue/", issue.issue_run, "issue"),
            own("<int:run_id>/pay/", issue.mark_paid, "pay"),
            own("<int:run_id>/compare/<int:other_id>/", compare.compare_runs, "compare"),
            own("<int:run_id>/compare/<int:other_id>/explain/", explained.start_explanation, "explain"),
            own("<int:run_id>/members/<int:member_id>/", explain.show_member, "member"),
            own("<int:run_id>/members/<int:member_id>/days/", explain.show_days, "member_days"),
            own("<int:run_id>/members/<int:member_id>/days/<int:day>/", explain.show_day, "member_day"),
            own("<int:run_id>/members/<int:member_id>/days/<int:day>/<int:hour>/", explain.show_hour, "member_hour"),
            own("<int:run_id>/members/<int:member_id>/<slug:contribution>/", explain.show_amount, "member_amount"),
            own("<int:run_id>/documents/", documents.list_documents, "documents"),
            own("<int:run_id>/documents/progress/", documents.show_progress, "documents_progress"),
            own("<int:run_id>/documents/statements.zip", documents.download_statements, "statements"),
            own("<int:run_id>/documents/<int:document_id>/", documents.download_document, "document"),
        ]

    @admin.display(description=_("mese"), ordering="month")
    def month_text(self, run: SettlementRun) -> SafeString:
        return format_html('<span class="nowrap">{}</span>', month_name(run.month))

    @admin.display(description=_("stato"), ordering="state")
    def state_pill(self, run: SettlementRun) -> SafeString:
        return format_html('<span class="pill {}">{}</span>', TONES[SettlementRun.State(run.state)], run.get_state_display())

    @admin.display(description=_("ore mancanti"), ordering="missing_hours")
    def lacking(self, run: SettlementRun) -> str:
        return whole(run.missing_hours) if run.result_sha256 else "–"

    @admin.display(description=_("energia condivisa"), ordering="shared_wh")
    def shared(self, run: SettlementRun) -> str:
        return kwh(run.shared_wh) if run.result_sha256 else "–"

    @admin.display(description=_("calcolata il"), ordering="succeeded_at")
    def computed(self, run: SettlementRun) -> str:
        return date_format(timezone.localtime(run.succeeded_at), "d/m/Y H:i") if run.succeeded_at else "–"
