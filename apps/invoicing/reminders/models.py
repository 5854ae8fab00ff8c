"""Reminders to the people in charge of a community, and to whom they were written."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.communities.models import Community, Configuration
from apps.communities.models.validity import no_overlap
from apps.invoicing.delivery.models import MailMessage


class Reminder(models.Model):
    """One thing that waits for a person. `key` names the thing, so it is written once however often somebody looks.

    Closed by itself when the thing is done (`done_by` empty), or by a person who says so; open again only in the first case.
    """

    class Kind(models.TextChoices):
        MONTH_MISSING = "month_missing", _("mese senza regolazione approvata")
        APPROVAL_WAITS = "approval_waits", _("regolazione da approvare")
        PAYMENT_WAITS = "payment_waits", _("regolazione emessa da pagare")
        GSE_EXPECTED = "gse_expected", _("pubblicazione del GSE da importare")
        MAIL_TROUBLE = "mail_trouble", _("e-mail non arrivate")
        CORRECTION_WAITS = "correction_waits", _("rettifica proposta")
        PARAMETER_MISSING = "parameter_missing", _("parametro dell’anno da registrare")
        YEARLY_REPORT = "yearly_report", _("rendicontazione annuale al GSE")
        PAYOUT_WAITS = "payout_waits", _("distinta di pagamento da seguire")

    key = models.CharField(max_length=160, unique=True)
    community = models.ForeignKey(Community, models.CASCADE, related_name="reminders", verbose_name=_("comunità"))
    configuration = models.ForeignKey(
        Configuration, models.CASCADE, null=True, related_name="reminders", verbose_name=_("configurazione")
    )
    kind = models.CharField(_("tipo"), max_length=20, choices=Kind.choices)
    facts = models.JSONField(_("dettagli"), default=dict)  # texts: run, month, year, count, event
    due_on = models.DateField(_("entro il"))
    opened_at = models.DateTimeField(_("aperto il"))
    done_at = models.DateTimeField(_("fatto il"), null=True)
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("fatto da"))

    class Meta:
        verbose_name = _("promemoria")
        verbose_name_plural = _("promemoria")
        ordering = ["due_on", "key"]
        constraints = [
            models.CheckConstraint(
                name="reminder_done_by_at_a_time", condition=Q(done_by__isnull=True) | Q(done_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return self.key


class ReminderMail(models.Model):
    """In which letter a reminder was written to a person: once, and never again."""

    reminder = models.ForeignKey(Reminder, models.CASCADE, related_name="mails")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    message = models.ForeignKey(MailMessage, models.CASCADE, related_name="reminders")

    class Meta:
        verbose_name = _("promemoria scritto")
        verbose_name_plural = _("promemoria scritti")
        constraints = [models.UniqueConstraint(fields=["reminder", "user"], name="reminder_written_once_to_each")]

    def __str__(self) -> str:
        return f"{self.reminder} {self.user}"


class ReminderSilence(models.Model):
    """Somebody who wants no reminders by e-mail about a community; the home page shows them all the same."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    community = models.ForeignKey(Community, models.CASCADE, related_name="+")

    class Meta:
        verbose_name = _("rinuncia ai promemoria")
        verbose_name_plural = _("rinunce ai promemoria")
        constraints = [models.UniqueConstraint(fields=["user", "community"], name="silence_one_per_community")]

    def __str__(self) -> str:
        return f"{self.user} {self.community}"


class PersonInCharge(models.Model):
    """Who gets the reminders of a community from a day on. Nobody recorded: all of its administrators."""

    community = models.ForeignKey(Community, models.CASCADE, related_name="people_in_charge", verbose_name=_("comunità"))
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("persona"))
    valid_from = models.DateField(_("dal"))
    valid_to = models.DateField(_("fino al (escluso)"), null=True, blank=True)

    class Meta:
        verbose_name = _("incaricato")
        verbose_name_plural = _("incaricati")
        ordering = ["community", "valid_from"]
        constraints = [no_overlap("people_in_charge_do_not_overlap", "community")]

    def __str__(self) -> str:
        return f"{self.community} {self.user}"
