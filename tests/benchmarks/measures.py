"""Measures in and out: a month of CSV into the database, and a month of curves out of it into one matrix.

Contenders take turns, each in a process of its own. Import: ours (the command as a user calls it, Django's start included), the
limit (pyarrow's CSV reader over the same file, nothing stored) and what one would write first (pandas and `bulk_create`, a row
per interval, on some of the rows, scaled). Loading: ours, the limit (the same rows by `COPY … BINARY`, thrown away) and a loop
over the ORM that unpacks curve by curve. `PODS=n` for another size than ten thousand PODs.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from tests.benchmarks.processes import timed

PODS, ROUNDS, SEED = 10_000, 3, 3
MONTH = date(2023, 3, 1)
PANDAS_ROWS = 150_000
CODE = "BENCH-MEASURES"


def run() -> Iterator[dict[str, Any]]:
    """Three rows: import of a month, import of the same file again, a month as a matrix."""
    pods = int(os.environ.get("PODS", PODS))
    with TemporaryDirectory(prefix="cercollettiva-bench-") as name:
        directory = Path(name)
        rows = _write_files(directory, pods)
        _register(directory)
        try:
            yield from _run_import(directory / "measures.csv", rows, pods)
            yield from run_loading()
        finally:
            _clean()


def _run_import(path: Path, rows: int, pods: int) -> Iterator[dict[str, Any]]:
    seen: dict[str, list[float]] = defaultdict(list)
    peaks: list[float] = []
    for _ in range(ROUNDS):
        _forget()
        for contender in ("ours", "again"):
            ours = timed([sys.executable, "manage.py", "import_measures", str(path), "--json"])
            answer = json.loads(ours.output)
            done = answer["new" if contender == "ours" else "unchanged"]
            if (answer["read"], done, answer["pods"]) != (rows, rows, pods):
                raise RuntimeError(f"{rows} rows were sent and {done} are accounted for: the benchmark is void.")
            seen[contender].append(ours.wall_s)
            peaks.append(ours.peak_rss_mb)
        seen["pyarrow"].append(timed([sys.executable, "-m", "tests.benchmarks.measures", "pyarrow", str(path)]).wall_s)
        pandas = timed([sys.executable, "-m", "tests.benchmarks.measures", "pandas", str(path)])
        seen["pandas"].append(json.loads(pandas.output)["seconds"] * rows / PANDAS_ROWS)
    seconds = {contender: median(walls) for contender, walls in seen.items()}
    for contender, bench in (("ours", "measures_import"), ("again", "measures_import_again")):
        yield {
            "bench": bench,
            "value": round(seconds[contender], 2),
            "unit": f"s, {rows} rows ({pods} PODs x a month), {path.stat().st_size >> 20} MB",
            "peer": f"pandas read_csv and bulk_create, {PANDAS_ROWS} rows, scaled",
            "peer_value": round(seconds["pandas"], 1),
            "ratio_to_peer": round(seconds["pandas"] / seconds[contender], 1),
            "limit": "pyarrow's CSV reader over the same file",
            "limit_value": round(seconds["pyarrow"], 2),
            "ratio_to_limit": round(seconds[contender] / seconds["pyarrow"], 2),
            "peak_rss_mb": round(max(peaks)),
            "goal": "peer >= 20x, limit <= 3x, <= 1024 MB",
        }


def run_loading() -> Iterator[dict[str, Any]]:
    """One row: the withdrawals of all PODs that have curves, as one matrix."""
    seen: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for _ in range(ROUNDS):
        for contender in ("month", "copy", "orm"):
            done = subprocess.run(
                [sys.executable, "-m", "tests.benchmarks.measures", contender], capture_output=True, text=True, check=True
            )
            seen[contender].append(json.loads(done.stdout))
    curves = {row["curves"] for rows in seen.values() for row in rows}
    if len(curves) != 1 or 0 in curves:
        raise RuntimeError(f"The contenders read {curves} curves: the benchmark is void.")
    if len({row["wh"] for name in ("month", "orm") for row in seen[name]}) != 1:
        raise RuntimeError("The matrix and the ORM disagree on the energy: the benchmark is void.")
    seconds = {contender: median(row["seconds"] for row in rows) for contender, rows in seen.items()}
    yield {
        "bench": "measures_loading",
        "value": round(seconds["month"], 3),
        "unit": f"s, {curves.pop()} curves into one matrix",
        "peer": "Django ORM, curve by curve",
        "peer_value": round(seconds["orm"], 2),
        "ratio_to_peer": round(seconds["orm"] / seconds["month"], 1),
        "limit": "COPY BINARY of the same rows, thrown away",
        "limit_value": round(seconds["copy"], 3),
        "ratio_to_limit": round(seconds["month"] / seconds["copy"], 2),
        "peak_rss_mb": round(max(row["peak"] for row in seen["month"])),
    }


# the contenders


def pyarrow(path: str) -> dict[str, float]:
    from pyarrow import csv

    table = csv.read_csv(path, parse_options=csv.ParseOptions(delimiter=";"))
    return {"rows": table.num_rows}


def pandas(path: str) -> dict[str, float]:
    """Read some rows and store a row per interval, as Django's tutorial would."""
    import pandas as pd
    from django.db import connection, models

    class Interval(models.Model):  # noqa: DJ008 - lives for one measurement
        pod = models.CharField(max_length=15)
        starts_at = models.DateTimeField()
        injected_kwh = models.DecimalField(max_digits=12, decimal_places=3, null=True)
        withdrawn_kwh = models.DecimalField(max_digits=12, decimal_places=3, null=True)

        class Meta:
            app_label = "metering"
            db_table = "bench_measures_interval"
            constraints = [models.UniqueConstraint(fields=["pod", "starts_at"], name="bench_measures_once")]

    with connection.schema_editor() as editor:
        editor.create_model(Interval)
    try:
        started = time.perf_counter()
        frame = pd.read_csv(path, sep=";", nrows=PANDAS_ROWS, dtype={"injected_kwh": str, "withdrawn_kwh": str})
        frame["starts_at"] = pd.to_datetime(frame["starts_at"], utc=True)
        Interval._default_manager.bulk_create(
            [
                Interval(pod=row.pod, starts_at=row.starts_at, injected_kwh=row.injected_kwh, withdrawn_kwh=row.withdrawn_kwh)
                for row in frame.itertuples()
            ],
            batch_size=5000,
        )
        return {"seconds": time.perf_counter() - started}
    finally:
        with connection.schema_editor() as editor:
            editor.delete_model(Interval)


