"""Where messages come from."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.accounts.encryption import EncryptedTextField
from apps.communities.models import Community


class Broker(models.Model):
    """One MQTT broker that the listener keeps a persistent session with. `client_id` is fixed: the session hangs on it.

    One that belongs to a community is its own affair: nobody else's administrators see what speaks there and measures nothing.
    How the connection is doing now stands in Redis (`apps.metering.broker_status`): the message path needs no database.
    """

    name = models.CharField(_("nome"), max_length=80, unique=True)
    community = models.ForeignKey(
        Community,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="brokers",
        verbose_name=_("comunità"),
        help_text=_(
            "Vuoto: di tutta l’installazione. Altrimenti chi amministra la comunità vede e associa i dispositivi che parlano qui."
        ),
    )
    host = models.CharField(_("indirizzo"), max_length=200)
    port = models.PositiveIntegerField(_("porta"), default=1883)
    tls = models.BooleanField(_("TLS"), default=False)
    ca_certificate = models.TextField(_("certificato dell'autorità (PEM)"), blank=True)
    username = models.CharField(_("utente"), max_length=200, blank=True)
    password = EncryptedTextField(_("password"), blank=True)
    client_id = models.CharField(_("identificativo del client"), max_length=60, unique=True)
    topics = ArrayField(models.CharField(max_length=200), verbose_name=_("argomenti"), default=list)
    heartbeat_seconds = models.PositiveIntegerField(_("intervallo di vita dei dispositivi (s)"), default=300)
    enabled = models.BooleanField(_("attivo"), default=True)

    class Meta:
        verbose_name = _("broker MQTT")
        verbose_name_plural = _("broker MQTT")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
