"""The same settlement from PostgreSQL, results and ledger written back, beside the ORM and the bytes that must be read anyway.

Contenders take turns, each in a process of its own: ours (gather, hash, settle, book), the limit (the same rows by one
`COPY … BINARY`, then the core alone; and then the same results back by `COPY … BINARY` into the same tables) and what Django
invites to: a row per interval through the ORM, on a few PODs, scaled.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

PODS, PLANTS, ROUNDS, SEED = 10_000, 40, 3, 1
ORM_PODS = 20
MONTH = date(2023, 3, 1)


def run() -> Iterator[dict[str, Any]]:
    """One row for the run of 10 000 PODs."""
    pods = int(os.environ.get("PODS", PODS))
    load_community("--pods", str(pods), "--plants", str(PLANTS))
    load_intervals()
    seen: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for _ in range(ROUNDS):
        for contender in CONTENDERS:
            seen[contender].append(measure(contender))
    seconds = {contender: median(row["seconds"] for row in rows) for contender, rows in seen.items()}
    orm = seconds["orm_rows"] * pods / ORM_PODS
    ours = seconds["ours"]
    limits = [row["steps"] for row in seen["copy_and_core"]]
    limit = median(row["read"] + row["core"] for row in limits)
    yield {
        "bench": "settlement_database",
        "value": round(ours, 2),
        "unit": f"s, {pods} PODs x a month, from rows to ledger",
        "peer": f"Django ORM, a row per interval, {ORM_PODS} PODs times {pods // ORM_PODS}",
        "peer_value": round(orm, 1),
        "ratio_to_peer": round(orm / ours, 1),
        "limit": "COPY BINARY of the same rows, then the core",
        "limit_value": round(limit, 2),
        "ratio_to_limit": round(ours / limit, 2),
        "limit_with_writing": "the same, then COPY BINARY of the results and the ledger into the same tables, and commit",
        "limit_with_writing_value": round(seconds["copy_and_core"], 2),
        "ratio_to_limit_with_writing": round(ours / seconds["copy_and_core"], 2),
        "peak_rss_mb": round(max(row["peak"] for row in seen["ours"])),
        "steps_s": {name: round(median(row["steps"][name] for row in seen["ours"]), 2) for name in seen["ours"][0]["steps"]},
        "limit_steps_s": {name: round(median(row[name] for row in limits), 2) for name in limits[0]},
    }


def ours() -> dict[str, float]:
    """Gather, hash, settle, book; the seconds of each step."""
    from apps.communities.models import Configuration
    from apps.engine.digest import inputs_sha256, result_sha256
    from apps.engine.settlement import settle
    from apps.settlement import operations
    from apps.settlement.inputs import get_month_inputs

    as_of = datetime.now(UTC)
    steps = {}
    run = operations.open_run(
        configuration=Configuration.objects.get(), month=MONTH, kind="provisional", opened_by=None, as_of=as_of
    )
    operations.claim_run(run_id=run.pk, as_of=as_of)
    started = time.perf_counter()
    inputs = get_month_inputs(run_id=run.pk)
    steps["gather"] = time.perf_counter() - started
    started = time.perf_counter()
    result = settle(inputs)
    steps["settle"] = time.perf_counter() - started
    started = time.perf_counter()
    hashes = {"inputs_sha256": inputs_sha256(inputs), "result_sha256": result_sha256(result)}
    steps["hash"] = time.perf_counter() - started
    started = time.perf_counter()
    operations.record_result(
        run_id=run.pk, inputs=inputs, result=result, snapshot_path="none", code_version="bench", as_of=as_of, **hashes
    )
    steps["book"] = time.perf_counter() - started
    return steps


def copy_and_core() -> dict[str, float]:
    """Read the bytes of the curves once, settle inputs of the same size that are in memory already (not counted), write back."""
    from django.db import connection

    from apps.engine.settlement import settle
    from tests.engine.large_community import large_inputs

    inputs = large_inputs(int(os.environ.get("PODS", PODS)), PLANTS, SEED)
    connection.ensure_connection()
    started = time.perf_counter()
    with connection.connection.cursor() as cursor, cursor.copy("COPY metering_daycurve TO STDOUT (FORMAT BINARY)") as copy:
        size = sum(len(block) for block in copy)
    read = time.perf_counter() - started
    started = time.perf_counter()
    settle(inputs)
    if not size:
        raise RuntimeError("There are no curves to read: the benchmark is void.")
    return {"read": read, "core": time.perf_counter() - started, "write": copy_back()}


def copy_back() -> float:
    """Seconds to write the rows of the run that ours booked last once more, as another run, by nothing but COPY and a commit."""
    from django.db import connection, transaction

    from apps.settlement import booking, operations
    from apps.settlement.models import ContributionTotal, LedgerEntry, MemberResult, PointResult, SettlementRun

    as_of = datetime.now(UTC)
    booked = SettlementRun.objects.filter(state="computed").latest("pk")
    run = operations.open_run(configuration=booked.configuration, month=MONTH, kind="provisional", opened_by=None, as_of=as_of)
    tables = []
    for model, columns in (
        (ContributionTotal, ["run_id", "contribution", "amount_cents"]),
        (LedgerEntry, booking.LEDGER_COLUMNS),
        (MemberResult, booking.MEMBER_COLUMNS),
        (PointResult, list(booking.POINT_COLUMNS)),
    ):
        table, names = model._meta.db_table, ", ".join(f'"{name}"' for name in columns[1:])
        query = f"COPY (SELECT %s::bigint, {names} FROM {table} WHERE run_id = %s) TO STDOUT (FORMAT BINARY)"
        with connection.connection.cursor() as cursor, cursor.copy(query, [run.pk, booked.pk]) as copy:
            tables.append((f"COPY {table} (run_id, {names}) FROM STDIN (FORMAT BINARY)", b"".join(copy)))
    started = time.perf_counter()
    with transaction.atomic():
        for statement, content in tables:
            with connection.connection.cursor() as cursor, cursor.copy(statement) as copy:
                copy.write(content)
    seconds = time.perf_counter() - started
    operations.fail_run(run_id=run.pk, reason="It belongs to the limit.")
    return seconds


def orm_rows() -> dict[str, float]:
    """A row per interval, read through the ORM and summed per member, as Django's tutorial would."""
    from django.db import models

    class Interval(models.Model):  # noqa: DJ008 - lives for one measurement
        pod = models.CharField(max_length=14)
        starts_at = models.DateTimeField()
        withdrawn_kwh = models.DecimalField(max_digits=12, decimal_places=3)

        class Meta:
            app_label = "metering"
            managed = False
            db_table = "bench_interval"

    started = time.perf_counter()
    hours: dict[datetime, Any] = defaultdict(int)
    members: dict[str, Any] = defaultdict(int)
    rows = list(Interval._default_manager.all())
    for row in rows:
        hours[row.starts_at.replace(minute=0)] += row.withdrawn_kwh
    for row in rows:
        members[row.pod] += row.withdrawn_kwh * min(hours[row.starts_at.replace(minute=0)], 1)
    return {"rows": time.perf_counter() - started}


