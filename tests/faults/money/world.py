"""Private PostgreSQL and Redis, the tables, and two Celery workers for money and documents, which die and are launched again."""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from project.servers import ServerSet
from tests.faults.children import PATIENCE_SECONDS, ROOT, Child, NotExercised

WORKERS = ("worker-a", "worker-b")
ROLE = "cercollettiva_app"
QUEUES = "money,documents,compute"


class MoneyWorld:
    """Servers and workers of one run; `open` also leads this process and its children to them."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="chaos-money-"))
        self.servers = ServerSet(need=("postgres", "redis"), durable=True)
        self.servers.guard.remove(self.directory)
        self.workers: list[Child] = []
        self.owner_url = ""
        self.kills = self.stops = self.launched_again = 0

    def open(self) -> None:
        """Start the servers, put their addresses into the environment, make the tables. Nothing of Django is imported before."""
        urls = self.servers.start()
        os.environ.update(urls)
        os.environ.update(DATA_DIR=str(self.directory / "data"), FAILPOINTS="", DJANGO_SETTINGS_MODULE="project.settings")
        (self.directory / "data").mkdir()
        self._manage("migrate", "-v0")
        self._use_limited_role()
        import django

        django.setup()

    def _manage(self, *arguments: str) -> None:
        done = subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotExercised(f"manage.py {arguments[0]} failed: {done.stderr[-1500:]}")

    def _use_limited_role(self) -> None:
        """From here on be the role of an application that does not own its tables: so is the real one."""
        self.owner_url = os.environ["DATABASE_URL"]
        address = urlsplit(self.owner_url)
        with psycopg.connect(self.owner_url) as connection:
            connection.execute(f"CREATE ROLE {ROLE} LOGIN")
        self._manage("limit_role", ROLE)
        limited = address._replace(netloc=f"{ROLE}@{address.netloc.rpartition('@')[2]}")
        os.environ["DATABASE_URL"] = limited.geturl()

    def begin(self, *, broken: str = "") -> None:
        """Launch the workers; `broken` names a mistake that they make (see `tests.faults.money.broken`)."""
        app = "tests.faults.money.broken" if broken else "celery_app"
        environment = os.environ | {"MONEY_BROKEN": broken, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "celery", "--app", app, "worker", "--queues", QUEUES, "--concurrency", "1"]
        command += ["--loglevel", "WARNING", "--without-gossip", "--without-mingle", "--without-heartbeat"]
        self.workers = [
            Child(name, [*command, "--hostname", f"{name}@%h"], environment, self.directory, self.servers.guard)
            for name in WORKERS
        ]
        for worker in self.workers:
            worker.launch()

    def hurt_worker(self, chance: random.Random, point: str) -> None:
        """Kill one worker with its child, frozen first or not, and launch it again so that its children die at `point`."""
        worker = chance.choice(self.workers)
        if worker.alive:
            if chance.random() < 0.5:
                worker.freeze()
                time.sleep(0.2)
            worker.kill()
            self.kills += 1
        self._count_deaths(worker)
        worker.launch(failpoints=f"{point}=kill@2" if point else "")

    def supervise(self) -> None:
        """Launch again what ended by itself, as any installation does."""
        for worker in self.workers:
            if not worker.alive:
                self.launched_again += 1
                self._count_deaths(worker)
                worker.launch()

    def _count_deaths(self, worker: Child) -> None:
        """Children of a worker say where they die, and the next one is forked at once."""
        if worker.log.exists():
            self.kills += worker.log.read_bytes().count(b": kill\n")
            worker.log.unlink()

    def stop_postgres(self) -> None:
        """PostgreSQL's immediate stop, and its recovery."""
        server = self.servers.servers["postgres"]
        assert server.process is not None
        server.signal(signal.SIGQUIT)
        server.process.wait(PATIENCE_SECONDS)
        time.sleep(0.2)
        server.launch()
        server.wait_until_ready()
        self.stops += 1

    def rest(self) -> None:
        """End the workers for good."""
        for worker in self.workers:
            worker.end()
            self._count_deaths(worker)
        self.workers = []

    def stop(self) -> None:
        for worker in self.workers:
            worker.end()
        self.servers.stop()
        shutil.rmtree(self.directory, ignore_errors=True)
