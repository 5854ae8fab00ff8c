"""The community (the legal person), its configurations and who works for it."""

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.encryption import EncryptedTextField
from apps.communities.models.validity import no_overlap

POSTCODE = RegexValidator(r"^[0-9]{5}$", _("Il CAP ha cinque cifre."))
PROVINCE = RegexValidator(r"^[A-Z]{2}$", _("La provincia è una sigla di due lettere maiuscole, come CN."))


class Community(models.Model):
    """A *comunità energetica rinnovabile*: the legal person that receives and splits the money, and issues invoices.

    `address` is one line for statements; invoices want street, postcode, town and province apart, and a VAT number for the tax
    office's file.
    """

    class TaxRegime(models.TextChoices):
        ORDINARY = "RF01", _("RF01 ordinario")
        CASH_PUBLIC = "RF16", _("RF16 IVA per cassa P.A.")
        CASH = "RF17", _("RF17 IVA per cassa")
        OTHER = "RF18", _("RF18 altro")
        FLAT = "RF19", _("RF19 forfettario")

    code = models.CharField(_("codice"), max_length=40, unique=True)
    name = models.CharField(_("nome"), max_length=200)
    tax_code = models.CharField(_("codice fiscale"), max_length=16)
    iban = EncryptedTextField(_("IBAN"), blank=True)
    legal_form = models.CharField(_("forma giuridica"), max_length=60, blank=True)
    address = models.CharField(_("indirizzo"), max_length=300, blank=True)
    contact_email = models.EmailField(_("e-mail di contatto"), blank=True)
    vat_number = models.CharField(_("partita IVA"), max_length=11, blank=True)
    tax_regime = models.CharField(_("regime fiscale"), max_length=4, choices=TaxRegime.choices, default=TaxRegime.ORDINARY)
    street = models.CharField(_("via e numero civico"), max_length=60, blank=True)
    postcode = models.CharField(_("CAP"), max_length=5, blank=True, validators=[POSTCODE])
    town = models.CharField(_("comune"), max_length=60, blank=True)
    province = models.CharField(_("provincia"), max_length=2, blank=True, validators=[PROVINCE])
    pec = models.EmailField(_("PEC"), blank=True)
    phone = models.CharField(_("telefono"), max_length=30, blank=True)
    logo = models.BinaryField(_("logo (PNG o JPEG)"), blank=True, default=bytes)

    class Meta:
        verbose_name = _("comunità")
        verbose_name_plural = _("comunità")
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class Role(models.Model):
    """What a person may do for one community in the backoffice. Superusers may do everything everywhere."""

    class Kind(models.TextChoices):
        ADMINISTRATOR = "administrator", _("amministratore")
        ACCOUNTANT = "accountant", _("contabile")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="roles", verbose_name=_("utente"))
    community = models.ForeignKey(Community, models.CASCADE, related_name="roles", verbose_name=_("comunità"))
    kind = models.CharField(_("ruolo"), max_length=20, choices=Kind.choices)

    class Meta:
        verbose_name = _("ruolo")
        verbose_name_plural = _("ruoli")
        constraints = [models.UniqueConstraint(fields=["user", "community"], name="role_one_per_community")]

    def __str__(self) -> str:
        return f"{self.user} · {self.community}"


class Configuration(models.Model):
    """The points of one community under one primary substation: one GSE contract, the unit of settlement (RO p.16)."""

    class Kind(models.TextChoices):
        CER = "cer", _("comunità energetica rinnovabile")
        GROUP = "group", _("gruppo di autoconsumatori")
        REMOTE = "remote_self_consumer", _("autoconsumatore individuale a distanza")

    community = models.ForeignKey(Community, models.PROTECT, related_name="configurations", verbose_name=_("comunità"))
    code = models.CharField(_("codice"), max_length=40, unique=True)
    kind = models.CharField(_("tipo"), max_length=24, choices=Kind.choices)
    primary_substation = models.CharField(
        _("cabina primaria"), max_length=11, validators=[RegexValidator(r"^AC\d{3}E\d{5}$", _("Formato: AC001E00001."))]
    )
    starts_on = models.DateField(_("attiva dal"))
    ends_on = models.DateField(_("attiva fino al (escluso)"), null=True, blank=True)

    class Meta:
        verbose_name = _("configurazione")
        verbose_name_plural = _("configurazioni")
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                name="configuration_ends_after_start", condition=Q(ends_on__isnull=True) | Q(ends_on__gt=F("starts_on"))
            )
        ]

    def __str__(self) -> str:
        return self.code


class DistributionRule(models.Model):
    """How the money of a configuration is divided, from the month of `valid_from` on (settlement-rules 7).

    `table` is the object `distribution` of community.json, checked by `communities.operations`; numbers are strings.
    """

    configuration = models.ForeignKey(
        Configuration, models.PROTECT, related_name="distribution_rules", verbose_name=_("configurazione")
    )
    valid_from = models.DateField(_("valida dal"))
    valid_to = models.DateField(_("valida fino al (escluso)"), null=True, blank=True)
    table = models.JSONField(_("regola"))

    class Meta:
        verbose_name = _("regola di riparto")
        verbose_name_plural = _("regole di riparto")
        ordering = ["configuration", "valid_from"]
        constraints = [
            models.CheckConstraint(
                name="distribution_ends_after_start", condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from"))
            ),
            no_overlap("distribution_rules_do_not_overlap", "configuration"),
        ]

    def __str__(self) -> str:
        return f"{self.configuration} {self.valid_from:%d/%m/%Y}"
