"""Storing readings: our statement, beside `bulk_create(ignore_conflicts)` and beside bare COPY BINARY into the same table.

Ours does more than all of them: it refuses what is known, keeps the earliest arrival and marks what is to be closed. The pick is
`bulk_create` into the table that Django makes by default; into our lean one it is faster, and printed, too.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection, transaction

from tests.benchmarks import default_table
from tests.benchmarks.processes import median

READINGS, CHUNK, SERIES, ROUNDS = 100_000, 5_000, 1_000, 3
START_US = 1_772_452_800_000_000
_EPOCH_2000_US = 946_684_800_000_000
_ROW = np.dtype(
    [("count", ">i2")] + [(name, kind) for i in range(4) for name, kind in ((f"length{i}", ">i4"), (f"value{i}", ">i8"))]
)


def run() -> Iterator[dict[str, Any]]:
    """One row: readings a second."""
    _make_series()
    default_table.make_table()
    contenders = {"ours": _ours, "peer": _peer, "lean": _lean_peer, "limit": _limit}
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, contender in contenders.items():
            _forget()
            heard = _heard() if name == "ours" else []
            started = time.perf_counter()
            contender(heard)
            rates[name].append(READINGS / (time.perf_counter() - started))
            if _stored(name) != READINGS:
                raise RuntimeError(f"{name} stored {_stored(name)} of {READINGS} readings.")
    default_table.drop_table()
    ours, peer, lean, limit = (median(rates[name]) for name in contenders)
    yield {
        "bench": "store_readings",
        "value": round(ours),
        "unit": f"readings/s, {CHUNK} a transaction",
        "peer": "bulk_create(ignore_conflicts) into Django's default table",
        "peer_value": round(peer),
        "ratio_to_peer": round(ours / peer, 1),
        "lean_peer": "the same into our table",
        "lean_peer_value": round(lean),
        "ratio_to_lean_peer": round(ours / lean, 1),
        "limit": "COPY BINARY into the same table, nothing checked, nothing marked",
        "limit_value": round(limit),
        "ratio_to_limit": round(ours / limit, 2),
        "peak_rss_mb": None,
        "goal": ">= 5 x peer, >= 0.6 x limit",
    }


def _columns(first: int) -> tuple[Any, Any, Any, Any]:
    """Series, instants, registers and arrivals of a chunk: every series speaks once a minute."""
    numbers = np.arange(first, first + CHUNK, dtype=np.int64)
    measured_us = START_US + numbers // SERIES * 60_000_000
    return numbers % SERIES + 1, measured_us, numbers * 1000, measured_us + 1_000_000


def _heard() -> list[tuple[list[int], list[Any]]]:
    """What the parser hands over, chunk by chunk."""
    from apps.metering.ingest.hearing import Heard, Identity

    nobody, chunks = Identity(0, "", ""), []
    for first in range(0, READINGS, CHUNK):
        series, measured, registers, received = (column.tolist() for column in _columns(first))
        chunks.append((series, [Heard(nobody, "", "", *row) for row in zip(measured, registers, received, strict=True)]))
    return chunks


def _ours(heard: list[tuple[list[int], list[Any]]]) -> None:
    from apps.metering.ingest.writing import write_readings

    for series, readings in heard:
        with transaction.atomic():
            write_readings(series, readings)


def _peer(_heard: object) -> None:
    for first in range(0, READINGS, CHUNK):
        default_table.store(zip(*(column.tolist() for column in _columns(first)), strict=True))


def _lean_peer(_heard: object) -> None:
    from apps.metering.models import Reading

    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    for first in range(0, READINGS, CHUNK):
        series, measured, registers, received = (column.tolist() for column in _columns(first))
        Reading.objects.bulk_create(
            [
                Reading(
                    series_id=one,
                    measured_at=epoch + timedelta(microseconds=at),
                    register_milliwh=register,
                    received_at=epoch + timedelta(microseconds=arrival),
                )
                for one, at, register, arrival in zip(series, measured, registers, received, strict=True)
            ],
            ignore_conflicts=True,
        )


def _limit(_heard: object) -> None:
    for first in range(0, READINGS, CHUNK):
        series, measured, registers, received = _columns(first)
        rows = np.empty(CHUNK, _ROW)
        rows["count"] = 4
        for i, column in enumerate((series, measured - _EPOCH_2000_US, registers, received - _EPOCH_2000_US)):
            rows[f"length{i}"], rows[f"value{i}"] = 8, column
        with (
            transaction.atomic(),
            connection.cursor() as cursor,
            cursor.copy(
                "COPY metering_reading (series_id, measured_at, register_milliwh, received_at) FROM STDIN (FORMAT BINARY)"
            ) as copy,
        ):
            copy.write(b"PGCOPY\n\xff\r\n\0" + bytes(8) + rows.tobytes() + b"\xff\xff")


def _make_series() -> None:
    from apps.metering.models import Broker, Device, RegisterSeries

    broker = Broker.objects.create(name="store", host="localhost", client_id="store")
    device = Device.objects.create(broker=broker, vendor="x", key="x", first_seen_at=datetime(2026, 1, 1, tzinfo=UTC))
    RegisterSeries.objects.bulk_create(
        RegisterSeries(pk=number + 1, device=device, component=str(number), channel="import") for number in range(SERIES)
    )


def _forget() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE metering_reading, metering_quartermark, benchmark_reading")


def _stored(name: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {'benchmark_reading' if name == 'peer' else 'metering_reading'}")
        return int(cursor.fetchone()[0])
