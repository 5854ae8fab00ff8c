"""Metering points (POD), dated by who holds them in which configuration, and the plants behind them."""

from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.communities.models.community import Community, Configuration
from apps.communities.models.member import Member
from apps.communities.models.validity import no_overlap

POD_PATTERN = r"^IT\d{3}E[0-9A-Z]{8}[0-9A-Z]?$"


class MeteringPoint(models.Model):
    """A POD for as long as one member holds it in one configuration. A change of holder is a new row.

    `pod` is what the distributor writes (14 or 15 characters), `pod_key` its first 14: what everything is compared on.
    """

    class Voltage(models.TextChoices):
        LOW = "BT", _("bassa tensione")
        MEDIUM = "MT", _("media tensione")
        HIGH = "AT", _("alta tensione")
        EXTRA_HIGH = "AAT", _("altissima tensione")

    pod = models.CharField(_("POD"), max_length=15, validators=[RegexValidator(POD_PATTERN, _("Formato: IT001E12345678."))])
    pod_key = models.CharField(max_length=14, editable=False, db_index=True)
    configuration = models.ForeignKey(
        Configuration, models.PROTECT, related_name="metering_points", verbose_name=_("configurazione")
    )
    member = models.ForeignKey(Member, models.PROTECT, related_name="metering_points", verbose_name=_("socio"))
    voltage = models.CharField(_("tensione"), max_length=3, choices=Voltage.choices, default=Voltage.LOW)
    valid_from = models.DateField(_("valido dal"))
    valid_to = models.DateField(_("valido fino al (escluso)"), null=True, blank=True)
    storage_efficiency = models.DecimalField(
        _("rendimento dell'accumulo"),
        max_digits=5,
        decimal_places=4,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(1))],
        help_text=_("Solo per il punto di un sistema di accumulo: rendimento medio di carica e scarica, fra 0 e 1."),
    )

    class Meta:
        verbose_name = _("punto di misura")
        verbose_name_plural = _("punti di misura")
        ordering = ["pod_key", "valid_from"]
        constraints = [
            models.CheckConstraint(
                name="point_ends_after_start", condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from"))
            ),
            models.CheckConstraint(name="point_key_is_pod_prefix", condition=Q(pod__startswith=F("pod_key"))),
            models.CheckConstraint(name="point_pod_grammar", condition=Q(pod__regex=POD_PATTERN)),
            no_overlap("point_in_one_configuration_at_a_time", "pod_key"),
        ]

    def __str__(self) -> str:
        return self.pod

    def save(self, *args: object, **kwargs: object) -> None:
        self.pod = self.pod.strip().upper()
        self.pod_key = self.pod[:14]
        super().save(*args, **kwargs)  # type: ignore[arg-type]


class Plant(models.Model):
    """One source behind one POD. `power_kw` decides the tariff class; for PV the lesser of modules and inverter."""

    class Source(models.TextChoices):
        PHOTOVOLTAIC = "photovoltaic", _("fotovoltaico")
        WIND = "wind", _("eolico")
        HYDRO = "hydro", _("idroelettrico")
        BIOGAS = "biogas", _("biogas")
        BIOMASS = "biomass", _("biomassa")
        OTHER = "other", _("altro")

    class Zone(models.TextChoices):
        NORD = "NORD", _("Nord")
        CNOR = "CNOR", _("Centro Nord")
        CSUD = "CSUD", _("Centro Sud")
        SUD = "SUD", _("Sud")
        CALA = "CALA", _("Calabria")
        SICI = "SICI", _("Sicilia")
        SARD = "SARD", _("Sardegna")

    community = models.ForeignKey(Community, models.PROTECT, related_name="plants", verbose_name=_("comunità"))
    code = models.CharField(_("codice"), max_length=40)
    pod_key = models.CharField(_("POD (14 caratteri)"), max_length=14, unique=True)
    source = models.CharField(_("fonte"), max_length=20, choices=Source.choices)
    power_kw = models.DecimalField(_("potenza (kW)"), max_digits=12, decimal_places=3)
    region = models.CharField(_("regione"), max_length=30)
    market_zone = models.CharField(_("zona di mercato"), max_length=4, choices=Zone.choices)
    entered_operation_on = models.DateField(_("entrata in esercizio"))
    grant_intensity = models.DecimalField(
        _("intensità del contributo in conto capitale (0..1)"), max_digits=7, decimal_places=6, default=Decimal(0)
    )
    obligation_power_kw = models.DecimalField(_("potenza d'obbligo (kW)"), max_digits=12, decimal_places=3, default=Decimal(0))
    in_building = models.BooleanField(_("nell'edificio o condominio del gruppo"), default=True)

    class Meta:
        verbose_name = _("impianto")
        verbose_name_plural = _("impianti")
        ordering = ["community", "entered_operation_on", "code"]
        constraints = [
            models.UniqueConstraint(fields=["community", "code"], name="plant_code_unique_in_community"),
            models.CheckConstraint(name="plant_power_positive", condition=Q(power_kw__gt=0)),
            models.CheckConstraint(
                name="plant_grant_between_0_and_1", condition=Q(grant_intensity__gte=0) & Q(grant_intensity__lte=1)
            ),
            models.CheckConstraint(
                name="plant_obligation_within_power",
                condition=Q(obligation_power_kw__gte=0) & Q(obligation_power_kw__lte=F("power_kw")),
            ),
        ]

    def __str__(self) -> str:
        return self.code
