"""What people say about the GSE side of the money: why a difference is right, and whose amounts are divided. Append-only."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.communities.models import Configuration
from apps.settlement.models.gse import BankReceipt, GsePublication
from apps.settlement.models.ledger import ContributionKind


class DifferenceSide(models.TextChoices):
    """Between which two numbers of a month a difference lies."""

    GSE = "gse", _("GSE e calcolo proprio")
    BANK = "bank", _("banca e GSE")


class DifferenceNote(models.Model):
    """Why one difference is in order, said by a person. It holds for the difference of these cents: another one is open again."""

    configuration = models.ForeignKey(Configuration, models.PROTECT, related_name="+", verbose_name=_("configurazione"))
    month = models.DateField(_("mese"))
    contribution = models.CharField(_("contributo"), max_length=12, choices=ContributionKind.choices)
    side = models.CharField(_("fra"), max_length=4, choices=DifferenceSide.choices)
    difference_cents = models.BigIntegerField(_("differenza (centesimi)"))
    note = models.TextField(_("spiegazione"))
    noted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("da"))
    noted_at = models.DateTimeField(_("il"))

    class Meta:
        verbose_name = _("differenza spiegata")
        verbose_name_plural = _("differenze spiegate")
        ordering = ["configuration", "month", "contribution", "side", "pk"]
        constraints = [
            models.CheckConstraint(name="note_month_is_first_day", condition=Q(month__day=1)),
            models.CheckConstraint(name="note_says_something", condition=~Q(note="")),
        ]

    def __str__(self) -> str:
        return f"{self.configuration} {self.month:%Y-%m} {self.contribution} {self.side}"


class ReceiptMatch(models.Model):
    """What a receipt pays, said by a person in place of what amounts and dates tell. The last word about a receipt holds.

    `publication` is an amount of the payment that the receipt is; once another publication takes its place, that one. Each row
    but the first of a receipt points back to the one that it takes the place of.
    """

    class Says(models.TextChoices):
        PAYS = "pays", _("paga questo importo")
        NOTHING = "nothing", _("non paga niente di atteso")
        PROPOSED = "proposed", _("come propone il programma")

    receipt = models.ForeignKey(BankReceipt, models.PROTECT, related_name="matches", verbose_name=_("accredito"))
    says = models.CharField(_("che cosa paga"), max_length=8, choices=Says.choices)
    publication = models.ForeignKey(
        GsePublication, models.PROTECT, null=True, related_name="+", verbose_name=_("importo pubblicato dal GSE")
    )
    reason = models.TextField(_("perché"))
    supersedes = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="superseded_by", verbose_name=_("sostituisce")
    )
    said_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("da"))
    said_at = models.DateTimeField(_("il"))

    class Meta:
        verbose_name = _("abbinamento di un accredito")
        verbose_name_plural = _("abbinamenti di accrediti")
        ordering = ["receipt", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["receipt"], condition=Q(supersedes__isnull=True), name="match_one_first_per_receipt"),
            models.CheckConstraint(
                name="match_names_what_is_paid",
                condition=Q(says="pays", publication__isnull=False) | (~Q(says="pays") & Q(publication__isnull=True)),
            ),
            models.CheckConstraint(name="match_has_a_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.receipt} {self.says}"


class AmountsChoice(models.Model):
    """From `valid_from` on a configuration divides its own amounts or those that GSE published. The last said for a day holds."""

    class Source(models.TextChoices):
        OWN = "own", _("calcolo proprio")
        GSE = "gse", _("importi del GSE")

    configuration = models.ForeignKey(Configuration, models.PROTECT, related_name="+", verbose_name=_("configurazione"))
    valid_from = models.DateField(_("dal mese"))
    amounts_from = models.CharField(_("importi da ripartire"), max_length=3, choices=Source.choices)
    chosen_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("da"))
    chosen_at = models.DateTimeField(_("il"))

    class Meta:
        verbose_name = _("scelta degli importi da ripartire")
        verbose_name_plural = _("scelte degli importi da ripartire")
        ordering = ["configuration", "valid_from", "pk"]
        constraints = [models.CheckConstraint(name="choice_from_first_day", condition=Q(valid_from__day=1))]

    def __str__(self) -> str:
        return f"{self.configuration} {self.valid_from:%Y-%m} {self.amounts_from}"
