"""The two tables that grow with every message: partitioned by the database, written by COPY, dropped partition by partition.

The default partitions take what no dated partition was made for (a device whose clock is years off, a timetable that stood still):
nothing is refused for want of a partition.
"""

from django.db import migrations

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
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
