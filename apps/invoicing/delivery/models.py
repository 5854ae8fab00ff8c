"""The outbox: one row per document (or day of reminders) and recipient, its steps, and who wants mail at all."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.communities.models import Community, Member


class MailMessage(models.Model):
    """A letter to one recipient. `queued → sending → sent | bounced | failed | unknown`, or `withdrawn` before it left.

    `sending` is committed before the conversation with the mail server begins. Who dies in it leaves a row that no program sends
    again: it becomes `unknown`, and a person decides. `key` says what the letter is about and to whom, once.
    """

    class Kind(models.TextChoices):
        STATEMENT = "statement", _("rendiconto")
        REMINDERS = "reminders", _("promemoria")

    class State(models.TextChoices):
        QUEUED = "queued", _("in coda")
        SENDING = "sending", _("in invio")
        SENT = "sent", _("inviata")
        BOUNCED = "bounced", _("respinta")
        FAILED = "failed", _("non riuscita")
        UNKNOWN = "unknown", _("esito ignoto")
        WITHDRAWN = "withdrawn", _("ritirata")

    TROUBLED_STATES = (State.BOUNCED, State.FAILED, State.UNKNOWN)

    key = models.CharField(max_length=120, unique=True)
    community = models.ForeignKey(Community, models.PROTECT, related_name="mails", verbose_name=_("comunità"))
    kind = models.CharField(_("tipo"), max_length=10, choices=Kind.choices)
    document = models.ForeignKey(
        "invoicing.IssuedDocument", models.PROTECT, null=True, related_name="mails", verbose_name=_("documento")
    )
    member = models.ForeignKey(Member, models.PROTECT, null=True, related_name="mails", verbose_name=_("socio"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="mails", verbose_name=_("destinatario")
    )
    address = models.EmailField(_("indirizzo"))
    state = models.CharField(_("stato"), max_length=10, choices=State.choices, default=State.QUEUED)
    occasion = models.PositiveSmallIntegerField(_("invio numero"), default=1)  # counts the letters that a person wanted
    attempts = models.PositiveSmallIntegerField(_("tentativi"), default=0)  # of this occasion
    claim = models.UUIDField(null=True)  # whose conversation it is
    claimed_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(_("da inviare dal"))
    queued_at = models.DateTimeField(_("in coda dal"))
    sent_at = models.DateTimeField(_("inviata il"), null=True)
    detail = models.TextField(_("che cosa si sa"), blank=True)

    class Meta:
        verbose_name = _("e-mail")
        verbose_name_plural = _("e-mail")
        ordering = ["-queued_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["document", "member"], condition=Q(kind="statement"), name="mail_one_per_document_and_recipient"
            ),
            models.CheckConstraint(
                name="mail_has_its_recipient",
                condition=Q(kind="statement", document__isnull=False, member__isnull=False, user__isnull=True)
                | Q(kind="reminders", document__isnull=True, member__isnull=True, user__isnull=False),
            ),
            models.CheckConstraint(
                name="mail_sending_is_claimed",
                condition=~Q(state="sending") | (Q(claim__isnull=False) & Q(claimed_at__isnull=False)),
            ),
            models.CheckConstraint(name="mail_sent_has_time", condition=~Q(state="sent") | Q(sent_at__isnull=False)),
        ]
        indexes = [models.Index(fields=["due_at"], condition=Q(state="queued"), name="mail_waiting")]

    def __str__(self) -> str:
        return self.key


class MailStep(models.Model):
    """What happened to a letter, when, and by whom. Written with the step itself; a trigger refuses to change or delete it."""

    message = models.ForeignKey(MailMessage, models.PROTECT, related_name="steps")
    at = models.DateTimeField(_("quando"))
    occasion = models.PositiveSmallIntegerField(_("invio numero"))
    to_state = models.CharField(_("stato"), max_length=10, choices=MailMessage.State.choices)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("persona"))
    detail = models.TextField(_("che cosa si sa"), blank=True)

    class Meta:
        verbose_name = _("passo di una e-mail")
        verbose_name_plural = _("passi delle e-mail")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.message_id} {self.to_state}"


class CommunityDelivery(models.Model):
    """How a community sends its statements. Without a row: a link, because a mailbox is no place for amounts and tax codes."""

    class Statements(models.TextChoices):
        LINK = "link", _("solo il collegamento al portale")
        ATTACH = "attach", _("con il PDF allegato")
        OFF = "off", _("nessuna e-mail")

    community = models.OneToOneField(Community, models.CASCADE, related_name="delivery", verbose_name=_("comunità"))
    statements = models.CharField(_("rendiconti per e-mail"), max_length=6, choices=Statements.choices, default=Statements.LINK)
    sends_since = models.DateTimeField(_("invia da"), null=True)  # what was issued while it was off is not sent by itself
    changed_at = models.DateTimeField(_("cambiato il"))
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("cambiato da")
    )

    class Meta:
        verbose_name = _("invio dei rendiconti")
        verbose_name_plural = _("invio dei rendiconti")

    def __str__(self) -> str:
        return f"{self.community} {self.statements}"


class MemberMailChoice(models.Model):
    """What a member decided in the portal. Without a row: letters, in Italian."""

    member = models.OneToOneField(Member, models.CASCADE, related_name="mail_choice", verbose_name=_("socio"))
    wants_statements = models.BooleanField(_("riceve i rendiconti per e-mail"), default=True)
    language = models.CharField(_("lingua"), max_length=2, choices=settings.LANGUAGES, default="it")
    changed_at = models.DateTimeField(_("cambiato il"))
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("cambiato da")
    )

    class Meta:
        verbose_name = _("scelta del socio")
        verbose_name_plural = _("scelte dei soci")

    def __str__(self) -> str:
        return str(self.member)
