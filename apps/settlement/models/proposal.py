"""What a worker noticed after an approval: today's facts are no longer those that the month was settled from."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.settlement.models.run import SettlementRun

OTHER_MONTHS = "earlier_months"


class CorrectionProposal(models.Model):
    """Late data, or a year that no longer closes: a correction is proposed. A person decides; the run itself stays as it is.

    `run` is the one that spoke for the month when it was noticed (its latest approved correction, if any), `inputs_sha256` what
    the facts had become, `causes` which groups of them changed (`apps.engine.run_mixture.GROUPS`), or the other months of the
    year alone, whose figures it then is the hash of (`apps.settlement.year_closing`).
    """

    run = models.ForeignKey(SettlementRun, models.CASCADE, related_name="proposals", verbose_name=_("regolazione mensile"))
    inputs_sha256 = models.CharField(max_length=64)
    causes = models.JSONField(default=list)
    noticed_at = models.DateTimeField(_("notato il"))

    class Meta:
        verbose_name = _("proposta di rettifica")
        verbose_name_plural = _("proposte di rettifica")
        ordering = ["-noticed_at"]
        constraints = [models.UniqueConstraint(fields=["run"], name="proposal_one_per_run")]

    def __str__(self) -> str:
        return f"{self.run} {self.noticed_at:%Y-%m-%d}"

    @property
    def closes_year(self) -> bool:
        return bool(self.causes == [OTHER_MONTHS])
