"""Payouts in the admin: a list to look at, pages of our own behind it. No form: a batch is never edited by hand."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from apps.backoffice.access import list_managed_communities, manages_any_community, sees_any_community
from apps.backoffice.own_pages import OwnPagesAdmin
from apps.backoffice.payouts import accounts, new, page, settings, steps
from apps.backoffice.payouts.access import list_visible_batches
from apps.backoffice.payouts.labels import TONES
from apps.backoffice.templatetags.quantities import euro, whole
from apps.invoicing.models import PayoutBatch


@admin.register(PayoutBatch)
class PayoutBatchAdmin(OwnPagesAdmin):
    list_display = ("number_text", "community", "state_pill", "transfers", "total", "execute_day", "created_by", "executed_day")
    list_display_links = ("number_text",)
    list_filter = ("state", ("community", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("community", "created_by")
    list_per_page = 50
    change_list_template = "backoffice/payouts/list.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[PayoutBatch]:
        return list_visible_batches(request.user)

    def has_view_permission(self, request: HttpRequest, obj: PayoutBatch | None = None) -> bool:
        if obj is None:
            return sees_any_community(request)
        return list_visible_batches(request.user).filter(pk=obj.pk).exists()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        context = {
            "title": _("Pagamenti ai soci"),
            "may_make": manages_any_community(request),
            "managed": list_managed_communities(request.user).order_by("name"),
        }
        return super().changelist_view(request, {**(extra_context or {}), **context})

    def get_urls(self) -> list[URLPattern]:
        """The list and our own pages; none of the stock pages that change, delete or show a history."""
        return [
            self.own("", self.changelist_view, "changelist"),
            self.own("new/", new.new_batch, "new"),
            self.own("accounts/", accounts.choose_accounts, "choose_accounts"),
            self.own("accounts/<int:community_id>/", accounts.show_accounts, "accounts"),
            *(
                self.own(f"accounts/<int:community_id>/accounts.{kind}", accounts.export_accounts, f"accounts_{kind}", kind=kind)
                for kind in accounts.FILES
            ),
            self.own("accounts/<int:community_id>/own/<path:account>/", accounts.show_own_account, "own_account"),
            self.own("members/<int:member_id>/", accounts.show_account, "account"),
            *(
                self.own(f"members/<int:member_id>/account.{kind}", accounts.export_account, f"account_{kind}", kind=kind)
                for kind in accounts.FILES
            ),
            self.own("settings/<int:community_id>/", settings.edit_settings, "settings"),
            self.own("<int:batch_id>/", page.show_batch, "change"),
            self.own("<int:batch_id>/progress/", page.show_progress, "progress"),
            self.own("<int:batch_id>/file/", steps.fetch_file, "file"),
            self.own("<int:batch_id>/confirm/", steps.confirm_execution, "confirm"),
            self.own("<int:batch_id>/discard/", steps.discard_batch, "discard"),
            self.own("<int:batch_id>/transfers/<int:transfer_id>/return/", steps.note_return, "return"),
        ]

    @admin.display(description=_("numero"), ordering="number")
    def number_text(self, batch: PayoutBatch) -> str:
        return f"n. {batch.number}"

    @admin.display(description=_("stato"), ordering="state")
    def state_pill(self, batch: PayoutBatch) -> SafeString:
        return format_html('<span class="pill {}">{}</span>', TONES[PayoutBatch.State(batch.state)], batch.get_state_display())

    @admin.display(description=_("bonifici"), ordering="transfers_count")
    def transfers(self, batch: PayoutBatch) -> str:
        return whole(batch.transfers_count)

    @admin.display(description=_("totale"), ordering="total_cents")
    def total(self, batch: PayoutBatch) -> str:
        return euro(batch.total_cents)

    @admin.display(description=_("data richiesta"), ordering="execute_on")
    def execute_day(self, batch: PayoutBatch) -> str:
        return date_format(batch.execute_on, "d/m/Y")

    @admin.display(description=_("eseguita il"), ordering="executed_on")
    def executed_day(self, batch: PayoutBatch) -> str:
        return date_format(batch.executed_on, "d/m/Y") if batch.executed_on else "–"
