"""Brokers, devices, alerts and messages in the admin: lists of Django's where they suffice, pages of our own where not."""

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

from apps.backoffice.access import manages_any_community
from apps.backoffice.devices import alerts, binding, brokers, letters, live, page
from apps.backoffice.devices.access import live as polled
from apps.backoffice.devices.access import may_run_devices
from apps.backoffice.devices.labels import REASONS, say_reason
from apps.backoffice.own_pages import OwnPagesAdmin
from apps.metering.models import Alert, DeadLetter, Device, UnknownTopic

__all__ = ["brokers"]
SHORT = 80


class _Looked(OwnPagesAdmin):
    """Rows that machines write: people look at them on our pages."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_run_devices(request.user)

    def _live(self, route: str, view: Any, name: str) -> URLPattern:
        address: URLPattern = path(route, polled(view), name=self.address_name(name))
        return address


@admin.register(Device)
class DeviceAdmin(_Looked):
    def has_view_permission(self, request: HttpRequest, obj: Device | None = None) -> bool:
        return may_run_devices(request.user) or (obj is None and manages_any_community(request))

    def get_urls(self) -> list[URLPattern]:
        return [
            self.own("", live.show_devices, "changelist"),
            self._live("live/", live.show_live, "live"),
            self.own("<int:device_id>/", page.show_device, "change"),
            self._live("<int:device_id>/now/", page.show_now, "now"),
            self.own("<int:device_id>/label/", page.label, "label"),
            self.own("<int:device_id>/heartbeat/", page.set_heartbeat, "heartbeat"),
            self.own("<int:device_id>/sensor/<int:sensor_id>/", page.label_one_sensor, "sensor"),
            self.own("<int:device_id>/bind/", binding.bind, "bind"),
            self.own("<int:device_id>/end/<int:assignment_id>/", binding.end, "end"),
        ]


@admin.register(Alert)
class AlertAdmin(_Looked):
    def has_view_permission(self, request: HttpRequest, obj: Alert | None = None) -> bool:
        return may_run_devices(request.user) or (obj is None and manages_any_community(request))

    def get_urls(self) -> list[URLPattern]:
        return [
            self.own("", alerts.show_alerts, "changelist"),
            self.own("<int:alert_id>/acknowledge/", alerts.acknowledge, "acknowledge"),
        ]


class StillOpen(admin.SimpleListFilter):
    """By default what nobody has dealt with."""

    title = _("stato")
    parameter_name = "closed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("chiusi")), ("all", _("tutti"))]

    def choices(self, changelist: Any) -> Any:
        yield {
            "selected": self.value() is None,
            "query_string": changelist.get_query_string(remove=[self.parameter_name]),
            "display": _("da guardare"),
        }
        yield from list(super().choices(changelist))[1:]

    def queryset(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> QuerySet[DeadLetter]:
        if self.value() == "all":
            return queryset
        return queryset.filter(resolved_at__isnull=self.value() != "yes")


class ByReason(admin.SimpleListFilter):
    title = _("motivo")
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(REASONS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> QuerySet[DeadLetter]:
        return queryset.filter(reason=self.value()) if self.value() else queryset


@admin.register(DeadLetter)
class DeadLetterAdmin(_Looked):
    list_display = ("why", "short_topic", "device", "times", "first", "last")
    list_filter = (StillOpen, ByReason)
    list_select_related = ("device",)
    search_fields = ("topic", "detail")
    list_per_page = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[DeadLetter]:
        return super().get_queryset(request).defer("payload")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().changelist_view(request, {**(extra_context or {}), "title": _("Messaggi non letti")})

    def get_urls(self) -> list[URLPattern]:
        return [
            self.own("", self.changelist_view, "changelist"),
            self.own("<int:letter_id>/", letters.show_letter, "change"),
            self._live("<int:letter_id>/attempt/", letters.show_attempt, "attempt"),
            self.own("<int:letter_id>/retry/", letters.retry, "retry"),
            self.own("<int:letter_id>/archive/", letters.archive, "archive"),
        ]

    @admin.display(description=_("motivo"), ordering="reason")
    def why(self, letter: DeadLetter) -> str:
        return say_reason(letter.reason)

    @admin.display(description=_("argomento"), ordering="topic")
    def short_topic(self, letter: DeadLetter) -> SafeString:
        return _shortened(letter.topic)

    @admin.display(description=_("la prima volta"), ordering="first_received_at")
    def first(self, letter: DeadLetter) -> str:
        return _told(letter.first_received_at)

    @admin.display(description=_("l’ultima volta"), ordering="last_received_at")
    def last(self, letter: DeadLetter) -> str:
        return _told(letter.last_received_at)


@admin.register(UnknownTopic)
class UnknownTopicAdmin(_Looked):
    """Topics that no vendor's grammar knows: their messages stay in the journal, and can be replayed once one does."""

    list_display = ("short_topic", "messages", "first", "last")
    list_display_links = None
    search_fields = ("topic",)
    list_per_page = 50

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().changelist_view(request, {**(extra_context or {}), "title": _("Argomenti sconosciuti")})

    def get_urls(self) -> list[URLPattern]:
        return [self.own("", self.changelist_view, "changelist")]

    @admin.display(description=_("argomento"), ordering="topic")
    def short_topic(self, topic: UnknownTopic) -> SafeString:
        return _shortened(topic.topic)

    @admin.display(description=_("visto la prima volta"), ordering="first_received_at")
    def first(self, topic: UnknownTopic) -> str:
        return _told(topic.first_received_at)

    @admin.display(description=_("visto l'ultima volta"), ordering="last_received_at")
    def last(self, topic: UnknownTopic) -> str:
        return _told(topic.last_received_at)


def _told(at: Any) -> str:
    return date_format(timezone.localtime(at), "d/m/Y H:i:s")


def _shortened(topic: str) -> SafeString:
    return format_html('<span title="{}">{}</span>', topic[:1000], topic if len(topic) <= SHORT else f"{topic[:SHORT]}…")
