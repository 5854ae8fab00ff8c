"""The runs in the admin: a list to look at, pages of our own behind it. No form: a run is never edited by hand."""

from datetime import date
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

from apps.backoffice.access import list_visible_communities, list_visible_runs, manages_any_community, sees_any_community
from apps.backoffice.own_pages import OwnPagesAdmin
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
class SettlementRunAdmin(OwnPagesAdmin):
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
    change_list_template = "backoffice/runs/list.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[SettlementRun]:
        return list_visible_runs(request.user).defer("facts", "missing")

    def has_view_permission(self, request: HttpRequest, obj: SettlementRun | None = None) -> bool:
        if obj is None:
            return sees_any_community(request)
        return list_visible_communities(request.user).filter(pk=obj.configuration.community_id).exists()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        may_start = manages_any_community(request)
        return super().changelist_view(
            request, {**(extra_context or {}), "title": _("Regolazioni mensili"), "may_start": may_start}
        )

    def get_urls(self) -> list[URLPattern]:
        """The list and our own pages; none of the stock pages that change, delete or show a history."""
        return [
            self.own("", self.changelist_view, "changelist"),
            self.own("new/", start.start_run, "new"),
            self.own("<int:run_id>/", page.show_run, "change"),
            self.own("<int:run_id>/progress/", page.show_progress, "progress"),
            self.own("<int:run_id>/retry/", decide.retry_run, "retry"),
            self.own("<int:run_id>/correct/", decide.start_correction, "correct"),
            self.own("<int:run_id>/release/", take_back.release_run, "release"),
            self.own("<int:run_id>/reverse/", take_back.start_reversal, "reverse"),
            self.own("<int:run_id>/approve/", decide.approve_run, "approve"),
            self.own("<int:run_id>/issue/", issue.issue_run, "issue"),
            self.own("<int:run_id>/pay/", issue.mark_paid, "pay"),
            self.own("<int:run_id>/compare/<int:other_id>/", compare.compare_runs, "compare"),
            self.own("<int:run_id>/compare/<int:other_id>/explain/", explained.start_explanation, "explain"),
            self.own("<int:run_id>/members/<int:member_id>/", explain.show_member, "member"),
            self.own("<int:run_id>/members/<int:member_id>/days/", explain.show_days, "member_days"),
            self.own("<int:run_id>/members/<int:member_id>/days/<int:day>/", explain.show_day, "member_day"),
            self.own("<int:run_id>/members/<int:member_id>/days/<int:day>/<int:hour>/", explain.show_hour, "member_hour"),
            self.own("<int:run_id>/members/<int:member_id>/<slug:contribution>/", explain.show_amount, "member_amount"),
            self.own("<int:run_id>/documents/", documents.list_documents, "documents"),
            self.own("<int:run_id>/documents/progress/", documents.show_progress, "documents_progress"),
            self.own("<int:run_id>/documents/statements.zip", documents.download_statements, "statements"),
            self.own("<int:run_id>/documents/<int:document_id>/", documents.download_document, "document"),
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
