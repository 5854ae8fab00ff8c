"""Files made for accountants and for GSE, and the codes under which a community's accountant knows each account."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.encryption import EncryptedTextField
from apps.communities.models import Community, Configuration
from apps.settlement.models import SettlementRun


class AccountingExport(models.Model):
    """One file that somebody asked for. `frozen` (JSON) is what it is made of, fixed at that moment: runs, chart of accounts."""

    class Kind(models.TextChoices):
        BOOKS = "books", _("libri contabili")
        BENEFITS = "benefits", _("relazione annuale dei benefici")
        GSE_MEMBERS = "gse_members", _("elenco dei soci per il GSE")

    class Format(models.TextChoices):
        XLSX = "xlsx", _("XLSX (foglio di calcolo)")
        CSV = "csv", _("CSV")
        PDF = "pdf", _("PDF")

    class State(models.TextChoices):
        PENDING = "pending", _("in preparazione")
        READY = "ready", _("pronto")
        FAILED = "failed", _("non riuscito")

    community = models.ForeignKey(Community, models.PROTECT, related_name="accounting_exports", verbose_name=_("comunità"))
    configuration = models.ForeignKey(
        Configuration, models.PROTECT, null=True, related_name="+", verbose_name=_("configurazione")
    )  # None: all of the community
    run = models.ForeignKey(SettlementRun, models.PROTECT, null=True, related_name="+", verbose_name=_("regolazione"))
    kind = models.CharField(_("tipo"), max_length=12, choices=Kind.choices)
    format = models.CharField(_("formato"), max_length=4, choices=Format.choices)
    first_day = models.DateField(_("dal"))
    last_day = models.DateField(_("al"))  # included
    state = models.CharField(_("stato"), max_length=8, choices=State.choices, default=State.PENDING)
    frozen = EncryptedTextField(blank=True)
    rows_done = models.PositiveIntegerField(default=0)
    rows_total = models.PositiveIntegerField(default=0)
    path = models.CharField(max_length=300, blank=True)  # below DATA_DIR
    sha256 = models.CharField(_("impronta"), max_length=64, blank=True)
    size_bytes = models.BigIntegerField(_("dimensione"), default=0)
    error = models.TextField(_("errore"), blank=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("chiesto da")
    )
    created_at = models.DateTimeField(_("chiesto il"))
    made_at = models.DateTimeField(_("prodotto il"), null=True)

    class Meta:
        verbose_name = _("esportazione contabile")
        verbose_name_plural = _("contabilità")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(  # two presses of a button are one file
                fields=["community", "configuration", "run", "kind", "format", "first_day", "last_day"],
                condition=Q(state="pending"),
                nulls_distinct=False,
                name="export_one_pending_of_its_sort",
            ),
            models.CheckConstraint(name="export_period_is_ordered", condition=Q(last_day__gte=F("first_day"))),
            models.CheckConstraint(
                name="export_ready_has_hash",
                condition=~Q(state="ready") | (~Q(sha256="") & ~Q(path="") & Q(made_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.first_day:%d/%m/%Y} {self.last_day:%d/%m/%Y}"


class ChartAccount(models.Model):
    """How a community calls one account in its books, where that differs from what `chart` proposes.

    `key` is what the books mean: `gse:premium`, `members:premium`, `account:social_fund:excess`, `bank`. `purpose` tells GSE what
    an account is for.
    """

    community = models.ForeignKey(Community, models.CASCADE, related_name="chart", verbose_name=_("comunità"))
    key = models.CharField(max_length=90)
    code = models.CharField(_("codice del conto"), max_length=30)
    name = models.CharField(_("nome del conto"), max_length=120)
    purpose = models.CharField(_("finalità"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("conto contabile")
        verbose_name_plural = _("piano dei conti")
        ordering = ["community", "code"]
        constraints = [
            models.UniqueConstraint(fields=["community", "key"], name="chart_account_once"),
            models.UniqueConstraint(fields=["community", "code"], name="chart_code_once"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"
