"""Every message as it arrived, and those that nobody could read."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class RawBatch(models.Model):
    """One micro-batch of messages as the listener took them, compressed; `stream_id` makes storing it twice harmless.

    Partitioned by day of `received_at` in the database; kept for as long as retention says, replayable.
    """

    pk = models.CompositePrimaryKey("received_at", "stream_id")
    received_at = models.DateTimeField()
    stream_id = models.CharField(max_length=60)
    broker_id = models.BigIntegerField()
    messages = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        managed = False
        db_table = "metering_rawbatch"

    def __str__(self) -> str:
        return self.stream_id


class DeadLetter(models.Model):
    """A message that could not be used: where, what, why, how often tried. Nothing is dropped."""

    broker_id = models.BigIntegerField()
    topic = models.TextField(_("argomento"))
    payload = models.BinaryField()
    payload_sha256 = models.CharField(max_length=64)
    reason = models.CharField(_("motivo"), max_length=40)
    detail = models.TextField(_("spiegazione"), blank=True)
    attempts = models.PositiveIntegerField(_("tentativi"), default=1)
    first_received_at = models.DateTimeField(_("ricevuto"))
    last_received_at = models.DateTimeField()
    resolved_at = models.DateTimeField(_("risolto"), null=True)

    class Meta:
        verbose_name = _("messaggio non letto")
        verbose_name_plural = _("messaggi non letti")
        ordering = ["-last_received_at"]
        constraints = [
            models.UniqueConstraint(fields=["broker_id", "topic", "payload_sha256", "first_received_at"], name="dead_letter_once")
        ]

    def __str__(self) -> str:
        return f"{self.topic}: {self.reason}"
