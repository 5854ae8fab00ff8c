"""What the benchmarks of the ingest share: the messages, sessions at the broker, processes, and what is stored."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection

from tests.benchmarks import mqtt_wire

DEVICES = 1_000
TOPIC = "shelly/+/+/status/#"
WORKER = ["-m", "celery", "--app", "celery_app", "worker", "--queues", "ingest", "--concurrency", "1", "--loglevel", "WARNING"]


def messages(count: int, *, first: int = 0) -> list[bytes]:
    """Packets to be published: two registers of a device each, no two alike."""
    return [mqtt_wire.publish(number, *_message(number)) for number in range(first, first + count)]


def _message(number: int) -> tuple[str, bytes]:
    device, turn = number % DEVICES, number // DEVICES
    topic = f"shelly/IT001E{device:08d}/em{device}/status/em1data:0"
    return topic, b'{"id":0,"total_act_energy":%d.25,"total_act_ret_energy":%d.5}' % (number, turn)


def open_session(client_id: str) -> None:
    """Open a persistent session, and leave it: from now on the broker keeps messages for it."""
    mqtt_wire.converse(mqtt_wire.address(), client_id, [mqtt_wire.subscribe(TOPIC)], clean=False)


def end_session(client_id: str) -> None:
    """End a persistent session: a broker that goes on queueing for somebody who is gone has less time for the others."""
    mqtt_wire.converse(mqtt_wire.address(), client_id, [], clean=True)


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
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


@contextmanager
def broker(client_id: str, *, enabled: bool = True) -> Iterator[int]:
    """A broker that our listener listens to under a client identifier, its session, and tables with nothing in them."""
    from apps.metering.models import Broker

    host, port = mqtt_wire.address()
    row = Broker(name=client_id, host=host, port=port, client_id=client_id, topics=[TOPIC], enabled=enabled)
    row.save()
    _forget()
    open_session(client_id)
    try:
        yield row.pk
    finally:
        Broker.objects.filter(pk=row.pk).update(enabled=False)
        end_session(client_id)


def _forget() -> None:
    from redis import Redis

    from apps.metering.raw import GROUP, STREAM

    tables = "metering_rawbatch, metering_reading, metering_quartermark, metering_devicestate"
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {tables} CASCADE")
    redis: Any = Redis.from_url(os.environ["REDIS_URL"], protocol=2)
    redis.delete(STREAM, "ingest", "peer")
    redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)


def stored() -> int:
    """How many messages stand in the journal."""
    return number("SELECT coalesce(sum(messages), 0) FROM metering_rawbatch")


def readings() -> int:
    return number("SELECT count(*) FROM metering_reading")


def number(query: str, values: Sequence[Any] = ()) -> int:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return int(cursor.fetchone()[0])


def peak_mb(pid: int) -> int:
    """The largest resident set among a process and its children, as the kernel remembers it."""
    peaks = [0]
    for one in [pid, *_children(pid)]:
        with open(f"/proc/{one}/status") as status:
            peaks += [int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM")]
    return max(peaks)


def _children(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children") as children:
        return [int(child) for child in children.read().split()]
