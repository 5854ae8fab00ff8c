"""Documents that leave the house: statements for members, the accountant's workbook, the snapshot for GSE."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.encryption import EncryptedTextField
from apps.communities.models import Member
from apps.settlement.models import SettlementRun


class IssuedDocument(models.Model):
    """One document of an approved run. `frozen` is everything that it says (JSON): the same bytes can be rendered years later."""

    class Kind(models.TextChoices):
        STATEMENT = "statement", _("rendiconto")
        WORKBOOK = "workbook", _("cartella di lavoro")
        SNAPSHOT = "snapshot", _("istantanea Parquet")

    class State(models.TextChoices):
        PENDING = "pending", _("in preparazione")
        READY = "ready", _("pronto")
        FAILED = "failed", _("non riuscito")

    run = models.ForeignKey(SettlementRun, models.PROTECT, related_name="documents", verbose_name=_("regolazione"))
    kind = models.CharField(_("tipo"), max_length=10, choices=Kind.choices)
    member = models.ForeignKey(Member, models.PROTECT, null=True, related_name="documents", verbose_name=_("socio"))
    reference = models.CharField(_("riferimento"), max_length=120, unique=True)
    state = models.CharField(_("stato"), max_length=8, choices=State.choices, default=State.PENDING)
    frozen = EncryptedTextField(blank=True)
    path = models.CharField(max_length=300, blank=True)  # below DATA_DIR
    sha256 = models.CharField(max_length=64, blank=True)
    size_bytes = models.BigIntegerField(default=0)
    error = models.TextField(_("errore"), blank=True)
    created_at = models.DateTimeField(_("creato il"))
    rendered_at = models.DateTimeField(_("prodotto il"), null=True)

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
            models.CheckConstraint(
                name="document_ready_has_hash", condition=~Q(state="ready") | (~Q(sha256="") & Q(rendered_at__isnull=False))
            ),
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
