"""Everything that a chaos run consists of: private servers, a listener, two workers, a load, and ways to look at them."""

import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import redis

from apps.metering.raw import DRAINING, STREAM
from project.servers import ServerSet
from tests.faults.children import PATIENCE_SECONDS, ROOT, Child, NotExercised, group_members, wait_for

PYTHON = sys.executable
WORKERS = ("worker-a", "worker-b")
SPOOL = "*.spool"
_QUIET_SECONDS = 12.0  # longer than a worker may hold an entry before another one takes it over


class World:
    """One run's processes. `broken` names mistakes to be made on purpose (see `tests.faults.broken`)."""

    def __init__(self, seed: int, *, rate: float) -> None:
        self.seed, self.rate = seed, rate
        self.directory = Path(tempfile.mkdtemp(prefix="chaos-"))
        self.servers = ServerSet(durable=True)
        self.servers.guard.remove(self.directory)
        self.urls: dict[str, str] = {}
        self.children: dict[str, Child] = {}
        self.rounds = 0
        self.restarts: Counter[str] = Counter()

    def start(self) -> None:
        """Start the servers and make the tables."""
        self.urls = self.servers.start()
        if not getattr(self.servers.servers["mqtt"], "is_mosquitto", False):
            raise NotExercised("Persistent sessions need the real Mosquitto: apt-get install mosquitto.")
        migrating = Child(
            "migrate", [PYTHON, "manage.py", "migrate", "-v0"], self._environment(), self.directory, self.servers.guard
        )
        migrating.launch()
        wait_for(lambda: not migrating.alive, "the creation of the tables")
        if not migrating.said("") or self._query("SELECT to_regclass('metering_reading')")[0][0] is None:
            raise NotExercised(f"The tables were not made: {migrating.tail()}")

    def stop(self) -> None:
        for child in self.children.values():
            child.end()
        self.servers.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def begin(self, *, broken: str = "", workers: int = 2) -> None:
        """Begin a round with empty tables, an empty stream and a broker session of its own, and wait until messages may come."""
        for child in self.children.values():
            child.end()
        self.rounds += 1
        self.redis.flushall()
        self._forget_rows()
        shutil.rmtree(self.spool, ignore_errors=True)  # also what the listener remembers of the last round's session
        self.spool.mkdir(parents=True)
        environment = self._environment() | {"CHAOS_BROKEN": broken}
        app = "tests.faults.broken" if broken else "celery_app"
        worker = [
            PYTHON,
            "-m",
            "celery",
            "--app",
            app,
            "worker",
            "--queues",
            "ingest",
            "--concurrency",
            "1",
            "--loglevel",
            "INFO",
        ]
        listener = [PYTHON, "-m", "tests.faults.broken"] if broken else [PYTHON, "manage.py", "listen_mqtt"]
        commands = {"listener": listener, **{name: [*worker, "--hostname", f"{name}@%h"] for name in WORKERS[:workers]}}
        self.children = {
            name: Child(name, command, environment, self.directory, self.servers.guard) for name, command in commands.items()
        }
        for child in self.children.values():
            child.launch()
        wait_for(lambda: self.children["listener"].said(": connected"), "the listener's connection")
        for name in WORKERS[:workers]:
            wait_for(lambda name=name: self.children[name].said("ready."), f"the start of {name}")  # type: ignore[misc]

    def begin_load(self, *, most: int = 10**9) -> Child:
        """Let messages flow; at most so many."""
        self.truth = self.directory / f"load-{self.rounds}.txt"
        command = [PYTHON, "-m", "tests.faults.load", self.urls["MQTT_URL"], str(self.truth), str(self.rate)]
        load = Child("load", [*command, str(self.seed), str(most)], self._environment(), self.directory, self.servers.guard)
        load.launch()
        self.children["load"] = load
        wait_for(lambda: self.truth.exists() and self.truth.stat().st_size > 0, "the first message")
        return load

    @property
    def redis(self) -> Any:
        return redis.Redis.from_url(self.urls["REDIS_URL"], socket_timeout=30, protocol=2)

    @property
    def spool(self) -> Path:
        return self.directory / "data" / "spool"

    @property
    def listener(self) -> Child:
        return self.children["listener"]

    @property
    def workers(self) -> list[Child]:
        return [self.children[name] for name in WORKERS if name in self.children]

    def supervise(self) -> None:
        """Launch again what died by itself, as any installation does: a worker whose Redis refuses everything ends, for one."""
        for child in (self.listener, *self.workers):
            if not child.alive:
                self.restarts[child.name] += 1
                child.launch()

    def heal(self) -> None:
        """Undo what a fault that did not come to its end may have left: frozen or armed processes, a full Redis, no server."""
        for name, server in self.servers.servers.items():
            if server.process is None or server.process.poll() is not None:
                self.revive(name)
        self.redis.config_set("maxmemory", 0)
        for child in (self.listener, *self.workers):
            child.end()
            child.launch()

    def active_worker(self) -> Child:
        """The worker that is emptying the stream now, as it says itself; the first one when none says so."""
        try:
            holder = int((self.redis.get(DRAINING) or b"-0").rpartition(b"-")[2])
        except redis.RedisError:
            holder = 0
        return next((worker for worker in self.workers if holder in group_members(worker.pid)), self.workers[0])

    def crash(self, name: str, number: signal.Signals) -> None:
        """End a server with this signal and collect it."""
        server = self.servers.servers[name]
        if server.process is None or server.process.poll() is not None:
            raise NotExercised(f"{name} was dead before the fault.")
        server.signal(number)
        server.process.wait(PATIENCE_SECONDS)

    def revive(self, name: str) -> None:
        self.servers.servers[name].launch()
        self.servers.servers[name].wait_until_ready()

    def stored(self) -> int:
        return int(self._query("SELECT count(*) FROM metering_reading")[0][0])

    def waiting(self) -> int:
        """Batches that are in the stream or in the spool."""
        return int(self.redis.xlen(STREAM)) + len(list(self.spool.glob(SPOOL)))

    def settle(self, expected: int, seconds: float = 2 * PATIENCE_SECONDS) -> None:
        """Return once stream and spool are empty and nothing new has been stored for a while; or when patience ends.

        As long as the listener has not connected since it was launched, more may wait at the broker.
        """
        deadline = time.monotonic() + seconds
        last, since = -1, time.monotonic()
        while time.monotonic() < deadline:
            self.supervise()
            stored, waiting = self.stored(), self.waiting()
            if waiting or stored != last or not self.listener.said(": connected"):
                last, since = stored, time.monotonic()
            quiet = time.monotonic() - since
            if quiet > (1.0 if stored >= expected else _QUIET_SECONDS):
                return
            time.sleep(0.3)

    def _query(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.urls["DATABASE_URL"]) as connection:
            return connection.execute(statement).fetchall()

    def _forget_rows(self) -> None:
        """Empty what devices filled, and make a broker whose persistent session has never been there before."""
        at = urlsplit(self.urls["MQTT_URL"])
        with psycopg.connect(self.urls["DATABASE_URL"]) as connection:
            connection.execute("TRUNCATE metering_broker, metering_reading, metering_rawbatch, metering_deadletter CASCADE")
            connection.execute(
                "INSERT INTO metering_broker (name, host, port, tls, ca_certificate, username, password, client_id, topics,"
                " heartbeat_seconds, enabled) VALUES ('chaos', %s, %s, false, '', '', '', %s, '{#}', 300, true)",
                [at.hostname, at.port, f"chaos-{self.seed}-{self.rounds}"],
            )

    def _environment(self) -> dict[str, str]:
        return os.environ | self.urls | {"DATA_DIR": str(self.directory / "data"), "PYTHONPATH": str(ROOT), "FAILPOINTS": ""}
