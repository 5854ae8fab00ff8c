"""Many small configurations in one night: the whole task of each month, from rows to ledger, by one worker and by two.

Beside it the core alone on the same months in memory, and Django's row per interval through the ORM, on a few PODs, scaled. What
grows with the number of configurations is only the number of runs, so a hundred of them are measured and not a thousand.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.benchmarks.processes import median
from tests.benchmarks.settlement_database import ORM_PODS, load_community, load_intervals, measure

CONFIGURATIONS, PODS_EACH, ROUNDS = 100, 100, 3
MONTH = date(2023, 3, 1)


def run() -> Iterator[dict[str, Any]]:
    """One row."""
    count = int(os.environ.get("CONFIGURATIONS", CONFIGURATIONS))
    load_community("--pods", str(count * PODS_EACH), "--configurations", str(count), "--plants", str(4 * count))
    load_intervals()
    alone: list[float] = []
    shared: list[float] = []
    core: list[float] = []
    peaks: list[float] = []
    for _ in range(ROUNDS):
        for workers, seen in ((1, alone), (2, shared)):
            seconds, peak = _settle_all(workers)
            seen.append(seconds)
            peaks.append(peak)
        core.append(_core_alone())
    orm = measure("orm_rows")["seconds"] * count * PODS_EACH / ORM_PODS
    ours, limit = median(alone), median(core)
    yield {
        "bench": "many_configurations",
        "value": round(ours, 2),
        "unit": f"s, {count} configurations of {PODS_EACH} PODs x a month, settled and booked by one worker",
        "peer": f"Django ORM, a row per interval, one after the other, {ORM_PODS} PODs times {count * PODS_EACH // ORM_PODS}",
        "peer_value": round(orm, 1),
        "ratio_to_peer": round(orm / ours, 1),
        "limit": "the core alone on the same months",
        "limit_value": round(limit, 2),
        "ratio_to_limit": round(ours / limit, 2),
        "two_workers_value": round(median(shared), 2),
        "two_workers_ratio": round(ours / median(shared), 2),
        "peak_rss_mb": round(max(peaks)),
        "goal": ">= 50 x peer, <= 4 x limit, two workers >= 1.8 x one, <= 500 MB a worker",
    }


def _settle_all(workers: int) -> tuple[float, float]:
    """Open a run for every configuration and have processes settle them; the seconds, and the largest of their memories."""
    from apps.communities.models import Configuration
    from apps.settlement import operations

    as_of = datetime.now(UTC)
    runs = [
        operations.open_run(configuration=row, month=MONTH, kind="provisional", opened_by=None, as_of=as_of).pk
        for row in Configuration.objects.order_by("pk")
    ]
    command = [sys.executable, "-m", "tests.benchmarks.many_configurations"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    children: list[subprocess.Popen[str]] = [subprocess.Popen(command, **pipes) for _ in range(workers)]  # type: ignore[call-overload]
    for child in children:
        child.stdout.readline()  # type: ignore[union-attr]  # it is warm
    started = time.perf_counter()
    for number, child in enumerate(children):
        child.stdin.write(json.dumps(runs[number::workers]) + "\n")  # type: ignore[union-attr]
        child.stdin.flush()  # type: ignore[union-attr]
    answers = [json.loads(child.stdout.readline()) for child in children]  # type: ignore[union-attr]
    seconds = time.perf_counter() - started
    for child in children:
        child.communicate()
    if sum(answer["computed"] for answer in answers) != len(runs):
        raise RuntimeError("Not every run was computed: the benchmark is void.")
    return seconds, max(answer["peak"] for answer in answers)


def _core_alone() -> float:
    """Seconds of the pure computation over the inputs of every configuration, which are in memory already."""
    from apps.engine.settlement import settle
    from apps.settlement.inputs import get_month_inputs
    from apps.settlement.models import SettlementRun

    seconds = 0.0
    for run_id in SettlementRun.objects.filter(version=1).order_by("pk").values_list("pk", flat=True):
        inputs = get_month_inputs(run_id=run_id)
        started = time.perf_counter()
        settle(inputs)
        seconds += time.perf_counter() - started
    return seconds


def _worker() -> None:
    """Settle the runs named on standard input through the worker's own task."""
    import resource

    import django
    from django.conf import settings

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    with TemporaryDirectory() as directory:
        django.setup()
        settings.DATA_DIR = Path(directory)  # snapshots go there, secrets stay where they are
        from apps.settlement.models import SettlementRun
        from tasks.settlement import settle_month

        SettlementRun.objects.exists()
        print("warm", flush=True)
        runs = json.loads(sys.stdin.readline())
        for run_id in runs:
            settle_month.run(run_id)
        computed = SettlementRun.objects.filter(pk__in=runs, state=SettlementRun.State.COMPUTED).count()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"computed": computed, "peak": peak}), flush=True)


if __name__ == "__main__":
    _worker()
