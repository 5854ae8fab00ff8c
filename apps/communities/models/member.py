"""Members of a community and the periods of their membership."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.encryption import EncryptedTextField
from apps.communities.models.community import Community
from apps.communities.models.validity import no_overlap


class Member(models.Model):
    """A person or organisation that belongs to a community. `kind` decides exemptions and the excess."""

    class Kind(models.TextChoices):
        HOUSEHOLD = "household", _("persona fisica")
        SME = "sme", _("piccola o media impresa")
        LARGE_ENTERPRISE = "large_enterprise", _("grande impresa")
        LOCAL_AUTHORITY = "local_authority", _("ente territoriale o autorità locale")
        RELIGIOUS_BODY = "religious_body", _("ente religioso")
        THIRD_SECTOR = "third_sector", _("ente del terzo settore")
        ENVIRONMENTAL_BODY = "environmental_body", _("ente di protezione ambientale")
        RESEARCH_BODY = "research_body", _("ente di ricerca o formazione")
        OTHER = "other", _("altro")

    class LegalType(models.TextChoices):
        PERSON = "person", _("persona fisica")
        ORGANISATION = "organisation", _("persona giuridica")

    community = models.ForeignKey(Community, models.PROTECT, related_name="members", verbose_name=_("comunità"))
    code = models.CharField(_("codice"), max_length=40)
    name = models.CharField(_("nome o ragione sociale"), max_length=200)
    kind = models.CharField(_("tipo"), max_length=20, choices=Kind.choices)
    tax_code = EncryptedTextField(_("codice fiscale o partita IVA"), blank=True)
    iban = EncryptedTextField(_("IBAN"), blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    # What GSE's list of members asks besides; nobody else does, so all of it may be empty.
    legal_type = models.CharField(_("tipologia giuridica"), max_length=12, choices=LegalType.choices, blank=True)
    legal_form = models.CharField(_("forma giuridica"), max_length=60, blank=True)
    subject_type = models.CharField(_("tipologia di soggetto"), max_length=100, blank=True)
    local_authority_type = models.CharField(_("sottotipologia di amministrazione locale (ISTAT)"), max_length=100, blank=True)
    is_professional_partnership = models.BooleanField(_("studio associato o società di professionisti"), default=False)
    first_name = models.CharField(_("nome di battesimo"), max_length=100, blank=True)
    last_name = models.CharField(_("cognome"), max_length=100, blank=True)
    vat_number = EncryptedTextField(_("partita IVA"), blank=True)
    ateco = models.CharField(_("codice ATECO"), max_length=8, blank=True)
    business_name = models.CharField(_("ragione sociale o nome della ditta"), max_length=200, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="memberships",
        verbose_name=_("utente del portale"),
    )

    class Meta:
        verbose_name = _("socio")
        verbose_name_plural = _("soci")
        ordering = ["community", "code"]
        constraints = [models.UniqueConstraint(fields=["community", "code"], name="member_code_unique_in_community")]

    def __str__(self) -> str:
        return f"{self.code} · {self.name}"


class Membership(models.Model):
    """A period in which the member belongs to the community: `joined_on` inclusive, `left_on` exclusive."""

    member = models.ForeignKey(Member, models.CASCADE, related_name="periods", verbose_name=_("socio"))
    joined_on = models.DateField(_("entrato il"))
    left_on = models.DateField(_("uscito il"), null=True, blank=True)

    class Meta:
        verbose_name = _("periodo di adesione")
        verbose_name_plural = _("periodi di adesione")
        ordering = ["member", "joined_on"]
        constraints = [
            models.CheckConstraint(
                name="membership_ends_after_start", condition=Q(left_on__isnull=True) | Q(left_on__gt=F("joined_on"))
            ),
            no_overlap("memberships_do_not_overlap", "member", starts="joined_on", ends="left_on"),
        ]

    def __str__(self) -> str:
        return f"{self.member} {self.joined_on:%d/%m/%Y}"
