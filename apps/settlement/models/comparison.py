"""Two runs of one month side by side, cause by cause, as a worker found them once."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.settlement.models.run import SettlementRun


class RunComparison(models.Model):
    """Why `now` differs from `before`. Never changed: a trigger refuses it; runs computed again get another row.

    `rows` are lists in the order of `apps.engine.run_diff`: contribution, member code, account, cents before, cents now, and the
    cents of each cause in the order of `causes`.
    """

    before = models.ForeignKey(SettlementRun, models.PROTECT, related_name="+", verbose_name=_("prima"))
    now = models.ForeignKey(SettlementRun, models.PROTECT, related_name="comparisons", verbose_name=_("ora"))
    before_sha256 = models.CharField(max_length=64)  # the results that were compared
    now_sha256 = models.CharField(max_length=64)
    causes = models.JSONField(default=list)
    rows = models.JSONField(default=list)
    created_at = models.DateTimeField(_("creato il"))

    class Meta:
        verbose_name = _("confronto di regolazioni")
        verbose_name_plural = _("confronti di regolazioni")
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["before", "now", "before_sha256", "now_sha256"], name="comparison_unique"),
            models.CheckConstraint(name="comparison_of_two_runs", condition=~Q(before=F("now"))),
        ]

    def __str__(self) -> str:
        return f"{self.before} → {self.now}"


class ComparisonFailure(models.Model):
    """Why a worker could not tell two runs apart. Gone as soon as one can."""

    before = models.ForeignKey(SettlementRun, models.CASCADE, related_name="+", verbose_name=_("prima"))
    now = models.ForeignKey(SettlementRun, models.CASCADE, related_name="+", verbose_name=_("ora"))
    sentence = models.TextField(_("che cosa non è andato"))
    noticed_at = models.DateTimeField(_("notato il"))

    class Meta:
        verbose_name = _("confronto non riuscito")
        verbose_name_plural = _("confronti non riusciti")
        ordering = ["-noticed_at"]
        constraints = [models.UniqueConstraint(fields=["before", "now"], name="comparison_failure_unique")]

    def __str__(self) -> str:
        return f"{self.before} → {self.now}"
