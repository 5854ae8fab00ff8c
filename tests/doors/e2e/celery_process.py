"""A real Celery worker: its own process, on the database, queue and data directory of the test that asks for it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.db import connection

from celery_app import app
from project.servers.guard import Guard

ROOT = Path(__file__).resolve().parents[3]
QUEUES = ("ingest", "money", "compute", "documents", "mail")
START_SECONDS = 180.0  # it imports everything, beside a browser and other tests
STOP_SECONDS = 60.0


@contextmanager
def celery_worker(*, log: Path, concurrency: int = 1) -> Iterator[subprocess.Popen[bytes]]:
    """Start a worker for all queues, wait until it answers, stop it and its children at the end. What it says goes to `log`."""
    _forget_old_messages()
    guard = Guard()
    command = [sys.executable, "-m", "celery", "-A", "celery_app", "worker", f"--concurrency={concurrency}"]
    command += [f"--queues={','.join(QUEUES)}", f"--hostname=test-{os.getpid()}@%h", "--loglevel=INFO"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=_environment(), stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    guard.end_group(process.pid, signal.SIGKILL)
    try:
        _wait_until_ready(process, log)
        yield process
    finally:
        _stop(process)
        guard.forget(process.pid)
        guard.dismiss()


def _environment() -> dict[str, str]:
    """Ours, with the database that pytest-django made instead of the one that DATABASE_URL names."""
    address = urlsplit(os.environ["DATABASE_URL"])
    return os.environ | {"DATABASE_URL": address._replace(path=f"/{connection.settings_dict['NAME']}").geturl()}


def _forget_old_messages() -> None:
    """Earlier tests of this process may have enqueued work about rows that are gone."""
    with redis.Redis.from_url(settings.CELERY_BROKER_URL) as server:
        server.delete(*QUEUES)


def _wait_until_ready(process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        if app.control.ping(timeout=0.5):
            return
    raise AssertionError(f"The Celery worker did not come up within {START_SECONDS:g} s. It said:\n{log.read_text()}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Warm first; what is left of the group after that goes at once."""
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
