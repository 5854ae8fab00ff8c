"""Payouts: how a community pays, its batches for the bank, their transfers, and the account of every member.

`invoicing/migrations/0031_payout_guards.py` holds what the database refuses: movements are never changed, a transfer is exactly
the balance that it takes, a member has one transfer on the way at most, and a batch says what its transfers say.
"""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.encryption import EncryptedTextField
from apps.communities.models import Community, Member
from apps.settlement.models import SettlementRun


class PayoutSettings(models.Model):
    """How one community pays its members. No row: everything at its default."""

    class Dialect(models.TextChoices):
        ISO = "iso", _("SEPA pain.001.001.03 (ISO 20022)")
        CBI = "cbi", _("CBI 00.04.01")
        CBI_OLD = "cbi_old", _("CBI 00.04.00")

    community = models.OneToOneField(Community, models.CASCADE, related_name="payout_settings", verbose_name=_("comunità"))
    minimum_cents = models.BigIntegerField(_("pagamento minimo (centesimi)"), default=0)
    dialect = models.CharField(_("formato del file"), max_length=8, choices=Dialect.choices, default=Dialect.ISO)
    cuc = models.CharField(_("CUC"), max_length=8, blank=True)
    bic = models.CharField(_("BIC"), max_length=11, blank=True)
    remind_after_days = models.PositiveSmallIntegerField(_("promemoria dopo (giorni)"), default=5)

    class Meta:
        verbose_name = _("impostazioni dei pagamenti")
        verbose_name_plural = _("impostazioni dei pagamenti")
        constraints = [
            models.CheckConstraint(name="payout_minimum_not_negative", condition=Q(minimum_cents__gte=0)),
            models.CheckConstraint(name="payout_cbi_has_cuc", condition=Q(dialect="iso") | ~Q(cuc="")),
        ]

    def __str__(self) -> str:
        return f"{self.community}"


