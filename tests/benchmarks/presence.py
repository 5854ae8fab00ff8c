"""One look at 100 000 devices, each bound to a POD: who is silent, and which alerts open and close.

`presence_quiet` is the look that is made every half minute while nothing changes, of devices that all talk; on stderr devices
that all are silent, all fall silent at once behind their broker, or all by themselves. Beside it what reading every state through
the ORM and judging it would take, and one scan of the states.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

DEVICES, ROUNDS = 100_000, 5
NOON = datetime(2026, 9, 7, 10, 0, tzinfo=UTC)
WITHIN_S = 1.0
_SETUP = """
INSERT INTO metering_broker (
    id, name, host, port, tls, ca_certificate, username, password, client_id, topics, heartbeat_seconds, enabled
)
VALUES (1, 'bench', 'localhost', 1883, false, '', '', '', 'bench', '{}', 300, true);
INSERT INTO metering_device (id, broker_id, vendor, key, label, serial, first_seen_at)
SELECT n, 1, 'shelly', 'bench-' || n, '', '', now() FROM generate_series(1, %(devices)s) n;
INSERT INTO metering_deviceassignment (device_id, component, pod_key, role, connection_power_w, starts_at)
SELECT n, '', 'IT001E' || lpad(n::text, 8, '0'), 'exchange', 6000, '2026-01-01' FROM generate_series(1, %(devices)s) n;
INSERT INTO metering_devicestate (device_id, presence, presence_since, last_received_at, last_measured_at, messages)
SELECT n, 'online', %(at)s::timestamptz - interval '1 day', %(at)s::timestamptz - n %% 300 * interval '1 second', %(at)s, 1
FROM generate_series(1, %(devices)s) n;
ANALYZE metering_device; ANALYZE metering_deviceassignment; ANALYZE metering_devicestate;
"""


def run() -> Iterator[dict[str, Any]]:
    """One row; the other conditions on stderr."""
    import resource

    from django.db import connection

    from apps.engine.presence import BrokerFact, DeviceFact, Presence, judge
    from apps.metering.models import Alert, DeviceFlip, DeviceState
    from apps.metering.presence import detect_offline

    devices = int(os.environ.get("DEVICES", DEVICES))
    with connection.cursor() as cursor:
        for statement in _SETUP.split(";")[:-1]:
            cursor.execute(statement, {"devices": devices, "at": NOON})

    def look(minutes: float, *, up: bool = True, flips: int = 0) -> float:
        as_of = NOON + timedelta(minutes=minutes)
        seconds, made = _timed(lambda: detect_offline(as_of=as_of, brokers={1: BrokerFact(up)}))
        if len(made) != flips:
            raise AssertionError(f"{len(made)} devices changed instead of {flips}: the benchmark is void")
        return seconds

    def read_everything() -> None:
        timeout = timedelta(minutes=5)
        for state in DeviceState.objects.select_related("device__broker").iterator():
            fact = DeviceFact(timeout, BrokerFact(True), Presence(state.presence), state.presence_since, state.last_received_at)
            judge(fact, as_of=NOON, dark_since=None)

    def scan() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM metering_devicestate WHERE last_received_at < %s", [NOON])

    ours = median(look(n / 2) for n in range(ROUNDS))
    peer, limit = median(_timed(read_everything)[0] for _ in range(3)), median(_timed(scan)[0] for _ in range(ROUNDS))
    others = {"behind their broker": look(30, up=False, flips=devices), "still": median(look(31 + n, up=False) for n in range(3))}
    DeviceState.objects.update(presence="online", presence_since=NOON)
    others |= {"all fall silent": look(60, flips=devices), "all alerts open": look(76)}
    others["all silent, nothing new"] = median(look(77 + n) for n in range(3))
    sys.stderr.write(f"{DeviceFlip.objects.count()} flips, {Alert.objects.count()} alerts, seconds {others}\n")
    yield {
        "bench": "presence_quiet",
        "value": round(ours, 3),
        "unit": f"s, one look at {devices} bound devices that talk, goal {WITHIN_S} s",
        "ok": ours < WITHIN_S,
        "peer": "every state read through the ORM and judged",
        "peer_value": round(peer, 3),
        "ratio_to_peer": round(peer / ours, 1),
        "limit": "one scan of the states",
        "limit_value": round(limit, 4),
        "ratio_to_limit": round(ours / limit, 1),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def _timed(call: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    answer = call()
    return time.perf_counter() - started, answer
