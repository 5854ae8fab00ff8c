"""Letters and reminders in the admin: lists to look at, pages of our own behind them. Nothing is edited by hand."""

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

from apps.backoffice.access import list_visible_communities, sees_any_community
from apps.backoffice.delivery import letters, preferences, reminders, runs
from apps.backoffice.delivery.access import list_visible
from apps.backoffice.delivery.labels import TONES, title_of_letter
from apps.backoffice.own_pages import OwnPagesAdmin
from apps.invoicing.models import MailMessage, Reminder


class _Looked(OwnPagesAdmin):
    """Rows of one's own communities."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is None:
            return sees_any_community(request)
        return list_visible_communities(request.user).filter(pk=obj.community_id).exists()


@admin.register(MailMessage)
class MailMessageAdmin(_Looked):
    list_display = ("about", "address", "state_pill", "queued", "sent", "detail_short")
    list_display_links = ("about",)
    list_filter = ("state", "kind", ("community", admin.RelatedOnlyFieldListFilter))
    search_fields = ("address", "member__code", "member__name")
    list_select_related = ("document__run__configuration", "member", "user")
    list_per_page = 50
    change_list_template = "backoffice/delivery/list.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[MailMessage]:
        return list_visible(MailMessage, request.user).defer("document__frozen")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        extra = {"title": _("E-mail"), "communities": list_visible_communities(request.user)}
        return super().changelist_view(request, {**(extra_context or {}), **extra})

    def get_urls(self) -> list[URLPattern]:
        return [
            self.own("", self.changelist_view, "changelist"),
            self.own("<int:row_id>/", letters.show_letter, "change"),
            self.own("<int:row_id>/decide/", letters.decide, "decide"),
            self.own("run/<int:run_id>/", runs.show_run, "run"),
            self.own("run/<int:run_id>/again/", runs.send_failed, "again"),
            self.own("run/<int:run_id>/queue/", runs.queue_missing, "queue"),
            self.own("member/<int:row_id>/", letters.show_member, "member"),
            self.own("community/<int:row_id>/", preferences.show_preferences, "preferences"),
        ]

    @admin.display(description=_("e-mail"), ordering="queued_at")
    def about(self, letter: MailMessage) -> str:
        return title_of_letter(letter)

    @admin.display(description=_("stato"), ordering="state")
    def state_pill(self, letter: MailMessage) -> SafeString:
        return format_html('<span class="pill {}">{}</span>', TONES[MailMessage.State(letter.state)], letter.get_state_display())

    @admin.display(description=_("in coda dal"), ordering="queued_at")
    def queued(self, letter: MailMessage) -> str:
        return date_format(timezone.localtime(letter.queued_at), "d/m/Y H:i")

    @admin.display(description=_("inviata il"), ordering="sent_at")
    def sent(self, letter: MailMessage) -> str:
        return date_format(timezone.localtime(letter.sent_at), "d/m/Y H:i") if letter.sent_at else "–"

    @admin.display(description=_("che cosa si sa"))
    def detail_short(self, letter: MailMessage) -> str:
        return letter.detail[:80] or "–"


@admin.register(Reminder)
class ReminderAdmin(_Looked):
    def get_urls(self) -> list[URLPattern]:
        return [
            self.own("", reminders.list_reminders, "changelist"),
            self.own("calendar/", reminders.show_calendar, "calendar"),
            self.own("<int:row_id>/finish/", reminders.finish, "finish"),
        ]
