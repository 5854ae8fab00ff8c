"""What was measured: one packed curve per POD, local day, channel and source, and the record of every import."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Channel(models.IntegerChoices):
    """What the exchange meter M1 counted."""

    WITHDRAWN = 1, _("prelevata")
    INJECTED = 2, _("immessa")


class Source(models.IntegerChoices):
    """Where a curve comes from. The higher number outranks the lower, slot by slot."""

    DEVICE = 1, _("dispositivo")
    MANUAL = 2, _("manuale")
    OFFICIAL = 3, _("distributore")


class DayCurve(models.Model):
    """The energy of one POD on one local day: 92, 96 or 100 quarters, or 23, 24 or 25 hours (`minutes` says which).

    `values` and `quality` are packed by `apps.metering.packing`, which alone knows how; nothing outside metering reads them.
    No surrogate key and no foreign key: this is the hot table, written and read by COPY, hundreds of thousands of rows a month.
    """

    pk = models.CompositePrimaryKey("pod_key", "day", "channel", "source")
    pod_key = models.CharField(max_length=14)
    day = models.DateField()
    channel = models.SmallIntegerField(choices=Channel.choices)
    source = models.SmallIntegerField(choices=Source.choices)
    minutes = models.SmallIntegerField(default=15)
    values = models.BinaryField()
    quality = models.BinaryField()
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = _("curva giornaliera")
        verbose_name_plural = _("curve giornaliere")
        constraints: ClassVar = [
            models.CheckConstraint(name="curve_minutes_15_or_60", condition=models.Q(minutes__in=[15, 60])),
            models.CheckConstraint(name="curve_channel_known", condition=models.Q(channel__in=Channel.values)),
            models.CheckConstraint(name="curve_source_known", condition=models.Q(source__in=Source.values)),
        ]

    def __str__(self) -> str:
        return f"{self.pod_key} {self.day} {self.channel} {self.source}"


class MeasureImport(models.Model):
    """One file of measures as somebody brought it in: what was read, what changed, what was refused and why."""

    class State(models.TextChoices):
        UPLOADED = "uploaded", _("caricato")
        PREVIEWED = "previewed", _("in anteprima")
        IMPORTING = "importing", _("in importazione")
        IMPORTED = "imported", _("importato")
        REFUSED = "refused", _("rifiutato")

    file_name = models.CharField(_("file"), max_length=255)
    file_path = models.CharField(max_length=500, blank=True)
    file_sha256 = models.CharField(max_length=64, blank=True)
    source = models.SmallIntegerField(_("origine"), choices=Source.choices, default=Source.OFFICIAL)
    state = models.CharField(_("stato"), max_length=12, choices=State.choices, default=State.UPLOADED)
    rows_read = models.BigIntegerField(_("righe lette"), default=0)
    rows_new = models.BigIntegerField(_("nuove"), default=0)
    rows_changed = models.BigIntegerField(_("cambiate"), default=0)
    rows_unchanged = models.BigIntegerField(_("uguali"), default=0)
    rows_rejected = models.BigIntegerField(_("rifiutate"), default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    bytes_total = models.BigIntegerField(default=0)
    bytes_done = models.BigIntegerField(default=0)
    report = models.JSONField(_("esito"), default=dict)  # first rejects with line and reason, periods, PODs
    error = models.TextField(_("errore"), blank=True)
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("da")
    )
    created_at = models.DateTimeField(_("caricato il"))
    finished_at = models.DateTimeField(_("finito il"), null=True, blank=True)

    class Meta:
        verbose_name = _("importazione di misure")
        verbose_name_plural = _("importazioni di misure")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.file_name
