"""What all private servers have in common: a home, a port, a process in its own session, a log, a way to know it is ready."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from project.servers.errors import ServerDidNotStart
from project.servers.guard import Guard
from project.servers.programs import Program
from project.servers.unprivileged import Credentials, get_credentials

READY_SECONDS = 90.0
START_ATTEMPTS = 3  # somebody else may take the free port between our choosing and our using it


class Server:
    """One private server. `prepare`, `launch` and `wait_until_ready` are apart so that several can start side by side."""

    name: ClassVar[str]
    variable: ClassVar[str]
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    fast_stop_signal: ClassVar[signal.Signals] = signal.SIGKILL  # for data that is thrown away anyway

    def __init__(self, *, home: Path, durable: bool, guard: Guard) -> None:
        self.home = home
        self.durable = durable
        self.guard = guard
        self.program: Program
        self.port = 0
        self.log_offset = 0
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        raise NotImplementedError

    def prepare(self) -> None:
        """Find the program and begin whatever must precede the launch; must not block for long."""
        raise NotImplementedError

    def get_command(self) -> Sequence[str | Path]:
        raise NotImplementedError

    def is_ready(self) -> bool:
        raise NotImplementedError

    def launch(self) -> None:
        """Start the process on the port it had before, or on a free one. Safe to call again after the process was killed."""
        if self.process is not None:
            self.guard.forget(self.process.pid)
        self.port = self.port or find_free_port()
        self.log_offset = self.log.stat().st_size if self.log.exists() else 0
        self.process = self.spawn(self.get_command())
        self.guard.end_group(self.process.pid, self.stop_signal)

    def spawn(self, command: Sequence[str | Path]) -> subprocess.Popen[bytes]:
        """Start a program in a session of its own, with a small environment, writing to this server's log."""
        with self.log.open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC", "HOME": "/"},
                start_new_session=True,
                **self.get_credentials(),
            )

    def get_credentials(self) -> Credentials:
        """Who the process runs as; as we do, unless a server says otherwise."""
        return get_credentials(None)

    @property
    def log(self) -> Path:
        return self.home / f"{self.name}.log"

    def wait_until_ready(self) -> None:
        """Return when the server answers.

        Raises ServerDidNotStart with the end of its log when it died or stays silent.
        """
        for _ in range(START_ATTEMPTS):
            deadline = time.monotonic() + READY_SECONDS
            while self.process is not None and self.process.poll() is None and time.monotonic() < deadline:
                if self.is_ready():
                    return
                time.sleep(0.02)
            complaint = self.read_log().lower()
            if "already in use" in complaint:  # the port, taken by somebody else
                self.port = 0
            elif "still in use" in complaint:  # shared memory, by the last children of a PostgreSQL that was killed
                time.sleep(1)
            else:
                break
            self.launch()
        reason = self.read_log().strip() or "nothing"
        raise ServerDidNotStart(f"The private {self.name} server ({self.program}) did not start; its log says: {reason}")

    def read_log(self) -> str:
        """The end of what was logged since the last launch."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(max(self.log_offset, self.log.stat().st_size - 2000))
            return log.read().decode(errors="replace")

    def stop(self) -> None:
        """Ask the process to end and insist after ten seconds."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.signal(self.stop_signal if self.durable else self.fast_stop_signal)
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.signal(signal.SIGKILL)
                self.process.wait()
        self.guard.forget(self.process.pid)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the whole process group."""
        if self.process is not None and self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)


def find_free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def talk(port: int, message: bytes, *, expect: bytes) -> bool:
    """Whether the server on this port answers this message as expected; False while nobody listens."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(message)
            return connection.recv(len(expect)).startswith(expect)
    except OSError:
        return False
