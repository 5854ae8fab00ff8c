"""Partitions of the two hot tables: made ahead of time, dropped when retention says so.

Readings have one per month of `measured_at`, the journal one per day of `received_at`, both in UTC.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db import connection, transaction

READINGS, JOURNAL = "metering_reading", "metering_rawbatch"
MONTHS_AHEAD, DAYS_AHEAD = 2, 7
KEEP_MONTHS, KEEP_DAYS = 26, 90  # two settled years and the months of their corrections; a quarter of a year to replay
_LOCK = 0x5041
_COLUMN = {READINGS: "measured_at", JOURNAL: "received_at"}


@dataclass(frozen=True, slots=True)
class Partition:
    """Rows from `first` up to, not including, `after` (UTC days)."""

    table: str
    first: date
    after: date

    @property
    def name(self) -> str:
        form = "%Y%m" if self.table == READINGS else "%Y%m%d"
        return f"{self.table}_{self.first.strftime(form)}"


def keep_partitions(*, as_of: datetime) -> tuple[list[str], list[str]]:
    """Make what is missing and drop what is too old; returns the names of both. Idempotent, safe to run twice at once.

    A partition whose rows wait in the default one already (a timetable that stood still) takes them over.
    """
    today = as_of.astimezone(UTC).date()
    made, dropped = [], []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        existing = set(list_partitions())
        for partition in wanted_partitions(today):
            if partition.name not in existing:
                _make(partition)
                made.append(partition.name)
        for name in sorted(existing):
            if _is_too_old(name, today):
                cursor.execute(f"DROP TABLE {name}")
                dropped.append(name)
    return made, dropped


def readings_kept_from(as_of: datetime) -> datetime:
    """From when on readings are complete: a month after the oldest partition kept, so that what went before is there, too.

    Older quarters are history: a late reading cannot be judged without those that were dropped.
    """
    month = _months_after(as_of.astimezone(UTC).date().replace(day=1), 1 - KEEP_MONTHS)
    return datetime.combine(month, time(), UTC)


def wanted_partitions(today: date) -> Iterator[Partition]:
    """Yield the partitions that should exist for what arrives from yesterday on."""
    month = _months_after(today.replace(day=1), -1)
    for _ in range(MONTHS_AHEAD + 2):
        following = _months_after(month, 1)
        yield Partition(READINGS, month, following)
        month = following
    for offset in range(-1, DAYS_AHEAD + 1):
        day = today + timedelta(days=offset)
        yield Partition(JOURNAL, day, day + timedelta(days=1))


def list_partitions() -> list[str]:
    """Return the names of all dated partitions of both tables."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent::regclass::text = ANY(%s) ORDER BY 1",
            [[READINGS, JOURNAL]],
        )
        return [name for (name,) in cursor.fetchall() if not name.endswith("_default")]


def _make(partition: Partition) -> None:
    table, column = partition.table, _COLUMN[partition.table]
    bounds = [datetime.combine(day, time(), UTC) for day in (partition.first, partition.after)]
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {partition.name} (LIKE {table} INCLUDING ALL)")
        cursor.execute(f"LOCK TABLE {table}_default IN ACCESS EXCLUSIVE MODE")
        cursor.execute(
            f"WITH moved AS (DELETE FROM {table}_default WHERE {column} >= %s AND {column} < %s RETURNING *)"  # noqa: S608
            f" INSERT INTO {partition.name} SELECT * FROM moved",
            bounds,
        )
        cursor.execute(
            f"ALTER TABLE {table} ATTACH PARTITION {partition.name}"
            f" FOR VALUES FROM ('{bounds[0].isoformat()}') TO ('{bounds[1].isoformat()}')"
        )


def _is_too_old(name: str, today: date) -> bool:
    if found := re.fullmatch(rf"{READINGS}_(\d{{4}})(\d{{2}})", name):
        month = date(int(found[1]), int(found[2]), 1)
        return month < _months_after(today.replace(day=1), -KEEP_MONTHS)
    if found := re.fullmatch(rf"{JOURNAL}_(\d{{4}})(\d{{2}})(\d{{2}})", name):
        return date(int(found[1]), int(found[2]), int(found[3])) < today - timedelta(days=KEEP_DAYS)
    return False


def _months_after(month: date, months: int) -> date:
    index = month.year * 12 + month.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)
