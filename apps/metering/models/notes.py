"""What happened to registers, worth showing to a person."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.metering.models.device import RegisterSeries


class SeriesNote(models.Model):
    """One thing that the rules found in the readings of a register, between two instants (the same twice for one reading).

    Written when quarters are closed and taken back when it no longer holds. `energy_wh` is what was set aside there, NULL where
    that is unknown; `register_milliwh` is the reading that was set aside.
    """

    class Kind(models.TextChoices):
        STAMP = "stamp", _("orario impossibile")
        REGISTER = "register", _("registro impossibile")
        CONFLICT = "conflict", _("due valori nello stesso istante")
        GLITCH = "glitch", _("caduta di pochi secondi")
        OUTLIER = "outlier", _("lettura isolata impossibile")
        RESET = "reset", _("registro azzerato o sostituito")
        UNIT_CHANGE = "unit_change", _("cambio di unità (×1000)")
        JUMP = "jump", _("salto oltre la potenza della connessione")
        LONG_GAP = "long_gap", _("più di 24 ore senza letture")
        IMPOSSIBLE = "impossible", _("quarto d'ora oltre la potenza della connessione")

    series = models.ForeignKey(RegisterSeries, models.CASCADE, related_name="notes", verbose_name=_("registro"))
    from_at = models.DateTimeField(_("dal"))
    to_at = models.DateTimeField(_("al"))
    kind = models.CharField(_("tipo"), max_length=12, choices=Kind.choices)
    energy_wh = models.BigIntegerField(_("energia accantonata (Wh)"), null=True)
    register_milliwh = models.BigIntegerField(_("lettura scartata (mWh)"), null=True)

    class Meta:
        verbose_name = _("nota sulle letture")
        verbose_name_plural = _("note sulle letture")
        ordering = ["series", "from_at", "to_at", "kind"]
        constraints = [
            models.UniqueConstraint(
                fields=["series", "from_at", "to_at", "kind", "energy_wh", "register_milliwh"],
                nulls_distinct=False,
                name="series_note_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.series_id} {self.kind} {self.from_at}"
