"""Brokers in the admin: how to reach them, whether they are used, and how the connection is doing."""

import re
import secrets
from typing import Any

from cryptography.x509 import load_pem_x509_certificates
from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from apps.backoffice.devices.access import live, may_run_devices, of_superuser
from apps.backoffice.devices.status import see_broker
from apps.metering.device_operations import set_brokers_enabled
from apps.metering.models import Broker

LONGEST_TOPIC = 200
DEFAULT_TOPICS = (
    "+/+/+/status/#",
    "+/+/+/events/rpc",
    "+/+/+/online",
    "shellies/+/emeter/#",
    "tele/+/SENSOR",
    "tele/+/LWT",
    "+/tele/SENSOR",
    "stat/+/STATUS8",
    "huawei-solar/#",
    "energy/plant/+/device/+/#",
    "+/datalogger/+/+/#",
    "+/gateway/#",
)
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|\[?[0-9A-Fa-f:]+\]?")


class BrokerForm(forms.ModelForm):  # type: ignore[type-arg]
    """A broker. Its password goes in and never comes out; left empty it stays as it is."""

    topics = forms.CharField(
        label=_("Argomenti"),
        widget=forms.Textarea(attrs={"rows": 12, "cols": 60, "spellcheck": "false", "class": "vLargeTextField code"}),
        help_text=_("Uno per riga; + sta per un livello, # per tutto il resto. Solo # prende tutto ciò che il broker ha."),
    )
    new_password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Si conserva cifrata e non si può rileggere. Lascia vuoto per non cambiarla."),
    )
    remove_password = forms.BooleanField(label=_("Togli la password"), required=False)

    class Meta:
        model = Broker
        fields = (
            "name",
            "community",
            "host",
            "port",
            "tls",
            "ca_certificate",
            "username",
            "client_id",
            "heartbeat_seconds",
            "enabled",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "community" in self.fields:
            chooser: Any = self.fields["community"].widget
            chooser.can_add_related = chooser.can_change_related = chooser.can_delete_related = chooser.can_view_related = False
        if self.instance.pk:
            self.initial["topics"] = "\n".join(self.instance.topics)
            if self.instance.password and "new_password" in self.fields:
                self.fields["new_password"].widget.attrs["placeholder"] = say("impostata")
        else:
            self.initial.setdefault("topics", "\n".join(DEFAULT_TOPICS))
            self.initial.setdefault("client_id", f"cercollettiva-{secrets.token_hex(8)}")

    def clean_host(self) -> str:
        host: str = self.cleaned_data["host"].strip()
        if not _HOST.fullmatch(host):
            raise forms.ValidationError(say("Scrivi solo il nome o l’indirizzo IP, senza mqtt:// e senza porta."))
        return host

    def clean_port(self) -> int:
        port: int = self.cleaned_data["port"]
        if not 1 <= port <= 65535:
            raise forms.ValidationError(say("La porta è un numero fra 1 e 65535."))
        return port

    def clean_heartbeat_seconds(self) -> int:
        seconds: int = self.cleaned_data["heartbeat_seconds"]
        if seconds < 1:
            raise forms.ValidationError(say("L’intervallo è di almeno un secondo."))
        return seconds

    def clean_ca_certificate(self) -> str:
        pem: str = self.cleaned_data["ca_certificate"].strip()
        if pem:
            try:
                load_pem_x509_certificates(pem.encode())
            except ValueError:
                raise forms.ValidationError(
                    say("Questo non è un certificato PEM. Incolla tutto, da -----BEGIN CERTIFICATE----- alla fine.")
                ) from None
        return pem

    def clean_topics(self) -> list[str]:
        topics = list(dict.fromkeys(line.strip() for line in self.cleaned_data["topics"].splitlines() if line.strip()))
        for topic in topics:
            if len(topic) > LONGEST_TOPIC or not is_topic_filter(topic):
                raise forms.ValidationError(
                    say("“%(topic)s” non è un argomento MQTT: + e # stanno da soli, # alla fine.") % {"topic": topic}
                )
        if not topics:
            raise forms.ValidationError(say("Senza argomenti non arriva nessun messaggio."))
        return topics

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("ca_certificate") and not cleaned.get("tls"):
            self.add_error("ca_certificate", say("Il certificato serve solo con TLS: attiva TLS, o toglilo."))
        return cleaned

    def save(self, commit: bool = True) -> Any:
        self.instance.topics = self.cleaned_data["topics"]
        if self.cleaned_data.get("new_password"):
            self.instance.password = self.cleaned_data["new_password"]
        elif self.cleaned_data.get("remove_password"):
            self.instance.password = ""
        return super().save(commit)


def is_topic_filter(topic: str) -> bool:
    """Is this a filter that a broker accepts? `$share/group/filter` is one that several listeners share."""
    levels = topic.split("/")
    if levels[0] == "$share":
        group, *levels = levels[1:] or [""]
        if not group or set("+#") & set(group):
            return False
    alone = all(level in {"+", "#"} or not set("+#") & set(level) for level in levels)
    return bool(levels) and any(levels) and alone and "#" not in levels[:-1] and "\0" not in topic


@admin.register(Broker)
class BrokerAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # Django cannot be asked at run time
    """Superusers alone. A broker that is not used any more is disabled, never deleted: its devices hang on it."""

    form = BrokerForm
    list_display = ("name", "community", "address", "state", "enabled")
    list_select_related = ("community",)
    list_display_links = ("name",)
    fieldsets = (
        (None, {"fields": ("name", "enabled", "community")}),
        (_("Connessione"), {"fields": ("host", "port", "tls", "ca_certificate", "client_id")}),
        (_("Credenziali"), {"fields": ("username", "new_password", "remove_password")}),
        (_("Che cosa si ascolta"), {"fields": ("topics", "heartbeat_seconds")}),
    )
    actions = ("enable", "disable")
    change_list_template = "backoffice/devices/broker_list.html"

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may_run_devices(request.user)

    def has_view_permission(self, request: HttpRequest, obj: Broker | None = None) -> bool:
        return may_run_devices(request.user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may_run_devices(request.user)

    def has_change_permission(self, request: HttpRequest, obj: Broker | None = None) -> bool:
        return may_run_devices(request.user)

    def has_delete_permission(self, request: HttpRequest, obj: Broker | None = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().changelist_view(request, {**(extra_context or {}), "title": _("Broker MQTT")})

    def get_urls(self) -> list[URLPattern]:
        own: URLPattern = path("<int:broker_id>/state/", live(show_state), name="metering_broker_state")
        return [own, *super().get_urls()]

    @admin.display(description=_("indirizzo"))
    def address(self, broker: Broker) -> str:
        return f"{'mqtts' if broker.tls else 'mqtt'}://{broker.host}:{broker.port}"

    @admin.display(description=_("connessione"))
    def state(self, broker: Broker) -> SafeString:
        # a template's output, in which every value was escaped
        return SafeString(render(None, "backoffice/devices/broker_state.html", _facts(broker)).content.decode())  # nosec B703

    @admin.action(description=_("Attiva"))
    def enable(self, request: HttpRequest, brokers: QuerySet[Broker]) -> None:
        self._tell(request, set_brokers_enabled(brokers=brokers, enabled=True))

    @admin.action(description=_("Disattiva"))
    def disable(self, request: HttpRequest, brokers: QuerySet[Broker]) -> None:
        self._tell(request, set_brokers_enabled(brokers=brokers, enabled=False))

    def _tell(self, request: HttpRequest, changed: int) -> None:
        text = ngettext("%(count)s broker cambiato.", "%(count)s broker cambiati.", changed) % {"count": changed}
        messages.success(request, f"{text} {say('L’ascolto se ne accorge da solo entro pochi secondi.')}")


@of_superuser("GET", "HEAD")
def show_state(request: HttpRequest, broker_id: int) -> HttpResponse:
    """How the connection to one broker is doing, asked for every five seconds."""
    return render(request, "backoffice/devices/broker_state.html", _facts(get_object_or_404(Broker, pk=broker_id)))


def _facts(broker: Broker) -> dict[str, Any]:
    return {"seen": see_broker(broker, as_of=timezone.now())}
