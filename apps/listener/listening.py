"""The loop: one process, one thread for all brokers. It reads, stores and acknowledges, in that order, and waits for nobody.

What may take long has a thread of its own that the loop never waits for: dialling, reading the rows, statuses and wake-ups.
A thread that dies takes the process with it: a listener that only looks alive is worse than one that is restarted.
"""

import logging
import selectors
import socket
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from celery import Celery

from apps.listener.batches import Batch, make_namer
from apps.listener.directory import get_disk_percent
from apps.listener.herald import Herald
from apps.listener.reporting import Reporter
from apps.listener.rows import Rows, RowWatcher
from apps.listener.session import Session
from apps.listener.share import Share
from apps.listener.sink import Sink
from apps.listener.spool import Spool
from apps.listener.stream import Stream
from apps.listener.subscriptions import Subscriptions
from project.failpoints import hit

log = logging.getLogger(__name__)
WINDOW_SECONDS = 0.03  # a message waits at most so long for others to share its batch
IDLE_SECONDS = 0.1
CARE_SECONDS = 0.25  # between two looks at each connection's health, and between two attempts to store what nobody takes
GOODBYE_SECONDS = 2.0
ALL = Share()


class Listener:
    """Everything that is received, on its way from sockets into the stream. `run` ends after `stop`, or with an exception."""

    def __init__(self, *, redis_url: str, directory: Path, celery: Celery, share: Share = ALL) -> None:
        self.sink = Sink(Stream(redis_url), Spool(directory), lambda: get_disk_percent(directory))
        self.sessions: dict[int, Session] = {}
        self._selector = selectors.DefaultSelector()
        self._subscriptions = Subscriptions(directory / "sessions")
        self._make_name = make_namer(time.time_ns())
        self._watcher = RowWatcher(share)
        self._herald = Herald(redis_url, celery)
        self._reporter = Reporter(self._herald, directory, share)
        self._rows: Rows | None = None
        self._waiting: list[Batch] = []  # what neither stream nor spool took
        self._cares_at = self._stores_at = 0.0
        self._stopping = False
        # so that a signal ends a wait at once
        self._alarm, self.alarm_in = socket.socketpair()
        self._alarm.setblocking(False)
        self.alarm_in.setblocking(False)
        self._selector.register(self._alarm, selectors.EVENT_READ, None)

    def stop(self) -> None:
        """End soon, in good order. Safe to call from a signal handler."""
        self._stopping = True

    def run(self) -> None:
        self._watcher.start()
        self._herald.start()
        while not self._stopping:
            self._turn()
        self._end()

    def _turn(self) -> None:
        now = time.monotonic()
        if now >= self._cares_at:
            self._cares_at = now + CARE_SECONDS
            self._care(now)
        for session in self.sessions.values():
            session.arrange(read=not self._waiting)
        for key, events in self._selector.select(self._get_timeout(now)):
            if key.data is None:
                self._alarm.recv(1024)
                continue
            session = key.data
            if events & selectors.EVENT_WRITE:
                session.write()
            if events & selectors.EVENT_READ:
                session.read(time.monotonic())
        for session in self.sessions.values():
            if session.has_unread and not self._waiting:
                session.read(time.monotonic())
        now = time.monotonic()
        if self._is_due(now):
            self._store(now)
        if not self._waiting and self.sink.replay(now):
            self._herald.wake()
        self._reporter.report(now, self.sessions, self._rows, self.sink, self._watcher.last_error)

    def _get_timeout(self, now: float) -> float:
        if self._waiting:
            return IDLE_SECONDS
        if any(session.has_unread for session in self.sessions.values()):
            return 0.0
        if self.sink.can_replay(now):
            return 0.0
        oldest = min((session.held.since for session in self.sessions.values() if session.held), default=None)
        return IDLE_SECONDS if oldest is None else min(max(oldest + WINDOW_SECONDS - now, 0.0), IDLE_SECONDS)

    def _is_due(self, now: float) -> bool:
        if self._waiting:
            return now >= self._stores_at
        return any(
            session.is_due or (session.held and now - session.held.since >= WINDOW_SECONDS) for session in self.sessions.values()
        )

    def _store(self, now: float) -> None:
        """Make safe what was received, then acknowledge it; what nobody takes is kept and tried again, and nothing is read."""
        batches = self._waiting or [batch for session in self.sessions.values() for batch in session.take()]
        self._waiting = []
        if not batches:
            return
        in_stream, in_spool, self._waiting = self.sink.store(batches, now)
        if self._waiting:
            self._stores_at = now + CARE_SECONDS
        for batch in in_spool:
            if session := self.sessions.get(batch.broker_id):
                session.spooled += 1
        if in_stream:
            self._herald.wake()
        self._acknowledge(in_stream + in_spool)

    def _acknowledge(self, batches: Sequence[Batch]) -> None:
        hit("listen.before_ack")
        for batch in batches:
            if session := self.sessions.get(batch.broker_id):
                session.acknowledge(batch)
                self._reporter.acknowledged(time.monotonic() - batch.first_at)
        hit("listen.after_ack")

    def _care(self, now: float) -> None:
        """What has to be looked at now and then: connections, rows, and whether our threads are alive."""
        for thread in (self._watcher, self._herald):
            _require_alive(thread)
        if self._watcher.rows is not self._rows and self._watcher.rows is not None:
            self._rows = self._watcher.rows
            self._follow(self._rows, now)
        for session in self.sessions.values():
            session.keep_connected(now, dial=not self._waiting)

    def _follow(self, rows: Rows, now: float) -> None:
        """Begin, change and end sessions as the rows say."""
        for broker_id, session in list(self.sessions.items()):
            row = rows.enabled.get(broker_id)
            if row == session.row:
                continue
            self._retire(session, now)
            del self.sessions[broker_id]
        for broker_id, row in rows.enabled.items():
            if broker_id not in self.sessions:
                self.sessions[broker_id] = Session(
                    row, selector=self._selector, make_name=self._make_name, subscriptions=self._subscriptions
                )

    def _retire(self, session: Session, now: float) -> None:
        """End one session: what it holds is stored and acknowledged first, if anybody takes it."""
        batches = session.take()
        if batches and not self._waiting:
            in_stream, in_spool, self._waiting = self.sink.store(batches, now)
            self._acknowledge(in_stream + in_spool)
        else:
            self._waiting += batches
        self._part([session])

    def _end(self) -> None:
        """Store and acknowledge what is held, leave the brokers without losing the sessions, and say so."""
        log.info("Stopping: storing what was received and leaving the brokers.")
        now = time.monotonic()
        if self._waiting:
            self._store(now)
        if not self._waiting:
            self._store(now)
        self._part(list(self.sessions.values()))
        self._reporter.say_goodbye(self.sessions, self._rows, self.sink)
        self._watcher.end()
        self._herald.end()
        self._herald.join(GOODBYE_SECONDS)
        self.sink.spool.close()

    def _part(self, sessions: Sequence[Session]) -> None:
        """Disconnect, as long as the acknowledgements before that need to leave, but not for ever."""
        ends = time.monotonic() + GOODBYE_SECONDS
        for session in sessions:
            session.say_goodbye()
        while any(session.is_open for session in sessions) and time.monotonic() < ends:
            for session in sessions:
                session.write()
            time.sleep(0.01)
        for session in sessions:
            session.close()


def _require_alive(thread: threading.Thread) -> None:
    if not thread.is_alive():
        raise RuntimeError(f"The thread {thread.name} has died, for the reason above; the listener must not go on without it.")
