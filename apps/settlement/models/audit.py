"""The audit trail: one row per step of a run's life, chained so that nobody can change the past unseen."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class AuditEntry(models.Model):
    """What happened to one run. Written by `apps.settlement.audit.operations` alone; triggers refuse to change or delete it.

    `sequence` counts from 1 without gaps. `mac` covers every other column, `previous_mac` among them. The run is a number and
    a name, not a foreign key: the entry outlives a run that was discarded.
    """

    class Actor(models.TextChoices):
        PERSON = "person", _("persona")
        TIMETABLE = "timetable", _("calendario automatico")
        COMMAND_LINE = "command_line", _("riga di comando")
        WORKER = "worker", _("elaboratore")

    class Action(models.TextChoices):
        OPEN = "open", _("aperta")
        CLAIM = "claim", _("presa in calcolo")
        COMPUTE = "compute", _("calcolata")
        PARK = "park", _("sospesa")
        RELEASE = "release", _("sbloccata")
        FAIL = "fail", _("non riuscita")
        RETRY = "retry", _("rimessa in coda")
        ACCEPT_MISSING = "accept_missing", _("misure mancanti accettate")
        APPROVE = "approve", _("approvata")
        ISSUE = "issue", _("emessa")
        PAY = "pay", _("pagata")
        REVERSE = "reverse", _("stornata")
        DISCARD = "discard", _("scartata")

    sequence = models.BigIntegerField(_("numero"), primary_key=True)
    at = models.DateTimeField(_("quando"))
    actor = models.CharField(_("chi"), max_length=12, choices=Actor.choices)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("persona"))
    action = models.CharField(_("passo"), max_length=16, choices=Action.choices)
    run_number = models.BigIntegerField(_("regolazione"), db_index=True)
    run_name = models.CharField(_("nome della regolazione"), max_length=200)
    from_state = models.CharField(_("da"), max_length=10, blank=True)  # empty: the run did not exist
    to_state = models.CharField(_("a"), max_length=10, blank=True)  # empty: the run exists no more
    reason = models.TextField(_("motivo"), blank=True)
    details = models.JSONField(_("dettagli"), default=dict)  # texts and lists of texts: hashes, PODs, date and reference
    key_id = models.CharField(max_length=40)
    previous_mac = models.CharField(max_length=64, blank=True)  # empty for the first
    mac = models.CharField(max_length=64, unique=True)

    class Meta:
        verbose_name = _("passo registrato")
        verbose_name_plural = _("registro dei passi")
        ordering = ["sequence"]
        constraints = [
            models.CheckConstraint(name="audit_counts_from_one", condition=Q(sequence__gte=1)),
            models.CheckConstraint(
                name="audit_person_has_name",
                condition=Q(actor="person", user__isnull=False) | (~Q(actor="person") & Q(user__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sequence} {self.run_name} {self.action}"
