"""Every message as it arrived, and those that nobody could read."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.metering.models.device import Device


class RawBatch(models.Model):
    """One micro-batch of messages as the listener took them, compressed. Its key makes storing it twice harmless.

    `batch` is the name that the listener gave it, `received_at` the instant of its first message; the content is what
    `apps.metering.raw` packs. Partitioned by day of `received_at`; kept as long as retention says, replayable.
    """

    pk = models.CompositePrimaryKey("received_at", "batch")
    received_at = models.DateTimeField()
    batch = models.CharField(max_length=100)
    broker_id = models.BigIntegerField()
    messages = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        db_table = "metering_rawbatch"

    def __str__(self) -> str:
        return self.batch


class DeadLetter(models.Model):
    """A message that could not be used: where, what, why, how often it came. Nothing is dropped."""

    broker_id = models.BigIntegerField()
    device = models.ForeignKey(
        Device, models.SET_NULL, null=True, blank=True, related_name="dead_letters", verbose_name=_("dispositivo")
    )
    topic = models.TextField(_("argomento"))
    payload = models.BinaryField()
    sha256 = models.CharField(max_length=64)  # of topic, NUL and payload
    reason = models.CharField(_("motivo"), max_length=40)
    detail = models.TextField(_("spiegazione"), blank=True)
    times = models.PositiveIntegerField(_("volte"), default=1)
    attempts = models.PositiveIntegerField(_("tentativi"), default=1)
    first_received_at = models.DateTimeField(_("ricevuto la prima volta"))
    last_received_at = models.DateTimeField(_("ricevuto l'ultima volta"))
    resolved_at = models.DateTimeField(_("risolto"), null=True, blank=True)

    class Meta:
        verbose_name = _("messaggio non letto")
        verbose_name_plural = _("messaggi non letti")
        ordering = ["-last_received_at"]
        constraints = [models.UniqueConstraint(fields=["broker_id", "sha256"], name="dead_letter_one_per_message")]

    def __str__(self) -> str:
        return f"{self.topic}: {self.reason}"


class UnknownTopic(models.Model):
    """A topic that no vendor's grammar knows, counted; its messages stay in the journal."""

    broker_id = models.BigIntegerField()
    topic = models.TextField(_("argomento"))
    sha256 = models.CharField(max_length=64)  # of the topic
    messages = models.BigIntegerField(_("messaggi"), default=0)
    first_received_at = models.DateTimeField(_("visto la prima volta"))
    last_received_at = models.DateTimeField(_("visto l'ultima volta"))

    class Meta:
        verbose_name = _("argomento sconosciuto")
        verbose_name_plural = _("argomenti sconosciuti")
        ordering = ["-last_received_at"]
        constraints = [models.UniqueConstraint(fields=["broker_id", "sha256"], name="unknown_topic_once")]

    def __str__(self) -> str:
        return self.topic
