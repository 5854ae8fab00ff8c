"""What the listener says about itself: one hash for the process and one for each broker, at most once a second."""

import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path

from apps.listener.directory import get_disk_percent
from apps.listener.herald import Herald
from apps.listener.rows import Rows
from apps.listener.session import Session
from apps.listener.share import Share
from apps.listener.sink import Sink
from apps.metering.broker_status import BROKER_KEY, PROCESSES_KEY, BrokerState, process_key

REPORT_SECONDS = 1.0
NANOSECONDS_PER_US = 1000
MILLISECONDS_PER_SECOND = 1000
ERROR_CHARACTERS = 500
Fields = dict[str, str | int]


class Reporter:
    """Collects while the loop turns and hands a snapshot to the herald once a second."""

    def __init__(self, herald: Herald, directory: Path, share: Share) -> None:
        self._herald, self._directory = herald, directory
        self._process_key = process_key(share.name)
        self._started_us = _now_us()
        self._report_at = 0.0
        self._lag = 0.0  # the longest since the last report, seconds

    def acknowledged(self, lag: float) -> None:
        """A batch was acknowledged so many seconds after its first message came."""
        self._lag = max(self._lag, lag)

    def report(self, now: float, sessions: Mapping[int, Session], rows: Rows | None, sink: Sink, error: str) -> None:
        """Hand over a snapshot if the last one is a second old (`now` is of the monotonic clock)."""
        if now < self._report_at:
            return
        self._report_at = now + REPORT_SECONDS
        self._herald.tell(self._collect(sessions, rows, sink, error))
        self._lag = 0.0

    def say_goodbye(self, sessions: Mapping[int, Session], rows: Rows | None, sink: Sink) -> None:
        """The last words: every broker that we talked to is left."""
        hashes = self._collect(sessions, rows, sink, "")
        hashes[PROCESSES_KEY] = {self._process_key: 0}
        for broker_id in sessions:
            hashes[BROKER_KEY.format(broker_id)] |= {"state": BrokerState.DISCONNECTED.value, "since": _now_us()}
        self._herald.tell(hashes)

    def _collect(self, sessions: Mapping[int, Session], rows: Rows | None, sink: Sink, error: str) -> dict[str, Fields]:
        disabled = rows.disabled if rows else frozenset()
        hashes = {BROKER_KEY.format(broker_id): _describe(session) for broker_id, session in sessions.items()}
        for broker_id in disabled:
            hashes[BROKER_KEY.format(broker_id)] = {"state": BrokerState.DISABLED.value, "last_error": ""}
        hashes[PROCESSES_KEY] = {self._process_key: _now_us()}
        hashes[self._process_key] = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "started_at": self._started_us,
            "beat_at": _now_us(),
            "lag_ms": round(self._lag * MILLISECONDS_PER_SECOND),
            "stage": sink.stage.value,
            "spool_bytes": sink.spool.size_bytes,
            "spool_damaged": sink.spool.damaged,
            "disk_percent": get_disk_percent(self._directory),
            "wakes": self._herald.wakes,
            "last_error": (sink.last_error or error or self._herald.last_error)[:ERROR_CHARACTERS],
            "brokers": ",".join(str(broker_id) for broker_id in sorted({*sessions, *disabled})),
        }
        return hashes


def _describe(session: Session) -> Fields:
    return {
        "state": session.state.value,
        "since": session.since_us,
        "last_packet_at": session.last_packet_us or "",
        "last_message_at": session.held.last_message_us or "",
        "last_canary_at": session.held.last_canary_us or "",
        "last_error": session.last_error[:ERROR_CHARACTERS],
        "messages": session.held.messages,
        "batches": session.held.batches,
        "spooled": session.spooled,
        "reconnects": max(session.connections - 1, 0),
    }


def _now_us() -> int:
    return time.time_ns() // NANOSECONDS_PER_US
