"""Devices, what they are bound to and when, and how they are now."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Coalesce, Upper
from django.utils.translation import gettext_lazy as _

from apps.metering.models.broker import Broker

_LEVEL_THAT_IS_A_POD = "(?:^|/)(IT[0-9]{3}E[0-9A-Z]{8})[0-9A-Z]?(?:/|$)"


class Device(models.Model):
    """A thing that publishes. (`vendor`, `key`) is its identity at its broker, as the topic says, the same for ever.

    `named_pod` is the POD that the identity names in one of its levels, empty for none: only what the topic claims.
    """

    broker = models.ForeignKey(Broker, models.PROTECT, related_name="devices", verbose_name=_("broker"))
    vendor = models.CharField(_("costruttore"), max_length=40)
    key = models.CharField(_("identità"), max_length=512)
    label = models.CharField(_("etichetta"), max_length=200, blank=True)
    serial = models.CharField(_("numero di serie"), max_length=100, blank=True)
    heartbeat_seconds = models.PositiveIntegerField(_("intervallo di vita (s)"), null=True, blank=True)
    first_seen_at = models.DateTimeField(_("visto la prima volta"))
    named_pod = models.GeneratedField(
        expression=Coalesce(Func(Upper("key"), Value(_LEVEL_THAT_IS_A_POD), function="SUBSTRING"), Value("")),
        output_field=models.CharField(max_length=14),
        db_persist=True,
    )

    class Meta:
        verbose_name = _("dispositivo")
        verbose_name_plural = _("dispositivi")
        ordering = ["key"]
        indexes = [models.Index(fields=["named_pod"], name="device_named_pod", condition=~Q(named_pod=""))]
        constraints = [models.UniqueConstraint(fields=["broker", "vendor", "key"], name="device_one_per_broker_vendor_and_key")]

    def __str__(self) -> str:
        return self.label or self.key


class DeviceAssignment(models.Model):
    """What a device measures for a while: a POD in a role. Replacing or moving a device closes one row and opens another.

    `component` names one meter inside the device ("em1:0"); empty means all of them together.
    """

    class Role(models.TextChoices):
        EXCHANGE = "exchange", _("scambio (M1)")
        PRODUCTION = "production", _("produzione (M2)")
        CONSUMPTION = "consumption", _("consumo")

    device = models.ForeignKey(Device, models.PROTECT, related_name="assignments", verbose_name=_("dispositivo"))
    component = models.CharField(_("componente"), max_length=512, blank=True)
    pod_key = models.CharField(_("POD"), max_length=14, db_index=True)
    role = models.CharField(_("ruolo"), max_length=12, choices=Role.choices, default=Role.EXCHANGE)
    connection_power_w = models.PositiveIntegerField(_("potenza della connessione (W)"), default=3300)
    starts_at = models.DateTimeField(_("dal"))
    ends_at = models.DateTimeField(_("fino al (escluso)"), null=True, blank=True)

    class Meta:
        verbose_name = _("assegnazione")
        verbose_name_plural = _("assegnazioni")
        ordering = ["device", "starts_at"]
        constraints = [
            models.CheckConstraint(
                name="assignment_ends_after_start", condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at"))
            ),
            ExclusionConstraint(
                name="device_measures_one_thing_at_a_time",
                expressions=[
                    (
                        Func("starts_at", "ends_at", Value("[)"), function="TSTZRANGE", output_field=DateTimeRangeField()),
                        RangeOperators.OVERLAPS,
                    ),
                    ("device", RangeOperators.EQUAL),
                    ("component", RangeOperators.EQUAL),
                ],
            ),
            ExclusionConstraint(
                name="pod_and_role_measured_by_one_device_at_a_time",
                expressions=[
                    (
                        Func("starts_at", "ends_at", Value("[)"), function="TSTZRANGE", output_field=DateTimeRangeField()),
                        RangeOperators.OVERLAPS,
                    ),
                    ("pod_key", RangeOperators.EQUAL),
                    ("role", RangeOperators.EQUAL),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.device} → {self.pod_key}"


class RegisterSeries(models.Model):
    """One cumulative register of a device: a component and a channel. Its readings make quarters of an hour."""

    class Counts(models.TextChoices):
        IMPORT = "import", _("prelevata")
        EXPORT = "export", _("immessa")
        PRODUCTION = "production", _("prodotta")

    device = models.ForeignKey(Device, models.PROTECT, related_name="series", verbose_name=_("dispositivo"))
    component = models.CharField(_("componente"), max_length=512, blank=True)
    channel = models.CharField(_("che cosa conta"), max_length=10, choices=Counts.choices)
    doubt_from = models.DateTimeField(null=True)  # the first change of unit ever seen: from there on all is read together

    class Meta:
        verbose_name = _("registro")
        verbose_name_plural = _("registri")
        ordering = ["device", "component", "channel"]
        constraints = [
            models.UniqueConstraint(fields=["device", "component", "channel"], name="series_one_per_component_and_channel")
        ]

    def __str__(self) -> str:
        return f"{self.device} {self.component} {self.channel}"


class DeviceState(models.Model):
    """How a device is now. Moves forward only: an older message never overwrites a newer one."""

    class Presence(models.TextChoices):
        UNKNOWN = "unknown", _("da verificare")
        ONLINE = "online", _("in linea")
        OFFLINE = "offline", _("muto")
        ASLEEP = "asleep", _("di notte")
        BROKER_DOWN = "broker_down", _("broker irraggiungibile")
        CLOCK_WRONG = "clock_wrong", _("orologio sbagliato")

    device = models.OneToOneField(Device, models.CASCADE, primary_key=True, related_name="state")
    presence = models.CharField(_("presenza"), max_length=12, choices=Presence.choices, default=Presence.UNKNOWN)
    presence_since = models.DateTimeField(_("dal"), null=True)
    last_received_at = models.DateTimeField(_("ultimo messaggio"), null=True)
    last_measured_at = models.DateTimeField(_("ultima misura"), null=True)
    last_will_online = models.BooleanField(null=True)
    clock_wrong_at = models.DateTimeField(_("ultimo orario impossibile"), null=True)
    will_at = models.DateTimeField(null=True)  # when the last will or its opposite was received
    power_w = models.IntegerField(_("potenza (W)"), null=True)
    power_at = models.DateTimeField(null=True)
    messages = models.BigIntegerField(_("messaggi"), default=0)

    class Meta:
        verbose_name = _("stato del dispositivo")
        verbose_name_plural = _("stati dei dispositivi")

    def __str__(self) -> str:
        return f"{self.device} {self.presence}"


class Sensor(models.Model):
    """A sensor that a datalogger or gateway told about: its last three readings and the extremes ever seen (JSON by quantity)."""

    device = models.ForeignKey(Device, models.CASCADE, related_name="sensors", verbose_name=_("dispositivo"))
    name = models.CharField(_("nome"), max_length=200)
    label = models.CharField(_("etichetta"), max_length=200, blank=True)
    last_three = models.JSONField(default=list)
    extremes = models.JSONField(default=dict)
    first_seen_at = models.DateTimeField()
    last_measured_at = models.DateTimeField()

    class Meta:
        verbose_name = _("sensore")
        verbose_name_plural = _("sensori")
        ordering = ["device", "name"]
        constraints = [models.UniqueConstraint(fields=["device", "name"], name="sensor_one_per_device_and_name")]

    def __str__(self) -> str:
        return self.label or self.name
