"""Register readings and the days whose curves they touch."""

from django.db import models


class Reading(models.Model):
    """One value of one cumulative register at one instant, in thousandths of a Wh.

    Partitioned by month of `measured_at`; the key makes a repeated message harmless. No foreign key: the hot table.
    """

    pk = models.CompositePrimaryKey("device_id", "register", "measured_at")
    device_id = models.BigIntegerField()
    register = models.CharField(max_length=24)
    measured_at = models.DateTimeField()
    received_at = models.DateTimeField()
    value_milliwh = models.BigIntegerField()

    class Meta:
        managed = False
        db_table = "metering_reading"

    def __str__(self) -> str:
        return f"{self.device_id} {self.register} {self.measured_at}"


class QuarterMark(models.Model):
    """A local day of a device whose curve must be made (again) because readings of it arrived."""

    pk = models.CompositePrimaryKey("device_id", "day")
    device_id = models.BigIntegerField()
    day = models.DateField()
    marked_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["marked_at"], name="quarter_mark_by_age")]

    def __str__(self) -> str:
        return f"{self.device_id} {self.day}"
