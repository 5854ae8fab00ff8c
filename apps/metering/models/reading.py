"""Register readings, and the stretches of time whose quarters are to be closed."""

from django.db import models

from apps.metering.models.device import RegisterSeries


class Reading(models.Model):
    """One value of one register at one instant, in thousandths of a Wh.

    Partitioned by month of `measured_at`. The key holds the value too, so that of two values at one instant both stay and the
    rules choose. `received_at` is the earliest arrival, whatever the order. No foreign key: the hot table.
    """

    pk = models.CompositePrimaryKey("series_id", "measured_at", "register_milliwh")
    series_id = models.BigIntegerField()
    measured_at = models.DateTimeField()
    register_milliwh = models.BigIntegerField()
    received_at = models.DateTimeField()

    class Meta:
        db_table = "metering_reading"

    def __str__(self) -> str:
        return f"{self.series_id} {self.measured_at} {self.register_milliwh}"


class QuarterMark(models.Model):
    """Readings of a series that came in since its quarters were closed last: from the first to the last of them.

    `version` changes with every addition, so that who closes removes only what he has seen. `orderly_…` is what the last closing
    knows of the readings up to `orderly_at` (`metering.orderly`); worth nothing where `from_at` is not later.
    """

    series = models.OneToOneField(RegisterSeries, models.CASCADE, primary_key=True, related_name="mark")
    from_at = models.DateTimeField()
    to_at = models.DateTimeField()
    version = models.BigIntegerField(default=1)
    orderly_at = models.DateTimeField(null=True)
    orderly_before_at = models.DateTimeField(null=True)
    orderly_power_w = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(name="mark_in_order", condition=models.Q(from_at__lte=models.F("to_at")))]

    def __str__(self) -> str:
        return f"{self.series_id} {self.from_at} {self.to_at}"


class PointMark(models.Model):
    """A point whose devices changed: its curves are to be computed again over a stretch, also where nobody measures it now."""

    pod_key = models.CharField(max_length=14, primary_key=True)
    from_at = models.DateTimeField()
    to_at = models.DateTimeField()
    version = models.BigIntegerField(default=1)

    class Meta:
        constraints = [models.CheckConstraint(name="point_mark_in_order", condition=models.Q(from_at__lte=models.F("to_at")))]

    def __str__(self) -> str:
        return f"{self.pod_key} {self.from_at} {self.to_at}"
