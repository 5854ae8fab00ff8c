"""Processes that are made to be killed: each in a session of its own, ended by the id of its process group, never by a name."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from project.servers.guard import Guard

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 180.0  # with what comes by itself sooner or later: the machine may be busy with other things


class NotExercised(Exception):
    """A fault was asked for and did not happen: what came out of the run says nothing."""


def wait_for(condition: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Errors: `NotExercised` when it has not come true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise NotExercised(f"{what} did not happen within {seconds:.0f} s.")
        time.sleep(0.02)


class Child:
    """One kind of process that can be launched again and again; what it prints goes to one log."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], logs: Path, guard: Guard) -> None:
        self.name = name
        self.log = logs / f"{name}.log"
        self.launches = 0
        self._command, self._environment, self._guard = command, environment, guard
        self._process: subprocess.Popen[bytes] | None = None
        self._log_offset = 0

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def launch(self, *, failpoints: str = "") -> None:
        """Start it, armed with these failpoints."""
        assert not self.alive
        if self._process is not None:
            self._guard.forget(self._process.pid)
        self._log_offset = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env={**self._environment, "FAILPOINTS": failpoints},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=ROOT,
                start_new_session=True,
            )
        self._guard.end_group(self._process.pid, signal.SIGKILL)
        self.launches += 1

    def send(self, number: signal.Signals) -> None:
        """Signal the whole group. Errors: `NotExercised` when it is dead already."""
        if not self.alive:
            raise NotExercised(f"{self.name} was dead before the fault: {self.tail()}")
        os.killpg(self.pid, number)

    def freeze(self) -> None:
        self.send(signal.SIGSTOP)
        wait_for(lambda: _state(self.pid) == "T", f"the freezing of {self.name}")

    def thaw(self) -> None:
        self.send(signal.SIGCONT)
        wait_for(lambda: _state(self.pid) != "T", f"the thawing of {self.name}")

    def kill(self) -> None:
        """End the group without warning and collect it. Errors: `NotExercised` when it died of something else."""
        self.send(signal.SIGKILL)
        assert self._process is not None
        if self._process.wait(PATIENCE_SECONDS) != -signal.SIGKILL:
            raise NotExercised(f"{self.name} ended by itself with {self._process.returncode}: {self.tail()}")

    def end(self) -> None:
        """End it whatever state it is in."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(PATIENCE_SECONDS)

    def stop(self, seconds: float) -> int:
        """Ask it to end in good order; returns its exit code. Errors: `subprocess.TimeoutExpired`."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(seconds)

    def said(self, text: str) -> bool:
        """Whether it printed this since it was launched last."""
        with self.log.open("rb") as log:
            log.seek(self._log_offset)
            return text.encode() in log.read()

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-1500:] if self.log.exists() else "it printed nothing"


def group_members(group: int) -> set[int]:
    """Return the processes of a process group."""
    members = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, ProcessLookupError):
                if os.getpgid(int(entry.name)) == group:
                    members.add(int(entry.name))
    return members


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][:1]
    except OSError:
        return ""