CONTENDERS: dict[str, Callable[[], dict[str, float]]] = {
    "ours": ours,
    "copy_and_core": copy_and_core,
    "orm_rows": orm_rows,
}


def measure(contender: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.settlement_database", contender], capture_output=True, text=True, check=True
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def load_community(*arguments: str) -> None:
    """Import the random community that these arguments of `fixtures.random_community` describe."""
    from django.core.management import call_command

    with TemporaryDirectory() as name:
        subprocess.run(
            [
                *(sys.executable, "-m", "fixtures.random_community", *arguments),
                *("--month", f"{MONTH:%Y-%m}", "--seed", str(SEED), "--out", name),
            ],
            check=True,
            capture_output=True,
        )
        for command, file in (
            ("import_community", "community.json"),
            ("import_prices", "prices.csv"),
            ("import_measures", "measures.csv"),
        ):
            call_command(command, str(Path(name) / file), stdout=sys.stderr)


def load_intervals() -> None:
    """The rows of the ORM's contender."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE bench_interval"
            " (id bigserial primary key, pod text, starts_at timestamptz, withdrawn_kwh numeric(12, 3))"
        )
        cursor.execute(
            """INSERT INTO bench_interval (pod, starts_at, withdrawn_kwh)
               SELECT 'IT001E' || lpad(p::text, 8, '0'), t, 0.123
               FROM generate_series(1, %s) p,
                    generate_series('2023-02-28 23:00Z'::timestamptz, '2023-03-31 21:45Z'::timestamptz, interval '15 min') t""",
            [ORM_PODS],
        )
        cursor.execute("ANALYZE")


def _child(contender: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    import django

    django.setup()
    steps = CONTENDERS[contender]()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"seconds": sum(steps.values()), "steps": steps, "peak": peak}))


if __name__ == "__main__":
    _child(sys.argv[1])
