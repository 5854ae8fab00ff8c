"""Reference facts of the outside world: market prices and the dated values of the law."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.communities.models.validity import no_overlap


class ZonalPrice(models.Model):
    """The day-ahead price of one market zone, as published: for an hour, or for a quarter from 2025-10-01 on. May be negative."""

    zone = models.CharField(_("zona"), max_length=4)
    starts_at = models.DateTimeField(_("inizio"))
    minutes = models.SmallIntegerField(_("durata (min)"), default=60)
    price_eur_per_mwh = models.DecimalField(_("prezzo (€/MWh)"), max_digits=12, decimal_places=6)

    class Meta:
        verbose_name = _("prezzo zonale")
        verbose_name_plural = _("prezzi zonali")
        ordering = ["zone", "starts_at"]
        constraints = [
            models.UniqueConstraint(fields=["zone", "starts_at"], name="price_one_per_zone_and_start"),
            models.CheckConstraint(name="price_minutes_15_or_60", condition=Q(minutes__in=[15, 60])),
        ]

    def __str__(self) -> str:
        return f"{self.zone} {self.starts_at:%Y-%m-%d %H:%M}Z {self.price_eur_per_mwh} €/MWh"


class PriceImport(models.Model):
    """One price file as somebody brought it in."""

    file_name = models.CharField(_("file"), max_length=255)
    file_sha256 = models.CharField(max_length=64)
    format = models.CharField(_("formato"), max_length=10)
    rows_read = models.IntegerField(_("righe lette"), default=0)
    rows_new = models.IntegerField(_("nuove"), default=0)
    rows_changed = models.IntegerField(_("cambiate"), default=0)
    rows_unchanged = models.IntegerField(_("uguali"), default=0)
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("da")
    )
    imported_at = models.DateTimeField(_("importato il"))

    class Meta:
        verbose_name = _("importazione di prezzi")
        verbose_name_plural = _("importazioni di prezzi")
        ordering = ["-imported_at"]

    def __str__(self) -> str:
        return self.file_name


class RuleParameter(models.Model):
    """One value of the law for as long as it is in force. `key` is a name of `apps.settlement.parameters`."""

    key = models.CharField(_("parametro"), max_length=60)
    valid_from = models.DateField(_("valido dal"))
    valid_to = models.DateField(_("valido fino al (escluso)"), null=True, blank=True)
    value = models.JSONField(_("valore"))
    legal_source = models.CharField(_("fonte normativa"), max_length=300)

    class Meta:
        verbose_name = _("parametro normativo")
        verbose_name_plural = _("parametri normativi")
        ordering = ["key", "valid_from"]
        constraints = [
            models.CheckConstraint(
                name="parameter_ends_after_start", condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from"))
            ),
            no_overlap("parameters_do_not_overlap", "key"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.valid_from:%d/%m/%Y}"
