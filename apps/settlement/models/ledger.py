"""The money: append-only entries that add up, per run and contribution, to the amount that was split."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.communities.models import Member
from apps.settlement.models.run import SettlementRun


class ContributionKind(models.TextChoices):
    """The separate accounts that the referente must keep (RO p.39)."""

    PREMIUM = "premium", _("tariffa premio")
    VALORISATION = "valorisation", _("valorizzazione")
    EXCESS = "excess", _("importo eccedentario")


class ContributionTotal(models.Model):
    """The amount of one contribution in one run. A deferred trigger demands that its entries sum to exactly this."""

    run = models.ForeignKey(SettlementRun, models.CASCADE, related_name="contributions")
    contribution = models.CharField(_("contributo"), max_length=12, choices=ContributionKind.choices)
    amount_cents = models.BigIntegerField(_("importo (centesimi)"))
    month_cents = models.BigIntegerField(null=True)  # of a correction: what the month comes to with it

    class Meta:
        verbose_name = _("contributo della regolazione")
        verbose_name_plural = _("contributi della regolazione")
        ordering = ["run", "contribution"]
        constraints = [models.UniqueConstraint(fields=["run", "contribution"], name="contribution_total_unique")]

    def __str__(self) -> str:
        return f"{self.run} {self.contribution}"


class LedgerEntry(models.Model):
    """One posting to a member or to an account, with the step of the split that made it (settlement-rules 7)."""

    run = models.ForeignKey(SettlementRun, models.CASCADE, related_name="entries", db_index=False)  # indexed below
    position = models.PositiveIntegerField()
    contribution = models.CharField(_("contributo"), max_length=12, choices=ContributionKind.choices)
    block = models.CharField(_("passo"), max_length=16)
    member = models.ForeignKey(Member, models.PROTECT, null=True, related_name="entries", verbose_name=_("socio"))
    account = models.CharField(_("conto"), max_length=60, blank=True)
    cents = models.BigIntegerField(_("centesimi"))
    block_cents = models.BigIntegerField()
    key = models.CharField(max_length=16, blank=True)
    weight = models.DecimalField(max_digits=40, decimal_places=0, default=0)
    weight_total = models.DecimalField(max_digits=40, decimal_places=0, default=0)
    percent = models.DecimalField(max_digits=9, decimal_places=6, null=True)

    class Meta:
        verbose_name = _("movimento")
        verbose_name_plural = _("movimenti")
        ordering = ["run", "position"]
        constraints = [
            models.UniqueConstraint(fields=["run", "position"], name="entry_position_unique"),
            models.CheckConstraint(
                name="entry_to_member_or_account",
                condition=(Q(member__isnull=False) & Q(account="")) | (Q(member__isnull=True) & ~Q(account="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run} {self.contribution} {self.member or self.account} {self.cents}"
