"""From registers to quarters: 10 000 series, a reading a minute, beside pandas, SQL's `lag()` and reading the columns once.

`quarters` computes a whole hour from every reading around it (900 000 of them); `quarters_sql` is the same beside a window over
the raw rows in PostgreSQL, with its answer fetched; `close_quarter` is what a worker does every quarter of an hour, from the
probes of one quarter. A peer whose quarters differ makes the benchmark void: SQL to the Wh, pandas by at most 1 Wh, for it
interpolates in binary fractions. Everything ours runs in a process of its own. Without DATABASE_URL the SQL row is left out.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, cast

import numpy as np

from apps.engine.intervals import QUARTER_US, Readings, Span, needed_probes, quarters_of

SERIES = 10_000
MINUTES = 90
ROUNDS = 3
REPEATS = 5
POWER_W = 6000
SPAN = Span(1_788_732_000_000_000, 4)
CLOSE_WITHIN_S = 0.1


def readings(seed: int) -> Readings:
    """A reading a minute, give or take, from a quarter of an hour before the span to as much after it."""
    random_ = np.random.default_rng(seed)
    start_us = SPAN.starts_us - 15 * 60 * 1_000_000
    at_us = start_us + np.arange(MINUTES) * 60_000_000 + random_.integers(0, 30_000_000, (SERIES, MINUTES))
    risen = random_.integers(
        0, POWER_W * 7, (SERIES, MINUTES)
    )  # at most half of what the connection carries in the shortest step
    register = random_.integers(0, 10**10, (SERIES, 1)) + risen.cumsum(axis=1)
    starts = np.arange(SERIES + 1) * MINUTES
    power = np.full(SERIES, POWER_W, np.int64)
    return Readings(starts, at_us.ravel(), at_us.ravel() + 500_000, register.ravel(), power)


def probes(given: Readings, span: Span) -> Readings:
    """What the index probes of one quarter find: the last reading up to each edge and the first from it on."""
    at_us = given.measured_us.reshape(SERIES, MINUTES)
    rows = []
    for edge_us in needed_probes(span).tolist():
        passed = (at_us <= edge_us).sum(axis=1)
        rows += [passed - 1, passed]
    chosen = (np.arange(SERIES)[:, None] * MINUTES + np.stack(rows, axis=1)).ravel()
    starts = np.arange(SERIES + 1) * len(rows)
    at, received, register = (column[chosen] for column in (given.measured_us, given.received_us, given.register_milliwh))
    return Readings(starts, at, received, register, given.connection_power_w)


# --- the contenders ---


def ours(given: Readings) -> list[list[int]]:
    return cast(list[list[int]], quarters_of(given, SPAN).values_wh.tolist())


def close(given: Readings) -> list[list[int]]:
    span = Span(SPAN.starts_us + QUARTER_US, 1)
    return cast(list[list[int]], quarters_of(given, span, from_probes=True).values_wh.tolist())


def columns_once(given: Readings) -> list[list[int]]:
    return [[int(column.sum()) for column in (given.measured_us, given.received_us, given.register_milliwh)]]


def pandas_groupby(table: Any) -> list[list[int]]:
    edges = needed_probes(SPAN)

    def of_one(rows: Any) -> Any:
        return np.diff(np.floor(np.interp(edges, rows["at_us"], rows["register_milliwh"]) / 1000 + 0.5))

    return [quarters.astype(int).tolist() for quarters in table.groupby("series", sort=True).apply(of_one)]


def _table(given: Readings) -> Any:
    import pandas as pd

    series = np.repeat(np.arange(SERIES), MINUTES)
    return pd.DataFrame({"series": series, "at_us": given.measured_us, "register_milliwh": given.register_milliwh})


def _quarter_probes(given: Readings) -> Readings:
    return probes(given, Span(SPAN.starts_us + QUARTER_US, 1))


PREPARATIONS: dict[str, Callable[[Readings], Any]] = {"close": _quarter_probes, "pandas_groupby": _table}
CONTENDERS: dict[str, Callable[[Any], list[list[int]]]] = {
    "ours": ours,
    "close": close,
    "columns_once": columns_once,
    "pandas_groupby": pandas_groupby,
}
LAG = """
WITH steps AS (
    SELECT series, at_us, register_milliwh AS register,
           lag(at_us) OVER one AS before_us, lag(register_milliwh) OVER one AS before
    FROM benchmark_readings WINDOW one AS (PARTITION BY series ORDER BY at_us)
), edges AS (
    SELECT series, edge_us,
           floor((before + (register - before)::numeric * (edge_us - before_us) / (at_us - before_us)) / 1000 + 0.5)::bigint AS wh
    FROM steps CROSS JOIN generate_series(%(first)s::bigint, %(last)s::bigint, %(quarter)s::bigint) AS edge_us
    WHERE edge_us > before_us AND edge_us <= at_us
)
SELECT series, wh - lag(wh) OVER (PARTITION BY series ORDER BY edge_us) FROM edges ORDER BY series, edge_us
"""


def _sql(given: Readings, rounds: int) -> tuple[list[float], list[list[int]]]:
    """Return the seconds of each round and the quarters, from PostgreSQL."""
    import psycopg

    series = np.repeat(np.arange(SERIES), MINUTES)
    rows = zip(series.tolist(), given.measured_us.tolist(), given.register_milliwh.tolist(), strict=True)
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection, connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE benchmark_readings"
            " (series int, at_us bigint, register_milliwh bigint, PRIMARY KEY (series, at_us))"
        )
        with cursor.copy("COPY benchmark_readings FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute("ANALYZE benchmark_readings")
        seconds = []
        for _ in range(rounds):
            start = time.perf_counter()
            cursor.execute(LAG, {"first": SPAN.starts_us, "last": SPAN.ends_us, "quarter": QUARTER_US}, binary=True)
            found = cursor.fetchall()
            seconds.append(time.perf_counter() - start)
    values = [wh for _, wh in found if wh is not None]
    return seconds, np.array(values).reshape(SERIES, SPAN.quarters).tolist()


def _child(contender: str, seed: int, answer_path: str) -> None:
    given: Any = readings(seed)
    given = PREPARATIONS.get(contender, lambda same: same)(given)
    times = []
    for _ in range(1 if contender == "pandas_groupby" else REPEATS):
        start = time.perf_counter()
        answer = CONTENDERS[contender](given)
        times.append(time.perf_counter() - start)
    Path(answer_path).write_text(json.dumps(answer))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"seconds": median(times), "peak": peak}))


def _measure(contender: str, seed: int, folder: Path) -> dict[str, Any]:
    path = folder / f"{contender}.json"
    command = [sys.executable, "-m", "tests.benchmarks.intervals", "--child", contender, str(seed), str(path)]
    seen: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return seen | {"answer": json.loads(path.read_text())}


def run(rounds: int = ROUNDS) -> list[dict[str, Any]]:
    """Return one row against pandas, one against SQL, one for closing a quarter."""
    seed = int(os.environ.get("SEED", "1"))
    seen: dict[str, list[dict[str, Any]]] = {name: [] for name in CONTENDERS}
    sql: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            for name in CONTENDERS:
                seen[name].append(_measure(name, seed, Path(folder)))
    answers = {name: np.array(rounds_[0]["answer"]) for name, rounds_ in seen.items()}
    if np.abs(answers["pandas_groupby"] - answers["ours"]).max() > 1 or (answers["close"][:, 0] != answers["ours"][:, 1]).any():
        raise AssertionError("the contenders find other quarters: the benchmark is void")
    if "DATABASE_URL" in os.environ:
        sql, found = _sql(readings(seed), rounds)
        if found != seen["ours"][0]["answer"]:
            raise AssertionError("SQL finds other quarters: the benchmark is void")
    seconds = {name: median(round_["seconds"] for round_ in rounds_) for name, rounds_ in seen.items()}
    peaks = {name: round(median(round_["peak"] for round_ in rounds_)) for name, rounds_ in seen.items()}
    what = f"s, {SERIES} series x {SPAN.quarters} quarters from {SERIES * MINUTES} readings"
    once = ("reading the three columns once", seconds["columns_once"])
    rows = [
        _row("quarters", what, seconds["ours"], ("pandas groupby and interp", seconds["pandas_groupby"]), once, peaks["ours"])
    ]
    if sql:
        rows.append(_row("quarters_sql", what, seconds["ours"], ("SQL window lag()", median(sql)), once, peaks["ours"]))
    closing = f"s, one quarter of {SERIES} series from their probes"
    full = ("the same from all readings of an hour", seconds["ours"])
    limit = ("a tenth of a second", CLOSE_WITHIN_S)
    rows.append(_row("close_quarter", closing, seconds["close"], full, limit, peaks["close"]))
    return rows


def _row(bench: str, unit: str, value: float, peer: tuple[str, float], limit: tuple[str, float], peak: int) -> dict[str, Any]:
    return {
        "bench": bench,
        "value": round(value, 4),
        "unit": unit,
        "peer": peer[0],
        "peer_value": round(peer[1], 4),
        "ratio_to_peer": round(peer[1] / value, 1),
        "limit": limit[0],
        "limit_value": round(limit[1], 4),
        "ratio_to_limit": round(value / limit[1], 2),
        "peak_rss_mb": peak,
    }


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        _child(sys.argv[2], int(sys.argv[3]), sys.argv[4])
    else:
        sys.stdout.write("".join(json.dumps(row) + "\n" for row in run()))
