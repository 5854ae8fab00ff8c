"""Says in Redis how the listener is doing and wakes the workers: a thread of its own, because neither may ever delay a message.

All of it may be lost. A status expires by itself, and who misses one wake-up gets another within a second.
"""

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from celery import Celery
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from apps.listener.stream import TIMEOUT_SECONDS, connect_redis
from apps.metering.broker_status import EXPIRES_SECONDS
from apps.metering.raw import DRAINING, STREAM

log = logging.getLogger(__name__)
TASK, QUEUE = "ingest.drain", "ingest"
BEAT_SECONDS = 0.1  # also the shortest time between two wake-ups
LOOK_SECONDS = 1.0  # between two looks whether something was left in the stream
WAITING_WAKES = 4  # so many messages in the workers' queue are enough: more would only pile up while no worker runs
Hashes = Mapping[str, Mapping[str, str | int]]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Key -> fields of the statuses, as they were at one turn of the loop."""

    hashes: Hashes


class Herald(threading.Thread):
    """The loop hands over snapshots and says when it has stored something; everything else happens here, in its own time."""

    def __init__(self, redis_url: str, celery: Celery) -> None:
        super().__init__(name="herald", daemon=True)
        self.wakes = 0
        self.last_error = ""
        self._redis = connect_redis(redis_url)
        self._celery = celery
        # made before the thread begins: Celery reads its settings and imports its transport when they are first asked for
        self._queue_connection = self._make_queue_connection()
        self._stored = threading.Event()
        self._ends = threading.Event()
        self._snapshot: Snapshot | None = None
        self._looked_at = 0.0

    def tell(self, hashes: Hashes) -> None:
        """Have these statuses written; a newer one replaces one that is not written yet."""
        self._snapshot = Snapshot(hashes)

    def wake(self) -> None:
        """Something new is in the stream."""
        self._stored.set()

    def run(self) -> None:
        while not self._ends.wait(BEAT_SECONDS):
            self._beat()
        self._beat()

    def end(self) -> None:
        """Ask it to end after what was told last is written."""
        self._ends.set()

    def _beat(self) -> None:
        try:
            self._write_snapshot()
            if self._should_wake(time.monotonic()):
                self._wake()
        except (RedisError, OperationalError, OSError) as error:
            if not self.last_error:
                log.warning("The status cannot be written, or the workers cannot be woken: %s", error)
            self.last_error = f"{type(error).__name__}: {error}"
        else:
            self.last_error = ""

    def _write_snapshot(self) -> None:
        snapshot, self._snapshot = self._snapshot, None
        if snapshot is None:
            return
        with self._redis.pipeline(transaction=False) as pipeline:
            for key, fields in snapshot.hashes.items():
                pipeline.hset(key, mapping=dict(fields))
                pipeline.expire(key, EXPIRES_SECONDS)
            pipeline.execute()

    def _should_wake(self, now: float) -> bool:
        stored = self._stored.is_set()
        if not stored and now - self._looked_at < LOOK_SECONDS:
            return False
        self._looked_at = now
        with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.exists(DRAINING)
            pipeline.llen(QUEUE)
            pipeline.xlen(STREAM)
            draining, waiting, length = pipeline.execute()
        self._stored.clear()
        return bool(length) and not draining and waiting < WAITING_WAKES

    def _make_queue_connection(self) -> Any:
        """Connects at its first use, and never waits for long."""
        timeouts = {"socket_timeout": TIMEOUT_SECONDS, "socket_connect_timeout": TIMEOUT_SECONDS}
        connection = self._celery.connection_for_write(transport_options=timeouts)
        self._celery.amqp.router, connection.transport  # noqa: B018 — both are made when they are first asked for
        return connection

    def _wake(self) -> None:
        try:
            self._celery.send_task(TASK, queue=QUEUE, connection=self._queue_connection, retry=False, ignore_result=True)
        except Exception:
            self._queue_connection = self._make_queue_connection()  # whatever state the old one is in
            raise
        self.wakes += 1
