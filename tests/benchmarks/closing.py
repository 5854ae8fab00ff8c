"""Closing a quarter of an hour of 10 000 devices, from rows to curves: marks, readings, curves and notes in the database.

Every device speaks once a minute and measures one POD. `close_database` is the worker's whole work for one quarter: every mark
listed, every reading around it loaded, curves and marks written, committed. Beside it what SQL alone would do for the same
quarters (`lag()` over the readings of the same hour, nothing written), summing the readings of that quarter once, and the least
that could be read: the two readings around both ends of the quarter. `phases` says where our time goes; every series is in order
here, so `first` is what the same costs where that is not known yet and everything is looked at in full.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

DEVICES, ROUNDS = 10_000, 4
HISTORY = timedelta(hours=2)
STARTS_AT = datetime(2026, 9, 7, 10, 0, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
CLOSE_WITHIN_S = 0.1
_SETUP = """
INSERT INTO metering_broker
    (id, name, host, port, tls, ca_certificate, username, password, client_id, topics, heartbeat_seconds, enabled)
VALUES (1, 'bench', 'localhost', 1883, false, '', '', '', 'bench', '{}', 300, true);
INSERT INTO metering_device (id, broker_id, vendor, key, label, serial, first_seen_at)
SELECT n, 1, 'shelly', 'bench-' || n, '', '', now() FROM generate_series(1, %(devices)s) n;
INSERT INTO metering_deviceassignment (device_id, component, pod_key, role, connection_power_w, starts_at)
SELECT n, '', 'IT001E' || lpad(n::text, 8, '0'), 'exchange', 6000, '2026-01-01' FROM generate_series(1, %(devices)s) n;
INSERT INTO metering_registerseries (id, device_id, component, channel)
SELECT n, n, 'em:0', 'import' FROM generate_series(1, %(devices)s) n;
"""
_ARRIVE = """
WITH stored AS (
    INSERT INTO metering_reading (series_id, measured_at, register_milliwh, received_at)
    SELECT n, at + (n %% 50) * interval '1 second', (extract(epoch FROM at)::bigint - 1788000000) * 500 + n,
        at + (n %% 50 + 1) * interval '1 second'
    FROM generate_series(%(from)s::timestamptz, %(to)s::timestamptz - interval '1 minute', interval '1 minute') at,
        generate_series(1, %(devices)s) n
    RETURNING series_id, measured_at
)
INSERT INTO metering_quartermark AS m (series_id, from_at, to_at, version)
SELECT series_id, min(measured_at), max(measured_at), 1 FROM stored GROUP BY 1
ON CONFLICT (series_id) DO UPDATE SET
    from_at = least(m.from_at, excluded.from_at), to_at = greatest(m.to_at, excluded.to_at), version = m.version + 1
