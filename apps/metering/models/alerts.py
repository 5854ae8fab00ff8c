"""What people should look at."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.metering.models.device import Device, DeviceState


class DeviceFlip(models.Model):
    """One change of presence, written once by a compare-and-swap. `reason` is a word of `apps.engine.presence.Reason`."""

    class Reason(models.TextChoices):
        HEARD = "heard", _("ha parlato")
        CLOCK = "clock", _("orario impossibile")
        WILL = "will", _("uscita annunciata dal broker")
        SILENT = "silent", _("silenzio oltre il tempo atteso")
        NIGHT = "night", _("notte")
        BROKER = "broker", _("broker irraggiungibile")

    device = models.ForeignKey(Device, models.CASCADE, related_name="flips")
    was = models.CharField(_("prima"), max_length=12, choices=DeviceState.Presence.choices)
    now = models.CharField(_("dopo"), max_length=12, choices=DeviceState.Presence.choices)
    reason = models.CharField(_("perché"), max_length=8, choices=Reason.choices, blank=True)
    at = models.DateTimeField(_("quando"))

    class Meta:
        verbose_name = _("cambio di presenza")
        verbose_name_plural = _("cambi di presenza")
        ordering = ["-at"]
        constraints = [models.UniqueConstraint(fields=["device", "at"], name="flip_once")]

    def __str__(self) -> str:
        return f"{self.device} {self.was} → {self.now}"


class Alert(models.Model):
    """Something about a device that waits for a person. One open alert per device and kind."""

    class Kind(models.TextChoices):
        OFFLINE = "offline", _("muto")
        SUSPECT = "suspect", _("energia sospetta")
        CLOCK = "clock", _("orologio sbagliato")
        NO_DATA = "no_data", _("senza dati")

    device = models.ForeignKey(Device, models.CASCADE, related_name="alerts", verbose_name=_("dispositivo"))
    kind = models.CharField(_("tipo"), max_length=10, choices=Kind.choices)
    detail = models.TextField(_("dettaglio"), blank=True)
    opened_at = models.DateTimeField(_("aperto"))
    closed_at = models.DateTimeField(_("chiuso"), null=True)
    acknowledged_at = models.DateTimeField(_("preso in carico"), null=True)
    acknowledged_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("avviso")
        verbose_name_plural = _("avvisi")
        ordering = ["-opened_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["device", "kind"], condition=Q(closed_at__isnull=True), name="alert_one_open_per_device_and_kind"
            )
        ]

    def __str__(self) -> str:
        return f"{self.device} {self.kind}"