def month() -> dict[str, float]:
    """Ours."""
    from apps.metering.models import Channel
    from apps.metering.queries import get_month_curves

    keys, curves = _what_to_load()
    started = time.perf_counter()
    matrix = get_month_curves(keys, Channel.WITHDRAWN, MONTH.year, MONTH.month)
    return {"seconds": time.perf_counter() - started, "curves": curves, "wh": int(matrix.values.sum(dtype="int64"))}


def copy() -> dict[str, float]:
    from django.db import connection

    _keys, curves = _what_to_load()
    connection.ensure_connection()
    started = time.perf_counter()
    query = "COPY (SELECT * FROM metering_daycurve WHERE channel = 1) TO STDOUT (FORMAT BINARY)"
    with connection.connection.cursor() as cursor, cursor.copy(query) as blocks:
        size = sum(len(block) for block in blocks)
    return {"seconds": time.perf_counter() - started, "curves": curves, "bytes": size}


def orm() -> dict[str, float]:
    """A model per curve, unpacked one by one."""
    import numpy as np

    from apps.engine.calendar import day_slots, hours_in_month
    from apps.metering.models import Channel, DayCurve

    keys, curves = _what_to_load()
    started = time.perf_counter()
    rows = {key: row for row, key in enumerate(keys)}
    matrix = np.zeros((len(keys), 4 * hours_in_month(MONTH.year, MONTH.month)), np.int32)
    for curve in DayCurve.objects.filter(channel=Channel.WITHDRAWN):
        if curve.values:
            matrix[rows[curve.pod_key], day_slots(curve.day)] = np.frombuffer(curve.values, "<i4")
    return {"seconds": time.perf_counter() - started, "curves": curves, "wh": int(matrix.sum(dtype=np.int64))}


def _what_to_load() -> tuple[list[str], int]:
    from apps.metering.models import Channel, DayCurve

    of_channel = DayCurve.objects.filter(channel=Channel.WITHDRAWN)
    return sorted(of_channel.values_list("pod_key", flat=True).distinct()), of_channel.count()


# before and after


def _write_files(directory: Path, pods: int) -> int:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "fixtures.random_community", "--pods", str(pods), "--month", f"{MONTH:%Y-%m}"),
            *("--seed", str(SEED), "--out", str(directory)),
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    return int(done.stdout.split("measures.csv with ")[1].split()[0])


def _register(directory: Path) -> None:
    """Register the PODs of the file that are not registered yet: other benchmarks may have left theirs."""
    from apps.communities.models import Community, Configuration, Member, MeteringPoint

    records = json.loads((directory / "community.json").read_text(encoding="utf-8"))
    known = set(MeteringPoint.objects.values_list("pod_key", flat=True))
    pods = {point["pod"][:14]: point["pod"] for point in records["metering_points"]}
    community = Community.objects.create(code=CODE, name=CODE, tax_code="12345678903")
    configuration = Configuration.objects.create(
        community=community, code=CODE, kind="cer", primary_substation="AC001E00001", starts_on=MONTH
    )
    member = Member.objects.create(community=community, code="M1", name="Bench", kind="household")
    MeteringPoint.objects.bulk_create(
        [
            MeteringPoint(pod=pod, pod_key=key, configuration=configuration, member=member, valid_from=MONTH)
            for key, pod in pods.items()
            if key not in known
        ],
        batch_size=2000,
    )


def _forget() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE metering_daycurve")


def _clean() -> None:
    from apps.communities.models import Community, Configuration, Member, MeteringPoint

    _forget()
    MeteringPoint.objects.filter(configuration__code=CODE).delete()
    Member.objects.filter(community__code=CODE).delete()
    Configuration.objects.filter(code=CODE).delete()
    Community.objects.filter(code=CODE).delete()


CONTENDERS: dict[str, Callable[..., dict[str, float]]] = {
    "pyarrow": pyarrow,
    "pandas": pandas,
    "month": month,
    "copy": copy,
    "orm": orm,
}


def _child(contender: str, *arguments: str) -> None:
    if contender != "pyarrow":
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
        import django

        django.setup()
    answer = CONTENDERS[contender](*arguments)
    answer["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    _child(*sys.argv[1:])
