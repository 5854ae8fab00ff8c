"""The settlement run: one attempt to settle one configuration and month, with its states and guards."""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.communities.models import Configuration


class SettlementRun(models.Model):
    """One run. `draft → computing → computed → approved → issued → paid`, or `parked` (a bound or a missing input), `failed`.

    Unique per configuration, month, kind and version. Once approved it is history: a trigger lets issue and payment be noted.
    The first approved run of a month is its base; every later one points back to it and posts the difference (`corrects`).
    """

    class Kind(models.TextChoices):
        ADVANCE = "advance", _("acconto")
        PROVISIONAL = "provisional", _("provvisoria")
        FINAL = "final", _("definitiva")
        CORRECTION = "correction", _("rettifica")
        REVERSAL = "reversal", _("storno")

    class State(models.TextChoices):
        DRAFT = "draft", _("in attesa")
        COMPUTING = "computing", _("in calcolo")
        COMPUTED = "computed", _("calcolata")
        APPROVED = "approved", _("approvata")
        ISSUED = "issued", _("emessa")
        PAID = "paid", _("pagata")
        REVERSED = "reversed", _("stornata")
        PARKED = "parked", _("sospesa")
        FAILED = "failed", _("non riuscita")

    SETTLED_STATES = (State.COMPUTED, State.APPROVED, State.ISSUED, State.PAID)
    APPROVED_STATES = (State.APPROVED, State.ISSUED, State.PAID)
    FROZEN_STATES = (State.APPROVED, State.ISSUED, State.PAID, State.REVERSED)
    BASE_KINDS = (Kind.ADVANCE, Kind.PROVISIONAL, Kind.FINAL)  # from the least to the most certain
    MEASURED_KINDS = (
        Kind.PROVISIONAL,
        Kind.FINAL,
    )  # they settle a month by its measures; an advance, corrected or not, does not

    configuration = models.ForeignKey(Configuration, models.PROTECT, related_name="runs", verbose_name=_("configurazione"))
    month = models.DateField(_("mese"))  # its first day
    kind = models.CharField(_("tipo"), max_length=12, choices=Kind.choices, default=Kind.PROVISIONAL)
    version = models.PositiveIntegerField(_("versione"))
    corrects = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="corrections", verbose_name=_("rettifica di")
    )  # the base of its month: the first approved run, to whose month (with what followed it) this one posts the difference
    state = models.CharField(_("stato"), max_length=10, choices=State.choices, default=State.DRAFT)

    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("aperta da")
    )
    opened_at = models.DateTimeField(_("aperta il"))
    computed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("calcolata da")
    )
    succeeded_at = models.DateTimeField(_("calcolata il"), null=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("approvata da")
    )
    approved_at = models.DateTimeField(_("approvata il"), null=True)
    approved_sha256 = models.CharField(max_length=64, blank=True)  # the hash that was on the screen
    issued_by = models.ForeignKey(  # nobody when a worker issued it with the last document
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("emessa da")
    )
    issued_at = models.DateTimeField(_("emessa il"), null=True)
    paid_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("pagamento annotato da")
    )
    paid_at = models.DateTimeField(_("pagamento annotato il"), null=True)
    paid_on = models.DateField(_("pagata il"), null=True)  # the bank's day
    payment_reference = models.CharField(_("riferimento del pagamento"), max_length=140, blank=True)
    accepted_missing = models.JSONField(_("misure mancanti accettate"), default=list)  # PODs, by name
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    inputs_sha256 = models.CharField(max_length=64, blank=True)
    result_sha256 = models.CharField(max_length=64, blank=True)
    rules_version = models.CharField(max_length=40, blank=True)
    code_version = models.CharField(max_length=40, blank=True)
    snapshot_path = models.CharField(max_length=300, blank=True)  # below DATA_DIR

    phase = models.CharField(max_length=40, blank=True)
    steps_done = models.PositiveIntegerField(default=0)
    steps_total = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True)
    error = models.TextField(_("errore"), blank=True)
    note = models.TextField(_("nota"), blank=True)

    hours = models.PositiveSmallIntegerField(default=0)
    missing_hours = models.PositiveIntegerField(_("ore mancanti"), default=0)
    missing = models.JSONField(default=list)  # [[pod, hours], …]
    injected_wh = models.BigIntegerField(default=0)
    withdrawn_wh = models.BigIntegerField(default=0)
    shared_wh = models.BigIntegerField(default=0)
    incentivised_wh = models.BigIntegerField(default=0)
    facts = models.JSONField(default=dict)  # valorisation and excess, as the engine explained them

    class Meta:
        verbose_name = _("regolazione mensile")
        verbose_name_plural = _("regolazioni mensili")
        ordering = ["-month", "configuration", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["configuration", "month", "kind", "version"], name="run_unique"),
            models.UniqueConstraint(
                fields=["configuration", "month", "kind"],
                condition=Q(state__in=["draft", "computing"]),
                name="run_one_open_per_month_and_kind",
            ),
            models.CheckConstraint(
                name="run_correction_points_back",
                condition=Q(kind__in=["provisional", "final"])
                | Q(kind="advance", corrects__isnull=True)
                | Q(kind__in=["correction", "reversal"], corrects__isnull=False),
            ),
            models.CheckConstraint(name="run_month_is_first_day", condition=Q(month__day=1)),
            models.CheckConstraint(
                name="run_two_different_people",
                condition=Q(approved_by__isnull=True) | Q(computed_by__isnull=True) | ~Q(approved_by=F("computed_by")),
            ),
            models.CheckConstraint(
                name="run_approval_is_complete",
                condition=~Q(state__in=["approved", "issued", "paid"])
                | (Q(approved_by__isnull=False) & Q(approved_at__isnull=False) & Q(approved_sha256=F("result_sha256"))),
            ),
            models.CheckConstraint(
                name="run_issue_is_complete",
                condition=Q(state="reversed")
                | Q(state__in=["issued", "paid"], issued_at__isnull=False)
                | (~Q(state__in=["issued", "paid"]) & Q(issued_at__isnull=True, issued_by__isnull=True)),
            ),
            models.CheckConstraint(
                name="run_payment_is_complete",
                condition=Q(state="reversed")
                | (
                    Q(state="paid", paid_by__isnull=False, paid_at__isnull=False, paid_on__isnull=False)
                    & ~Q(payment_reference="")
                )
                | (~Q(state="paid") & Q(paid_by__isnull=True, paid_at__isnull=True, paid_on__isnull=True, payment_reference="")),
            ),
            models.CheckConstraint(
                name="run_computed_has_result",
                condition=~Q(state__in=["computed", "approved", "issued", "paid"])
                | (Q(succeeded_at__isnull=False) & ~Q(result_sha256="") & ~Q(inputs_sha256="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.configuration.code} {self.month:%Y-%m} {self.kind} v{self.version}"

    @property
    def month_text(self) -> str:
        return f"{self.month:%Y-%m}"

    @property
    def settled_as(self) -> str:
        """By which kind's law the month is settled: a correction by that of the most certain run that it stands on."""
        if self.kind != self.Kind.CORRECTION or self.corrects_id is None:
            return self.kind
        if "settled_as" in (found := self.facts.get("correction", {})):
            return str(found["settled_as"])
        return self.corrects.month_settled_as if self.corrects else self.kind

    @property
    def month_settled_as(self) -> str:
        """Of a base: the most certain kind among it and the approved runs that point back to it."""
        later = self.corrections.filter(state__in=self.APPROVED_STATES, kind__in=self.BASE_KINDS)
        kinds: set[str] = {self.kind, *later.values_list("kind", flat=True)}
        return max(kinds, key=lambda kind: self.BASE_KINDS.index(self.Kind(kind)))

    @property
    def is_open(self) -> bool:
        return self.state in (self.State.DRAFT, self.State.COMPUTING)

    @property
    def incentivised_kwh(self) -> Decimal:
        return Decimal(self.incentivised_wh).scaleb(-3)
