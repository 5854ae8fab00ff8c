"""The two tables that grow with every message: partitioned by the database, written by COPY, dropped partition by partition.

The default partitions take what no dated partition was made for (a device whose clock is years off, a timetable that stood still):
nothing is refused for want of a partition.
"""

from django.db import migrations, models

FORWARD = """
CREATE TABLE metering_reading (
    series_id bigint NOT NULL,
    measured_at timestamptz NOT NULL,
    register_milliwh bigint NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (series_id, measured_at, register_milliwh)
) PARTITION BY RANGE (measured_at);
CREATE TABLE metering_reading_default PARTITION OF metering_reading DEFAULT;

CREATE TABLE metering_rawbatch (
    received_at timestamptz NOT NULL,
    batch varchar(100) NOT NULL,
    broker_id bigint NOT NULL,
    messages integer NOT NULL CHECK (messages > 0),
    content bytea NOT NULL,
    PRIMARY KEY (received_at, batch)
) PARTITION BY RANGE (received_at);
CREATE TABLE metering_rawbatch_default PARTITION OF metering_rawbatch DEFAULT;
ALTER TABLE metering_rawbatch ALTER COLUMN content SET STORAGE EXTERNAL;
"""
BACKWARD = "DROP TABLE metering_reading; DROP TABLE metering_rawbatch;"


class Migration(migrations.Migration):
    dependencies = [("metering", "0004_devices")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(FORWARD, BACKWARD)],
            state_operations=[
                migrations.CreateModel(
                    name="RawBatch",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "received_at", "batch", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("received_at", models.DateTimeField()),
                        ("batch", models.CharField(max_length=100)),
                        ("broker_id", models.BigIntegerField()),
                        ("messages", models.PositiveIntegerField()),
                        ("content", models.BinaryField()),
                    ],
                    options={
                        "db_table": "metering_rawbatch",
                    },
                ),
                migrations.CreateModel(
                    name="Reading",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "series_id",
                                "measured_at",
                                "register_milliwh",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("series_id", models.BigIntegerField()),
                        ("measured_at", models.DateTimeField()),
                        ("register_milliwh", models.BigIntegerField()),
                        ("received_at", models.DateTimeField()),
                    ],
                    options={
                        "db_table": "metering_reading",
                    },
                ),
            ],
        )
    ]
