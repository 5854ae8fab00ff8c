"""From MQTT to PostgreSQL: our listener and a worker, beside a Celery task per message, and a client that stores nothing.

Messages wait in the broker's persistent session before the clock starts, so that who publishes takes no time from who receives.
A run is void unless what was sent is what was stored. Latency is measured apart, with a steady stream: from the moment a message
is handed to the client that publishes it until its row is committed.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import urlsplit

from django.db import connection
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from tests.benchmarks.processes import median

MESSAGES, PEER_MESSAGES, DEVICES, ROUNDS = 120_000, 1_500, 1_000, 3
RATES, SECONDS = (1_111, 5_000), 15
OUTSTANDING = 20_000
TOPIC = "shelly/+/+/status/#"
WORKER = ["-m", "celery", "--app", "celery_app", "worker", "--queues", "ingest", "--concurrency", "1", "--loglevel", "WARNING"]


def run() -> Iterator[dict[str, Any]]:
    """One row for the rate, one for each latency."""
    ours = [_ours(number) for number in range(ROUNDS)]
    bare = [_bare(number) for number in range(ROUNDS)]
    peer = _peer()
    rate, limit = median([one["rate"] for one in ours]), median(bare)
    yield {
        "bench": "ingest",
        "value": round(rate),
        "unit": f"messages/s from MQTT to rows, {MESSAGES} messages of {DEVICES} devices, QoS 1, each exactly once",
        "peer": f"one Celery task per message, {PEER_MESSAGES} messages",
        "peer_value": round(peer),
        "ratio_to_peer": round(rate / peer, 1),
        "limit": "mosquitto_sub storing nothing" if shutil.which("mosquitto_sub") else "paho storing nothing",
        "limit_value": round(limit),
        "ratio_to_limit": round(rate / limit, 2),
        "peak_rss_mb": max(one["peak_rss_mb"] for one in ours),
        "goal": ">= 60 x peer, >= 0.6 x limit",
    }
    for per_second in RATES:
        yield _latency(per_second)


def _ours(number: int) -> dict[str, Any]:
    client_id = f"bench-{number}"
    broker_id = _broker(client_id)
    _forget()
    _subscribe(client_id)
    _publish(MESSAGES, first=number * MESSAGES)
    with ExitStack() as stack:
        worker = stack.enter_context(_running(*WORKER))
        time.sleep(4)  # the worker is there and warm
        listener = stack.enter_context(_running("manage.py", "listen_mqtt"))
        started = 0.0
        deadline = time.monotonic() + 120
        while (stored := _stored()) < MESSAGES:
            if stored and not started:
                started, first = time.monotonic(), stored
            if time.monotonic() > deadline:
                raise RuntimeError(f"{stored} of {MESSAGES} messages were stored after two minutes.")
            time.sleep(0.01)
        seconds = time.monotonic() - started
        if _readings() != 2 * MESSAGES:
            raise RuntimeError(f"{_readings()} readings were stored for {MESSAGES} messages of two registers each.")
        memory = max(_peak_mb(process.pid) for process in (worker, listener))
    _disable(broker_id)
    _leave(client_id)
    return {"rate": (MESSAGES - first) / seconds, "peak_rss_mb": memory}


def _bare(number: int) -> float:
    """Messages a second for a client that throws them away."""
    client_id = f"bare-{number}"
    _subscribe(client_id)
    _publish(MESSAGES, first=0)
    host, port = _address()
    started = time.monotonic()
    if shutil.which("mosquitto_sub"):
        command = ["mosquitto_sub", "-h", host, "-p", str(port), "-c", "-i", client_id, "-q", "1", "-t", TOPIC]
        subprocess.run([*command, "-C", str(MESSAGES)], stdout=subprocess.DEVNULL, check=True)
        seconds = time.monotonic() - started
        _leave(client_id)
        return MESSAGES / seconds
    client = Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=False)
    got = 0

    def on_message(*_: object) -> None:
        nonlocal got
        got += 1

    client.on_message = on_message
    client.connect(host, port)
    while got < MESSAGES:
        client.loop(0.1)
    seconds = time.monotonic() - started
    client.disconnect()
    _leave(client_id)
    return MESSAGES / seconds


def _peer() -> float:
    broker_id = _broker("bench-peer")
    _disable(broker_id)
    _forget()
    _subscribe("bench-peer")
    _publish(PEER_MESSAGES, first=0)
    host, port = _address()
    app = ["-m", "celery", "--app", "tests.benchmarks.ingest_peer", "worker", "--queues", "peer", "--concurrency", "1"]
    with ExitStack() as stack:
        stack.enter_context(_running(*app, "--loglevel", "WARNING"))
        time.sleep(4)
        stack.enter_context(_running("-m", "tests.benchmarks.ingest_peer", host, str(port), "bench-peer", TOPIC, str(broker_id)))
        started = time.monotonic()
        while _readings() < 2 * PEER_MESSAGES:
            if time.monotonic() - started > 120:
                raise RuntimeError("The peer did not store its messages in two minutes.")
            time.sleep(0.02)
        seconds = time.monotonic() - started
    _leave("bench-peer")
    return PEER_MESSAGES / seconds


def _latency(per_second: int) -> dict[str, Any]:
    broker_id = _broker(f"bench-latency-{per_second}")
    _forget()
    count = per_second * SECONDS
    sent: list[float] = []
    seen: list[float] = []
    with ExitStack() as stack:
        stack.enter_context(_running(*WORKER))
        stack.enter_context(_running("manage.py", "listen_mqtt"))
        time.sleep(6)
        client = _connected("bench-publisher")
        started = time.monotonic()
        next_look = started
        while len(seen) < count:
            now = time.monotonic()
            due = min(count, int((now - started) * per_second) + 1)
            while len(sent) < due:
                sent.append(time.monotonic())
                client.publish(*_message(len(sent)), qos=1)
            if now >= next_look:
                stored = _stored()
                seen += [time.monotonic()] * (stored - len(seen))
                next_look = now + 0.005
            if now - started > SECONDS + 60:
                raise RuntimeError(f"{len(seen)} of {count} messages were stored a minute after the last was sent.")
            time.sleep(0.0005)
        client.loop_stop()
    _disable(broker_id)
    _leave(f"bench-latency-{per_second}")
    waits = sorted(at - handed for at, handed in zip(seen, sent, strict=True))
    return {
        "bench": f"ingest_latency_{per_second}_per_s",
        "value": round(waits[int(0.95 * count)] * 1000),
        "unit": f"ms from publishing to the committed row, 95th percentile of {count}",
        "median": round(waits[count // 2] * 1000),
        "worst": round(waits[-1] * 1000),
        "goal": "< 100 ms at 1 000/s; the promise is 2 000 ms at 1 111/s",
    }


def _message(number: int) -> tuple[str, bytes]:
    device, turn = number % DEVICES, number // DEVICES
    topic = f"shelly/IT001E{device:08d}/em{device}/status/em1data:0"
    return topic, b'{"id":0,"total_act_energy":%d.25,"total_act_ret_energy":%d.5}' % (number, turn)


def _publish(count: int, *, first: int) -> None:
    client = _connected("bench-publisher")
    for number in range(first, first + count):
        client.publish(*_message(number), qos=1)
        while len(client._out_messages) > OUTSTANDING:  # there are 65 535 packet identifiers, and paho uses them twice
            time.sleep(0.001)
    while client._out_messages:  # acknowledged by the broker, all of them
        time.sleep(0.02)
    client.loop_stop()
    client.disconnect()


def _connected(client_id: str) -> Client:
    client = Client(CallbackAPIVersion.VERSION2, client_id=client_id)
    client.max_inflight_messages_set(2_000)
    client.connect(*_address())
    client.loop_start()
    return client


def _subscribe(client_id: str) -> None:
    """Open a persistent session, and leave it."""
    client = Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=False)
    done: list[bool] = []

    def on_connect(*_: Any) -> None:
        client.subscribe(TOPIC, qos=1)

    def on_subscribe(*_: Any) -> None:
        done.append(True)

    client.on_connect = on_connect
    client.on_subscribe = on_subscribe
    client.connect(*_address())
    while not done:
        client.loop(0.05)
    client.disconnect()
    client.loop(0.05)


def _leave(client_id: str) -> None:
    """End a persistent session: a broker that goes on queueing for somebody who is gone has less time for the others."""
    client = Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=True)
    client.connect(*_address())
    while not client.is_connected():
        client.loop(0.05)
    client.disconnect()
    client.loop(0.05)


@contextmanager
def _running(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, *arguments], start_new_session=True, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _broker(client_id: str) -> int:
    from apps.metering.models import Broker

    host, port = _address()
    row = Broker(name=client_id, host=host, port=port, client_id=client_id, topics=[TOPIC])
    row.save()
    return row.pk


def _disable(broker_id: int) -> None:
    from apps.metering.models import Broker

    Broker.objects.filter(pk=broker_id).update(enabled=False)


def _forget() -> None:
    tables = "metering_rawbatch, metering_reading, metering_quartermark, metering_devicestate"
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {tables} CASCADE")


def _stored() -> int:
    return _number("SELECT coalesce(sum(messages), 0) FROM metering_rawbatch")


def _readings() -> int:
    return _number("SELECT count(*) FROM metering_reading")


def _number(query: str, values: Sequence[Any] = ()) -> int:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return int(cursor.fetchone()[0])


def _peak_mb(pid: int) -> int:
    """The largest resident set among a process and its children, as the kernel remembers it."""
    peaks = [0]
    for one in [pid, *_children(pid)]:
        with open(f"/proc/{one}/status") as status:
            peaks += [int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM")]
    return max(peaks)


def _children(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children") as children:
        return [int(child) for child in children.read().split()]


def _address() -> tuple[str, int]:
    parts = urlsplit(os.environ["MQTT_URL"])
    return parts.hostname or "localhost", parts.port or 1883
