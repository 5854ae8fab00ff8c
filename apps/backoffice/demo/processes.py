"""The processes of the demo: worker, beat and web, each in a session of its own, ended by process group."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

QUEUES = "compute,ingest,money,documents,mail"
FIRST_PORT, PORTS_TRIED = 8000, 20
STOP_SECONDS = 3
PR_SET_PDEATHSIG = 1


@contextmanager
def running(name: str, arguments: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Python module while the block lasts; its output goes to DATA_DIR/logs/`name`.log."""
    logs = Path(settings.DATA_DIR) / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    with open(logs / f"{name}.log", "ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=settings.BASE_DIR,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
    try:
        yield process
    finally:
        stop(process)


def _die_with_parent() -> None:
    """On Linux the kernel ends the child when the demo dies without a chance to say goodbye."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def end_on_terminate() -> None:
    """Take SIGTERM like Ctrl-C, so that the blocks of `running` end their processes."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGINT, interrupt)


def worker() -> list[str]:
    return ["celery", "-A", "celery_app", "worker", "-c", str(os.cpu_count() or 1), "-Q", QUEUES, "--loglevel", "INFO"]


def beat() -> list[str]:
    return ["celery", "-A", "celery_app", "beat", "--loglevel", "INFO", "--pidfile="]


def web(port: int) -> list[str]:
    return [
        "gunicorn",
        "project.wsgi",
        "--bind",
        f"127.0.0.1:{port}",
        "--workers",
        "1",
        "--threads",
        "8",
        "--log-level",
        "warning",
    ]


def free_port() -> int:
    """8000, or the first free port after it."""
    for port in range(FIRST_PORT, FIRST_PORT + PORTS_TRIED):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError(f"No port between {FIRST_PORT} and {FIRST_PORT + PORTS_TRIED} is free. Stop what uses them, then try again.")


def stop(process: "subprocess.Popen[bytes]") -> None:
    """Ask the whole group to end, then insist."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
        except ProcessLookupError:
            break
        try:
            process.wait(STOP_SECONDS)
            break
        except subprocess.TimeoutExpired:
            continue
    process.wait()
