"""How the listener and its connections are doing now, as the listener wrote it into Redis. Never asks the database.

Whatever keeps Redis from answering, the answer is "unknown", never an exception: a page or an alert must not fall with it.
What the listener wrote expires after a minute, so that a dead listener is unknown, too, not forever "connected".
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry

from apps.metering import raw
from apps.metering.canary import Sung

BROKER_KEY = "listener:broker:{}"
PROCESS_KEY = "listener:process"
PROCESSES_KEY = "listener:processes"  # which listeners there are: key -> when it wrote last
CANARY_KEY = "canary"
FORGOTTEN_SECONDS = 86_400  # a listener so far behind the others is no longer expected
EXPIRES_SECONDS = 60
_TIMEOUT_SECONDS = 1.0
_MICROSECONDS = 1_000_000


class BrokerState(models.TextChoices):
    CONNECTED = "connected", _("connesso")
    CONNECTING = "connecting", _("in connessione")
    DISCONNECTED = "disconnected", _("non connesso")
    REFUSED = "refused", _("rifiutato dal broker")
    BREAKER_OPEN = "breaker_open", _("sospeso dopo ripetuti rifiuti")
    DISABLED = "disabled", _("disattivato")
    UNKNOWN = "unknown", _("sconosciuto")


class Stage(models.TextChoices):
    """Where messages are put: the ladder of back-pressure."""

    STREAM = "stream", _("nella coda")
    SPOOL = "spool", _("su disco, la coda non risponde")
    PAUSED = "paused", _("in attesa al broker, disco pieno")
    UNKNOWN = "unknown", _("sconosciuto")


_LADDER = (Stage.UNKNOWN, Stage.STREAM, Stage.SPOOL, Stage.PAUSED)


@dataclass(frozen=True, slots=True)
class BrokerStatus:
    """One connection. Counters begin with the listener's process; `None` means never, or unknown."""

    broker_id: int
    state: BrokerState = BrokerState.UNKNOWN
    since: datetime | None = None
    last_packet_at: datetime | None = None
    last_message_at: datetime | None = None
    last_canary_at: datetime | None = None
    last_error: str = ""
    messages: int | None = None
    batches: int | None = None
    spooled: int | None = None
    reconnects: int | None = None


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """The listener's process. `lag` is the longest time in the last second between a message and its acknowledgement."""

    alive: bool = False
    pid: int | None = None
    host: str = ""
    started_at: datetime | None = None
    beat_at: datetime | None = None
    lag: timedelta | None = None
    stage: Stage = Stage.UNKNOWN
    spool_bytes: int | None = None
    spool_damaged: int | None = None
    disk_percent: int | None = None
    wakes: int | None = None
    last_error: str = ""
    broker_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """The queue of raw batches: entries in it, of those given to a worker that has not finished, age of the oldest."""

    known: bool = False
    length: int | None = None
    pending: int | None = None
    oldest_age: timedelta | None = None


def get_broker_status(broker_id: int) -> BrokerStatus:
    return _read_broker(broker_id, _read_hash(BROKER_KEY.format(broker_id)))


def list_broker_statuses() -> list[BrokerStatus]:
    """The brokers that the listener knows, by id; empty when it does not run or Redis does not answer."""
    return [get_broker_status(broker_id) for broker_id in get_process_status().broker_ids]


def process_key(share: str) -> str:
    """Where a listener writes about itself; `share` is empty for the only one."""
    return f"{PROCESS_KEY}:{share}" if share else PROCESS_KEY


def get_process_status() -> ProcessStatus:
    """The listener; where several divide the brokers, all of them as one: alive when each is, the worst of each value."""
    written = _read_hash(PROCESSES_KEY)
    oldest_us = max((int(at_us) for at_us in written.values() if at_us.isdigit()), default=0) - FORGOTTEN_SECONDS * _MICROSECONDS
    expected = {key for key, at_us in written.items() if at_us.isdigit() and int(at_us) > max(oldest_us, 0)}
    return _together([_read_process(_read_hash(key)) for key in sorted(expected or {PROCESS_KEY})])


def _together(processes: Sequence[ProcessStatus]) -> ProcessStatus:
    if len(processes) == 1:
        return processes[0]
    living = [process for process in processes if process.alive]
    if not living:
        return ProcessStatus()
    return replace(
        living[0],
        alive=len(living) == len(processes),
        started_at=max((process.started_at for process in living if process.started_at), default=None),
        beat_at=min((process.beat_at for process in living if process.beat_at), default=None),
        lag=max((process.lag for process in living if process.lag is not None), default=None),
        stage=max((process.stage for process in living), key=_LADDER.index),
        spool_bytes=sum(process.spool_bytes or 0 for process in living),
        spool_damaged=sum(process.spool_damaged or 0 for process in living),
        disk_percent=max(process.disk_percent or 0 for process in living),
        wakes=sum(process.wakes or 0 for process in living),
        last_error=next((process.last_error for process in living if process.last_error), ""),
        broker_ids=tuple(sorted({broker_id for process in living for broker_id in process.broker_ids})),
    )