class PayoutBatch(models.Model):
    """One file for the bank: `draft → ready → executed`, or `discarded`. Two people: who made it does not confirm it.

    `ready` means that the file exists; from `downloaded_at` on nobody but the bank knows whether it was executed, until a
    person says so. `content` is the file itself, encrypted because it names accounts; it is never made a second time.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("in preparazione")
        READY = "ready", _("file pronto")
        EXECUTED = "executed", _("eseguita")
        DISCARDED = "discarded", _("annullata")

    community = models.ForeignKey(Community, models.PROTECT, related_name="payout_batches", verbose_name=_("comunità"))
    number = models.PositiveIntegerField(_("numero"))
    message_id = models.CharField(_("riferimento per la banca"), max_length=35, unique=True)
    state = models.CharField(_("stato"), max_length=10, choices=State.choices, default=State.DRAFT)
    execute_on = models.DateField(_("data richiesta"))
    dialect = models.CharField(_("formato del file"), max_length=8, choices=PayoutSettings.Dialect.choices)
    payer = EncryptedTextField()  # JSON: name, iban, bic, cuc, as they were
    total_cents = models.BigIntegerField(_("totale (centesimi)"))
    transfers_count = models.PositiveIntegerField(_("bonifici"))
    carried = models.JSONField(default=list)  # [[member id, cents, reason], …]: who was not paid, and why
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("preparata da"))
    created_at = models.DateTimeField(_("preparata il"))

    content = EncryptedTextField(blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size_bytes = models.BigIntegerField(default=0)
    file_at = models.DateTimeField(_("file prodotto il"), null=True)
    error = models.TextField(_("errore"), blank=True)
    downloaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("scaricato da")
    )
    downloaded_at = models.DateTimeField(_("scaricato il"), null=True)  # the first time

    executed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("confermata da")
    )
    executed_at = models.DateTimeField(_("confermata il"), null=True)
    executed_on = models.DateField(_("eseguita il"), null=True)  # the bank's day
    bank_reference = models.CharField(_("riferimento della banca"), max_length=140, blank=True)
    discarded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("annullata da")
    )
    discarded_at = models.DateTimeField(_("annullata il"), null=True)
    discard_reason = models.CharField(_("motivo"), max_length=1000, blank=True)

    class Meta:
        verbose_name = _("distinta di pagamento")
        verbose_name_plural = _("distinte di pagamento")
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["community", "number"], name="payout_batch_number_unique"),
            models.CheckConstraint(name="payout_batch_pays", condition=Q(total_cents__gt=0, transfers_count__gt=0)),
            models.CheckConstraint(
                name="payout_file_is_complete",
                condition=Q(file_at__isnull=True, sha256="", content="", size_bytes=0, state__in=["draft", "discarded"])
                | (Q(file_at__isnull=False, size_bytes__gt=0) & ~Q(sha256="") & ~Q(content="") & ~Q(state="draft")),
            ),
            models.CheckConstraint(
                name="payout_download_has_file",
                condition=Q(downloaded_at__isnull=True, downloaded_by__isnull=True)
                | Q(downloaded_at__isnull=False, downloaded_by__isnull=False, file_at__isnull=False),
            ),
            models.CheckConstraint(
                name="payout_execution_is_complete",
                condition=(
                    Q(
                        state="executed",
                        executed_by__isnull=False,
                        executed_at__isnull=False,
                        executed_on__isnull=False,
                        downloaded_at__isnull=False,
                    )
                    & ~Q(bank_reference="")
                )
                | (
                    ~Q(state="executed")
                    & Q(executed_by__isnull=True, executed_at__isnull=True, executed_on__isnull=True, bank_reference="")
                ),
            ),
            models.CheckConstraint(
                name="payout_two_different_people", condition=Q(executed_by__isnull=True) | ~Q(executed_by=F("created_by"))
            ),
            models.CheckConstraint(
                name="payout_discard_is_complete",
                condition=(Q(state="discarded", discarded_by__isnull=False, discarded_at__isnull=False) & ~Q(discard_reason=""))
                | (~Q(state="discarded") & Q(discarded_by__isnull=True, discarded_at__isnull=True, discard_reason="")),
            ),
            models.CheckConstraint(  # who says that the bank never paid is not who made the file
                name="payout_discard_by_another",
                condition=Q(discarded_by__isnull=True) | Q(downloaded_at__isnull=True) | ~Q(discarded_by=F("created_by")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.community.code} n. {self.number}"

    @property
    def is_with_the_bank(self) -> bool:
        """Was the file handed out, and nobody said yet what became of it?"""
        return self.state == self.State.READY and self.downloaded_at is not None


class PayoutRun(models.Model):
    """A run whose credits a batch takes in. What of them is carried over is old balance from then on."""

    batch = models.ForeignKey(PayoutBatch, models.PROTECT, related_name="runs")
    run = models.ForeignKey(SettlementRun, models.PROTECT, related_name="payouts")
    released = models.BooleanField(default=False)  # the batch was discarded

    class Meta:
        verbose_name = _("regolazione in una distinta")
        verbose_name_plural = _("regolazioni nelle distinte")
        constraints = [
            models.UniqueConstraint(fields=["batch", "run"], name="payout_run_once_in_batch"),
            models.UniqueConstraint(fields=["run"], condition=Q(released=False), name="payout_run_taken_in_once"),
        ]

    def __str__(self) -> str:
        return f"{self.batch} · {self.run}"


class PayoutTransfer(models.Model):
    """What a batch pays to one member: the balance of the account, less what belongs to runs that were not taken in."""

    class State(models.TextChoices):
        PLANNED = "planned", _("previsto")
        SENT = "sent", _("nel file")
        EXECUTED = "executed", _("eseguito")
        RETURNED = "returned", _("restituito")
        CANCELLED = "cancelled", _("annullato")

    OPEN_STATES = (State.PLANNED, State.SENT)

    batch = models.ForeignKey(PayoutBatch, models.PROTECT, related_name="transfers", verbose_name=_("distinta"))
    member = models.ForeignKey(Member, models.PROTECT, related_name="transfers", verbose_name=_("socio"))
    end_to_end_id = models.CharField(_("riferimento"), max_length=35, unique=True)
    state = models.CharField(_("stato"), max_length=10, choices=State.choices, default=State.PLANNED)
    cents = models.BigIntegerField(_("centesimi"))
    balance_cents = models.BigIntegerField()  # the account when the batch was made
    held_cents = models.BigIntegerField(default=0)  # of it, what belongs to runs that the batch does not take in
    name = EncryptedTextField()
    iban = EncryptedTextField()
    text = models.CharField(max_length=140)
    returned_on = models.DateField(_("restituito il"), null=True)
    return_code = models.CharField(_("codice"), max_length=8, blank=True)
    returned_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    returned_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("bonifico")
        verbose_name_plural = _("bonifici")
        ordering = ["batch", "end_to_end_id"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "member"], name="payout_transfer_one_per_member"),
            models.UniqueConstraint(
                fields=["member"], condition=Q(state__in=["planned", "sent"]), name="payout_transfer_one_on_the_way"
            ),
            models.CheckConstraint(
                name="payout_transfer_is_balance",
                condition=Q(cents__gt=0, held_cents__gte=0, cents=F("balance_cents") - F("held_cents")),
            ),
            models.CheckConstraint(
                name="payout_return_is_complete",
                condition=(
                    Q(state="returned", returned_on__isnull=False, returned_by__isnull=False, returned_at__isnull=False)
                    & ~Q(return_code="")
                )
                | (
                    ~Q(state="returned")
                    & Q(returned_on__isnull=True, returned_by__isnull=True, returned_at__isnull=True, return_code="")
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.end_to_end_id


class AccountMovement(models.Model):
    """One line of a member's account. Never changed, never deleted; the balance is their sum.

    `cents` is above zero for what the member is owed: `credit` is what an issued run posted, `outside` says that it was
    paid by other means; `transfer` went out, `return` came back.
    """

    class Kind(models.TextChoices):
        CREDIT = "credit", _("accredito")
        OUTSIDE = "outside", _("pagato fuori distinta")
        TRANSFER = "transfer", _("bonifico")
        RETURN = "return", _("bonifico restituito")

    member = models.ForeignKey(Member, models.PROTECT, related_name="movements", verbose_name=_("socio"))
    kind = models.CharField(_("tipo"), max_length=8, choices=Kind.choices)
    run = models.ForeignKey(SettlementRun, models.PROTECT, null=True, related_name="movements", verbose_name=_("regolazione"))
    transfer = models.ForeignKey(PayoutTransfer, models.PROTECT, null=True, related_name="movements", verbose_name=_("bonifico"))
    cents = models.BigIntegerField(_("centesimi"))
    day = models.DateField(_("data"))
    recorded_at = models.DateTimeField(_("registrato il"))

    class Meta:
        verbose_name = _("movimento del conto")
        verbose_name_plural = _("movimenti dei conti")
        ordering = ["member", "day", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["run", "member", "kind"], name="movement_run_once"),
            models.UniqueConstraint(fields=["transfer", "kind"], name="movement_transfer_once"),
            models.CheckConstraint(
                name="movement_says_why",
                condition=Q(kind__in=["credit", "outside"], run__isnull=False, transfer__isnull=True)
                | Q(kind="transfer", run__isnull=True, transfer__isnull=False, cents__lt=0)
                | Q(kind="return", run__isnull=True, transfer__isnull=False, cents__gt=0),
            ),
            models.CheckConstraint(name="movement_is_not_zero", condition=~Q(cents=0)),
        ]

    def __str__(self) -> str:
        return f"{self.member} {self.kind} {self.cents}"
