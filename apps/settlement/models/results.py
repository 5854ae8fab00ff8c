"""What a run found: energies and amounts per plant and member. Written whole by one transaction, frozen by approval."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.communities.models import Member, Plant
from apps.settlement.models.run import SettlementRun


class PlantResult(models.Model):
    """One plant in one run; `position` is its place in the cascade by seniority (settlement-rules 2.5)."""

    run = models.ForeignKey(SettlementRun, models.CASCADE, related_name="plant_results")
    plant = models.ForeignKey(Plant, models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()
    injected_wh = models.BigIntegerField()
    taken_wh = models.BigIntegerField()
    incentivised_wh = models.BigIntegerField()
    exempt_wh = models.BigIntegerField()
    premium_cents = models.BigIntegerField()
    facts = models.JSONField(default=dict)  # tariff class, correction, reduction, why not incentivised: as the engine used them

    class Meta:
        verbose_name = _("risultato per impianto")
        verbose_name_plural = _("risultati per impianto")
        ordering = ["run", "position"]
        constraints = [models.UniqueConstraint(fields=["run", "plant"], name="plant_result_unique")]

    def __str__(self) -> str:
        return f"{self.run} {self.plant}"


class MemberResult(models.Model):
    """One member in one run: the sums of the hours in which its points were valid, and what it gets per contribution.

    Of a correction energies and cents are differences to what the month posted before: the rows of a month add up.
    """

    run = models.ForeignKey(SettlementRun, models.CASCADE, related_name="member_results", db_index=False)  # indexed below
    member = models.ForeignKey(Member, models.PROTECT, related_name="results")
    injected_wh = models.BigIntegerField()
    withdrawn_wh = models.BigIntegerField()
    shared_wh = models.BigIntegerField()
    incentivised_wh = models.BigIntegerField()
    premium_cents = models.BigIntegerField()
    valorisation_cents = models.BigIntegerField()
    excess_cents = models.BigIntegerField()

    class Meta:
        verbose_name = _("risultato per socio")
        verbose_name_plural = _("risultati per socio")
        ordering = ["run", "member__code"]
        constraints = [models.UniqueConstraint(fields=["run", "member"], name="member_result_unique")]

    def __str__(self) -> str:
        return f"{self.run} {self.member}"

    @property
    def total_cents(self) -> int:
        return self.premium_cents + self.valorisation_cents + self.excess_cents


class PointResult(models.Model):
    """One metering point, as one member held it, in one run.

    `days` packs Wh per local day of the month, little-endian int64 in four rows of D: withdrawn, injected, shared, taken.
    """

    run = models.ForeignKey(SettlementRun, models.CASCADE, related_name="point_results", db_index=False)  # indexed below
    member = models.ForeignKey(Member, models.PROTECT, related_name="+")
    pod = models.CharField(max_length=15)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    withdrawn_wh = models.BigIntegerField()
    injected_wh = models.BigIntegerField()
    shared_wh = models.BigIntegerField()
    missing_hours = models.PositiveSmallIntegerField()
    days = models.BinaryField()

    class Meta:
        verbose_name = _("risultato per punto di misura")
        verbose_name_plural = _("risultati per punto di misura")
        ordering = ["run", "pod", "valid_from"]
        constraints = [models.UniqueConstraint(fields=["run", "pod", "valid_from"], name="point_result_unique")]

    def __str__(self) -> str:
        return f"{self.run} {self.pod}"


class RunCurves(models.Model):
    """The hours of a run, packed as little-endian int64 Wh: injected, withdrawn, shared (H) and taken (N × H, cascade order)."""

    run = models.OneToOneField(SettlementRun, models.CASCADE, primary_key=True, related_name="curves")
    injected = models.BinaryField()
    withdrawn = models.BinaryField()
    shared = models.BinaryField()
    taken = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.run}"
