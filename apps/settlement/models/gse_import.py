"""Files about the GSE side of the money: how their columns are read, and what came of each."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.communities.models import Community


class GseTarget(models.TextChoices):
    """What a file tells."""

    PUBLICATIONS = "publications", _("importi pubblicati dal GSE")
    RECEIPTS = "receipts", _("accrediti in banca")


class GseMapping(models.Model):
    """How one kind of file is read, kept under a name for the next file. The only row of these that may be written again."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="+", verbose_name=_("comunità"))
    target = models.CharField(_("che cosa contiene"), max_length=12, choices=GseTarget.choices)
    name = models.CharField(_("nome"), max_length=80)
    mapping = models.JSONField(_("corrispondenza"))  # as apps.settlement.gse.mapping writes it
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("salvata da"))
    saved_at = models.DateTimeField(_("salvata il"))

    class Meta:
        verbose_name = _("corrispondenza di colonne")
        verbose_name_plural = _("corrispondenze di colonne")
        ordering = ["community", "target", "name"]
        constraints = [models.UniqueConstraint(fields=["community", "target", "name"], name="gse_mapping_name_unique")]

    def __str__(self) -> str:
        return self.name


class GseImport(models.Model):
    """One file as somebody confirmed it, with the mapping that read it and every line that was left out, with the reason."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="+", verbose_name=_("comunità"))
    target = models.CharField(_("che cosa contiene"), max_length=12, choices=GseTarget.choices)
    file_name = models.CharField(_("file"), max_length=255)
    file_sha256 = models.CharField(max_length=64)
    mapping = models.JSONField(_("corrispondenza"))
    rows_read = models.PositiveIntegerField(_("righe lette"))
    rows_new = models.PositiveIntegerField(_("nuove"))
    rows_known = models.PositiveIntegerField(_("già note"))
    rows_superseding = models.PositiveIntegerField(_("sostituite"))
    refusals = models.JSONField(_("righe rifiutate"), default=list)  # [[line, reason], …]
    imported_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("importato da"))
    imported_at = models.DateTimeField(_("importato il"))

    class Meta:
        verbose_name = _("importazione GSE")
        verbose_name_plural = _("importazioni GSE")
        ordering = ["-imported_at", "-pk"]

    def __str__(self) -> str:
        return self.file_name
