"""Documents that leave the house: statements for members, the accountant's workbook, the snapshot for GSE."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.encryption import EncryptedTextField
from apps.communities.models import Member
from apps.invoicing.accountancy.models import AccountingExport, ChartAccount
from apps.invoicing.invoices.models import Customer, Invoice, InvoiceFile, InvoiceLine, NumberSeries
from apps.invoicing.payouts.models import AccountMovement, PayoutBatch, PayoutRun, PayoutSettings, PayoutTransfer
from apps.invoicing.rendered import READY_HAS_HASH, RenderedFile
from apps.settlement.models import SettlementRun

__all__ = [
    "AccountMovement",
    "AccountingExport",
    "ChartAccount",
    "Customer",
    "Invoice",
    "InvoiceFile",
    "InvoiceLine",
    "IssuedDocument",
    "NumberSeries",
    "PayoutBatch",
    "PayoutRun",
    "PayoutSettings",
    "PayoutTransfer",
]


class IssuedDocument(RenderedFile):
    """One document of an approved run. `frozen` is everything that it says (JSON): the same bytes can be rendered years later."""

    class Kind(models.TextChoices):
        STATEMENT = "statement", _("rendiconto")
        WORKBOOK = "workbook", _("cartella di lavoro")
        SNAPSHOT = "snapshot", _("istantanea Parquet")

    run = models.ForeignKey(SettlementRun, models.PROTECT, related_name="documents", verbose_name=_("regolazione"))
    kind = models.CharField(_("tipo"), max_length=10, choices=Kind.choices)
    member = models.ForeignKey(Member, models.PROTECT, null=True, related_name="documents", verbose_name=_("socio"))
    reference = models.CharField(_("riferimento"), max_length=120, unique=True)
    frozen = EncryptedTextField(blank=True)

    class Meta:
        verbose_name = _("documento")
        verbose_name_plural = _("documenti")
        ordering = ["-run__month", "kind", "reference"]
        constraints = [
            models.UniqueConstraint(
                fields=["run", "kind", "member"], nulls_distinct=False, name="document_one_per_run_kind_and_member"
            ),
            models.CheckConstraint(
                name="document_statement_has_member",
                condition=(Q(kind="statement") & Q(member__isnull=False)) | (~Q(kind="statement") & Q(member__isnull=True)),
            ),
            models.CheckConstraint(name="document_ready_has_hash", condition=READY_HAS_HASH),
        ]

    def __str__(self) -> str:
        return self.reference


# At the end, because they point to the documents above; here, because Django looks for tables in this module.
from apps.invoicing.delivery.models import CommunityDelivery, MailMessage, MailStep, MemberMailChoice  # noqa: E402
from apps.invoicing.reminders.models import PersonInCharge, Reminder, ReminderMail, ReminderSilence  # noqa: E402

__all__ = [
    "CommunityDelivery",
    "IssuedDocument",
    "MailMessage",
    "MailStep",
    "MemberMailChoice",
    "PersonInCharge",
    "Reminder",
    "ReminderMail",
    "ReminderSilence",
]