"""
_LAG = """
WITH steps AS (
    SELECT series_id, measured_at AS at, register_milliwh AS register,
        lag(measured_at) OVER one AS before_at, lag(register_milliwh) OVER one AS before
    FROM metering_reading WHERE measured_at >= %(from)s::timestamptz - interval '1 hour' AND measured_at < %(to)s
    WINDOW one AS (PARTITION BY series_id ORDER BY measured_at)
), edges AS (
    SELECT series_id, edge,
        before + (register - before) * extract(epoch FROM edge - before_at) / extract(epoch FROM at - before_at) AS register
    FROM steps CROSS JOIN (VALUES (%(from)s::timestamptz), (%(to)s::timestamptz - interval '15 minutes')) AS e (edge)
    WHERE edge > before_at AND edge <= at
)
SELECT series_id, max(register) - min(register) FROM edges GROUP BY series_id
"""
_PROBES = """
SELECT array_agg(before.at), array_agg(before.register), array_agg(after.at), array_agg(after.register)
FROM generate_series(1, %(devices)s) AS s, (VALUES (%(from)s::timestamptz), (%(to)s::timestamptz)) AS e (edge),
LATERAL (
    SELECT measured_at AS at, register_milliwh AS register FROM metering_reading
    WHERE series_id = s AND measured_at <= edge AND measured_at > %(from)s::timestamptz - interval '1 day'
    ORDER BY measured_at DESC LIMIT 1
) AS before,
LATERAL (
    SELECT measured_at AS at, register_milliwh AS register FROM metering_reading
    WHERE series_id = s AND measured_at >= edge ORDER BY measured_at LIMIT 1
) AS after
"""
PHASES = {
    "marks": ("list_marks", "settle_marks", "settle_point_marks"),
    "readings": ("load_recent", "find_reach", "load_with_context"),
    "who measures what": ("list_targets",),
    "rules": ("compute_parts", "point_curves", "state_quarters", "note_recent", "note_seen"),
    "curves": ("store_curves", "remove_unknown"),
    "notes": ("replace_notes",),
}


class Phases:
    """The seconds that each part of a closing takes."""

    def __init__(self) -> None:
        from apps.metering import closing

        self.seconds: dict[str, float] = dict.fromkeys(PHASES, 0.0)
        for phase, names in PHASES.items():
            for name in names:
                setattr(closing, name, self._timed(phase, getattr(closing, name)))

    def _timed(self, phase: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*given: Any, **named: Any) -> Any:
            started = time.perf_counter()
            answer = function(*given, **named)
            self.seconds[phase] += time.perf_counter() - started
            return answer

        return timed

    def take(self) -> dict[str, float]:
        taken, self.seconds = self.seconds, dict.fromkeys(PHASES, 0.0)
        return taken


def run() -> Iterator[dict[str, Any]]:
    """One row."""
    import resource

    from django.db import connection

    from apps.metering.closing import close_quarters
    from apps.metering.models import DayCurve
    from apps.metering.partitions import keep_partitions

    devices = int(os.environ.get("DEVICES", DEVICES))
    keep_partitions(as_of=STARTS_AT)
    with connection.cursor() as cursor:
        for statement in _SETUP.split(";")[:-1]:
            cursor.execute(statement, {"devices": devices})

    def arrive(starts_at: datetime, ends_at: datetime) -> None:
        with connection.cursor() as cursor:
            cursor.execute(_ARRIVE, {"from": starts_at, "to": ends_at, "devices": devices})
            cursor.execute("ANALYZE metering_reading")
            cursor.execute("ANALYZE metering_quartermark")

    def close(as_of: datetime) -> int:
        last_series = quarters = 0
        while (closed := close_quarters(as_of=as_of, after_series=last_series)).series:
            last_series, quarters = closed.last_series, quarters + closed.quarters_changed
        return quarters

    arrive(STARTS_AT - HISTORY, STARTS_AT)
    close(STARTS_AT)
    seconds: dict[str, list[float]] = {"ours": [], "lag": [], "once": [], "probes": []}
    phases, taken = Phases(), []
    for round_ in range(ROUNDS):
        now = STARTS_AT + (round_ + 1) * QUARTER
        arrive(now - QUARTER + timedelta(minutes=2 if round_ else 0), now + timedelta(minutes=2))
        started = time.perf_counter()
        changed = close(now)
        seconds["ours"].append(time.perf_counter() - started)
        taken.append(phases.take())
        if changed < devices:
            raise AssertionError(f"{changed} quarters of {devices} devices were closed: the benchmark is void")
        with connection.cursor() as cursor:
            started = time.perf_counter()
            cursor.execute(_LAG, {"from": now - QUARTER, "to": now + QUARTER})
            cursor.fetchall()
            seconds["lag"].append(time.perf_counter() - started)
            started = time.perf_counter()
            cursor.execute(
                "SELECT count(*), sum(register_milliwh), max(received_at) FROM metering_reading WHERE measured_at >= %s",
                [now - QUARTER],
            )
            seconds["once"].append(time.perf_counter() - started)
            cursor.execute("SET jit TO off; SET enable_sort TO off; SET enable_bitmapscan TO off; SET enable_seqscan TO off")
            started = time.perf_counter()
            cursor.execute(_PROBES, {"from": now - QUARTER, "to": now, "devices": devices})
            cursor.fetchall()
            seconds["probes"].append(time.perf_counter() - started)
            cursor.execute("RESET jit; RESET enable_sort; RESET enable_bitmapscan; RESET enable_seqscan")
    sys.stderr.write(f"{DayCurve.objects.count()} curves, {seconds}\n")
    ours, lag, once, probes = (median(seconds[name][1:]) for name in ("ours", "lag", "once", "probes"))
    yield {
        "bench": "close_database",
        "value": round(ours, 3),
        "unit": f"s, one quarter of {devices} devices from readings to curves, goal {CLOSE_WITHIN_S} s",
        "peer": "SQL window lag() over the readings of an hour, nothing written",
        "peer_value": round(lag, 3),
        "ratio_to_peer": round(lag / ours, 1),
        "limit": "the readings of the quarter summed once in the database",
        "limit_value": round(once, 3),
        "ratio_to_limit": round(ours / once, 2),
        "two_probes_a_series_and_edge": round(probes, 3),
        "first": round(seconds["ours"][0], 3),
        "phases": {phase: round(median(one[phase] for one in taken[1:]), 3) for phase in PHASES},
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
