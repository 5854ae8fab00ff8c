"""The workers' door to raw messages: from the stream into rows. Celery only wakes it; the stream keeps what is to be done."""

import logging
import os
import socket
import time
from datetime import timedelta
from typing import Any

from celery import shared_task
from django.conf import settings
from django.utils import timezone
from redis import Redis
from redis.exceptions import RedisError, ResponseError

from apps.metering.ingest import store_batches
from apps.metering.ingest.isolating import find_guilty
from apps.metering.partitions import keep_partitions
from apps.metering.presence import forget_flips
from apps.metering.raw import DRAINING, FIELD, GROUP, STREAM, RawBatchDamaged
from project.failpoints import hit

log = logging.getLogger(__name__)
ENTRIES = 32  # of up to 500 messages each
BLOCK_MS = 200
QUIET_S = 2.0  # after that long without an entry the worker is given back
LONGEST_S = 60.0
ABANDONED_MS = 5_000  # an entry that another worker holds for longer is taken over: storing twice is harmless
CAREFUL_AFTER = 2  # deliveries; then the entry is tried alone, and its messages one by one if need be
DRAINING_MS = 3_000  # how long a worker that fell silent keeps others from starting; two at once do no harm
Entry = tuple[bytes, dict[bytes, bytes]]
Client = Any  # redis-py types every answer for all versions of the protocol at once


@shared_task(name="ingest.drain")
def drain() -> None:
    """Store what waits in the stream, until there has been nothing for a while. May be lost, may run twice, may be killed.

    Entries leave the stream only after their rows are committed. Where another worker is at it, there is nothing to do.
    """
    redis: Client = Redis.from_url(settings.CELERY_BROKER_URL, socket_timeout=10, protocol=2)
    consumer = f"{socket.gethostname()}-{os.getpid()}"
    if not redis.set(DRAINING, consumer, px=DRAINING_MS, nx=True):
        return
    try:
        _drain(redis, consumer)
    finally:
        redis.delete(DRAINING)


@shared_task(name="ingest.keep_partitions")
def keep_partitions_ahead() -> None:
    """Make the partitions of the coming days and months, drop what is past retention. Idempotent."""
    as_of = timezone.now()
    made, dropped = keep_partitions(as_of=as_of)
    if made or dropped:
        log.info("Partitions made: %s; dropped: %s", ", ".join(made) or "none", ", ".join(dropped) or "none")
    if forgotten := forget_flips(before=as_of - timedelta(days=settings.PRESENCE_DAYS)):
        log.info("%d changes of presence are past their retention and forgotten.", forgotten)


def _drain(redis: Client, consumer: str) -> None:
    _ensure_group(redis)
    ends = time.monotonic() + LONGEST_S
    quiet_since = time.monotonic()
    while time.monotonic() < ends and time.monotonic() - quiet_since < QUIET_S:
        redis.set(DRAINING, consumer, px=DRAINING_MS)
        if _store_abandoned(redis, consumer) or _store_next(redis, consumer):
            quiet_since = time.monotonic()
    if not _holds(redis, consumer):
        redis.xgroup_delconsumer(STREAM, GROUP, consumer)


def _ensure_group(redis: Client) -> None:
    try:
        redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    except ResponseError as error:
        if "BUSYGROUP" not in str(error):
            raise


def _store_next(redis: Client, consumer: str) -> bool:
    """Store the next entries that nobody has; False when there are none."""
    answer = redis.xreadgroup(GROUP, consumer, {STREAM: ">"}, count=ENTRIES, block=BLOCK_MS)
    entries = answer[0][1] if answer else []
    if entries:
        _store(redis, entries)
    return bool(entries)


def _store_abandoned(redis: Client, consumer: str) -> bool:
    """Take over entries of workers that died or froze; those that broke one before are tried with care."""
    _, entries, *_ = redis.xautoclaim(STREAM, GROUP, consumer, min_idle_time=ABANDONED_MS, count=ENTRIES)
    if not entries:
        return False
    first, last = entries[0][0], entries[-1][0]
    pending = redis.xpending_range(STREAM, GROUP, first, last, count=ENTRIES, consumername=consumer)
    deliveries = {row["message_id"]: row["times_delivered"] for row in pending}
    careless = [entry for entry in entries if deliveries.get(entry[0], 1) <= CAREFUL_AFTER]
    if careless:
        _store(redis, careless)
    for entry in entries:
        if deliveries.get(entry[0], 1) > CAREFUL_AFTER:
            _store_carefully(redis, entry)
    return True


def _store(redis: Client, entries: list[Entry]) -> None:
    hit("drain.after_read")
    try:
        store_batches([fields[FIELD] for _, fields in entries])
    except (RawBatchDamaged, KeyError):
        for entry in entries:
            _store_carefully(redis, entry)
        return
    hit("drain.after_commit")
    _forget(redis, entries)


def _store_carefully(redis: Client, entry: Entry) -> None:
    """Store one entry that made a worker fail: the messages that do it are found in a child process and set aside."""
    content = entry[1].get(FIELD, b"")
    try:
        guilty = find_guilty(content)
        if guilty:
            log.error("Messages that break a worker were set aside as dead letters: %s", ", ".join(sorted(guilty)))
        store_batches([content], guilty=guilty)
    except RawBatchDamaged as error:
        # nobody but our listener writes the stream: kept, so that a person can look, and out of the way
        log.error("An entry of the stream is not a batch and is moved to %s: %s", f"{STREAM}:damaged", error)
        redis.xadd(f"{STREAM}:damaged", entry[1] or {FIELD: b""})
    _forget(redis, [entry])


def _forget(redis: Client, entries: list[Entry]) -> None:
    ids = [entry_id for entry_id, _ in entries]
    with redis.pipeline(transaction=True) as pipeline:
        pipeline.xack(STREAM, GROUP, *ids)
        pipeline.xdel(STREAM, *ids)
        pipeline.execute()


def _holds(redis: Client, consumer: str) -> bool:
    try:
        return bool(redis.xpending_range(STREAM, GROUP, "-", "+", count=1, consumername=consumer))
    except RedisError:
        return True