def _read_process(found: Mapping[str, str]) -> ProcessStatus:
    if not found:
        return ProcessStatus()
    lag_ms = _whole(found, "lag_ms")
    return ProcessStatus(
        alive=True,
        pid=_whole(found, "pid"),
        host=found.get("host", ""),
        started_at=_instant(found, "started_at"),
        beat_at=_instant(found, "beat_at"),
        lag=None if lag_ms is None else timedelta(milliseconds=lag_ms),
        stage=Stage(found["stage"]) if found.get("stage") in Stage.values else Stage.UNKNOWN,
        spool_bytes=_whole(found, "spool_bytes"),
        spool_damaged=_whole(found, "spool_damaged"),
        disk_percent=_whole(found, "disk_percent"),
        wakes=_whole(found, "wakes"),
        last_error=found.get("last_error", ""),
        broker_ids=tuple(int(part) for part in found.get("brokers", "").split(",") if part.isdigit()),
    )


def get_stream_status() -> StreamStatus:
    """Ages are by the clock of Redis, which also made the identifiers of the entries."""
    redis = _redis()
    try:
        length = redis.xlen(raw.STREAM)
        first = redis.xrange(raw.STREAM, count=1)
        seconds, microseconds = redis.time()
        pending = _count_pending(redis)
    except RedisError:
        return StreamStatus()
    oldest = None
    if first:
        milliseconds = int(first[0][0].partition(b"-")[0])
        age = timedelta(seconds=seconds, microseconds=microseconds) - timedelta(milliseconds=milliseconds)
        oldest = max(age, timedelta())
    return StreamStatus(known=True, length=length, pending=pending, oldest_age=oldest)


def get_sung() -> Sung | None:
    """What the sender of our own messages knows; None when Redis does not answer."""
    try:
        found = _redis().hgetall(CANARY_KEY)
    except RedisError:
        return None
    told = {name.decode(): value.decode(errors="replace") for name, value in found.items()}
    return Sung(_instant(told, "tried_at"), _instant(told, "confirmed_at"), told.get("error", ""))


def note_tried(*, at: datetime, error: str) -> None:
    """A message of ours was not taken. Whether Redis hears it does not matter: then the page says that Redis is away."""
    _note({"tried_at": _microseconds(at), "error": error})


def note_confirmed(*, at: datetime) -> None:
    """The broker has a message of ours."""
    _note({"tried_at": _microseconds(at), "confirmed_at": _microseconds(at), "error": ""})


def _note(values: dict[str, str | int]) -> None:
    with suppress(RedisError):
        _redis().hset(CANARY_KEY, mapping=values)


def _microseconds(at: datetime) -> int:
    return round(at.timestamp() * _MICROSECONDS)


def _count_pending(redis: Any) -> int:
    try:
        return int(redis.xpending(raw.STREAM, raw.GROUP)["pending"])
    except ResponseError:  # no stream or no group yet: nothing was ever given to a worker
        return 0


def _read_broker(broker_id: int, found: Mapping[str, str]) -> BrokerStatus:
    if not found:
        return BrokerStatus(broker_id=broker_id)
    return BrokerStatus(
        broker_id=broker_id,
        state=BrokerState(found["state"]) if found.get("state") in BrokerState.values else BrokerState.UNKNOWN,
        since=_instant(found, "since"),
        last_packet_at=_instant(found, "last_packet_at"),
        last_message_at=_instant(found, "last_message_at"),
        last_canary_at=_instant(found, "last_canary_at"),
        last_error=found.get("last_error", ""),
        messages=_whole(found, "messages"),
        batches=_whole(found, "batches"),
        spooled=_whole(found, "spooled"),
        reconnects=_whole(found, "reconnects"),
    )


def _read_hash(key: str) -> dict[str, str]:
    try:
        found = _redis().hgetall(key)
    except RedisError:
        return {}
    return {name.decode(errors="replace"): value.decode(errors="replace") for name, value in found.items()}


def _whole(found: Mapping[str, str], name: str) -> int | None:
    text = found.get(name, "")
    return int(text) if text.isdigit() else None


def _instant(found: Mapping[str, str], name: str) -> datetime | None:
    """Instants stand there in microseconds since 1970 UTC."""
    microseconds = _whole(found, name)
    return None if microseconds is None else datetime.fromtimestamp(microseconds / _MICROSECONDS, UTC)


@cache
def _redis() -> Any:  # redis-py types every answer for all versions of the protocol at once
    return Redis.from_url(
        settings.CELERY_BROKER_URL,
        protocol=2,
        socket_timeout=_TIMEOUT_SECONDS,
        socket_connect_timeout=_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
