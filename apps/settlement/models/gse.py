"""The GSE side of the money: what GSE published and what the bank received. Append-only: triggers refuse every change."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.communities.models import Community, Configuration, Plant
from apps.settlement.models.gse_import import GseImport


class GseItem(models.TextChoices):
    """What an amount of GSE is for: one of the three contributions, or what GSE keeps for itself."""

    PREMIUM = "premium", _("tariffa premio")
    VALORISATION = "valorisation", _("valorizzazione")
    EXCESS = "excess", _("importo eccedentario")
    FEE = "fee", _("spese del GSE")


class GseKind(models.TextChoices):
    """At which moment of the year's settlement GSE publishes an amount (RO p.35-37)."""

    ADVANCE = "advance", _("acconto")
    TRUE_UP = "true_up", _("conguaglio")
    RECALCULATION = "recalculation", _("ricalcolo")
    FEE = "fee", _("spese")


class GsePublication(models.Model):
    """One amount that GSE published for a month. True-ups and recalculations are differences: what is paid beyond the advance.

    `item` and `kind`, month, plant and `round` are the place of the amount; one publication in force per place. A later one for
    the same place points back to the one that it takes the place of. `round` is empty but for recalculations, of which a month
    has many: the document's reference, or the day where there is none. A fee is negative: it is netted against payments.
    """

    configuration = models.ForeignKey(Configuration, models.PROTECT, related_name="+", verbose_name=_("configurazione"))
    month = models.DateField(_("mese"))  # its first day
    item = models.CharField(_("contributo"), max_length=12, choices=GseItem.choices)
    kind = models.CharField(_("tipo"), max_length=13, choices=GseKind.choices)
    plant = models.ForeignKey(Plant, models.PROTECT, null=True, related_name="+", verbose_name=_("impianto"))
    round = models.CharField(max_length=140, blank=True)
    cents = models.BigIntegerField(_("importo (centesimi)"))
    published_on = models.DateField(_("pubblicato il"))
    reference = models.CharField(_("riferimento del documento"), max_length=140, blank=True)
    supersedes = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="superseded_by", verbose_name=_("sostituisce")
    )
    brought_by = models.ForeignKey(GseImport, models.PROTECT, related_name="publications", verbose_name=_("importazione"))
    line = models.PositiveIntegerField(_("riga del file"))

    class Meta:
        verbose_name = _("importo pubblicato dal GSE")
        verbose_name_plural = _("importi pubblicati dal GSE")
        ordering = ["configuration", "month", "item", "published_on", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["configuration", "month", "item", "kind", "plant", "round"],
                condition=Q(supersedes__isnull=True),
                nulls_distinct=False,
                name="publication_one_first_per_place",
            ),
            models.CheckConstraint(name="publication_month_is_first_day", condition=Q(month__day=1)),
            models.CheckConstraint(
                name="publication_fee_is_a_fee",
                condition=Q(item="fee", kind="fee") | (~Q(item="fee") & ~Q(kind="fee")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.configuration} {self.month:%Y-%m} {self.item} {self.kind} {self.cents}"


class BankReceipt(models.Model):
    """One amount that the bank received from GSE. `configuration` is null as long as nobody knows which contract it pays.

    A receipt that is assigned to a configuration later is a new row that points back. `occurrence` tells apart what one statement
    of the bank lists several times with the same day, amount and reference.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+", verbose_name=_("comunità"))
    configuration = models.ForeignKey(
        Configuration, models.PROTECT, null=True, related_name="+", verbose_name=_("configurazione")
    )
    value_date = models.DateField(_("valuta"))
    cents = models.BigIntegerField(_("importo (centesimi)"))
    reference = models.CharField(_("riferimento (CRO)"), max_length=140, blank=True)
    payer = models.CharField(_("ordinante e causale"), max_length=300, blank=True)
    occurrence = models.PositiveSmallIntegerField(default=1)
    supersedes = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="superseded_by", verbose_name=_("sostituisce")
    )
    brought_by = models.ForeignKey(GseImport, models.PROTECT, related_name="receipts", verbose_name=_("importazione"))
    line = models.PositiveIntegerField(_("riga del file"))
    assigned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("assegnato da")
    )
    assigned_at = models.DateTimeField(_("assegnato il"), null=True)

    class Meta:
        verbose_name = _("accredito in banca")
        verbose_name_plural = _("accrediti in banca")
        ordering = ["community", "value_date", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["community", "value_date", "cents", "reference", "occurrence"],
                condition=Q(supersedes__isnull=True),
                name="receipt_known_once",
            ),
            models.CheckConstraint(
                name="receipt_assigned_by_somebody",
                condition=Q(supersedes__isnull=True, assigned_by__isnull=True, assigned_at__isnull=True)
                | Q(
                    supersedes__isnull=False,
                    assigned_by__isnull=False,
                    assigned_at__isnull=False,
                    configuration__isnull=False,
                ),
            ),
            models.CheckConstraint(name="receipt_occurrence_from_one", condition=Q(occurrence__gte=1)),
        ]

    def __str__(self) -> str:
        return f"{self.community} {self.value_date} {self.cents}"
