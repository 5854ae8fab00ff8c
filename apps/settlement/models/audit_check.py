"""What the daily look at the audit trail found."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class AuditCheck(models.Model):
    """One walk over the whole trail. `sentence` is empty when it is what was written, else what is wrong with which entry."""

    checked_at = models.DateTimeField(_("verificato il"), db_index=True)
    entries = models.BigIntegerField(_("passi intatti"))
    sequence = models.BigIntegerField(_("numero"), null=True)  # the first entry that is not what was written
    sentence = models.TextField(_("che cosa non torna"), blank=True)

    class Meta:
        verbose_name = _("verifica del registro")
        verbose_name_plural = _("verifiche del registro")
        ordering = ["-checked_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.checked_at:%Y-%m-%d %H:%M} {self.entries}"
