"""Readings as Django would keep them unless told otherwise: a surrogate id, a foreign key with its index. Only for comparison.

A constraint says which readings are the same one, without which `ignore_conflicts` ignores nothing.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.db import connection, models

from apps.metering.models import RegisterSeries

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class DefaultReading(models.Model):
    series = models.ForeignKey(RegisterSeries, models.CASCADE, related_name="+")
    measured_at = models.DateTimeField()
    register_milliwh = models.BigIntegerField()
    received_at = models.DateTimeField()

    class Meta:
        app_label = "metering"
        db_table = "benchmark_reading"
        constraints = [
            models.UniqueConstraint(fields=["series", "measured_at", "register_milliwh"], name="benchmark_reading_once")
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.measured_at} {self.register_milliwh}"


def make_table() -> None:
    """Make the table, anew where it is there."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS benchmark_reading")
    with connection.schema_editor() as editor:
        editor.create_model(DefaultReading)


def drop_table() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS benchmark_reading")


def count() -> int:
    return DefaultReading._default_manager.count()


def holds(rows: int) -> bool:
    """Say whether so many rows are committed. The counter of the ids costs nothing to ask for, and runs ahead of the commit."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_value FROM benchmark_reading_id_seq")
        return int(cursor.fetchone()[0]) >= rows and count() >= rows


def store(rows: Iterable[tuple[int, int, int, int]]) -> None:
    """Store (series, measured µs, register, received µs), those that are known left out."""
    DefaultReading._default_manager.bulk_create(
        [
            DefaultReading(
                series_id=series,
                measured_at=_EPOCH + timedelta(microseconds=measured_us),
                register_milliwh=register,
                received_at=_EPOCH + timedelta(microseconds=received_us),
            )
            for series, measured_us, register, received_us in rows
        ],
        ignore_conflicts=True,
    )
