"""One process per trigger, forked from what was imported once, and killed as its trigger says."""

import contextlib
import os
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from django.db import OperationalError, connections

from project import failpoints
from project.servers.guard import Guard
from tests.faults.children import PATIENCE_SECONDS, NotExercised
from tests.faults.money.triggers import Trigger, do

AT_ONCE = 24
LONGEST_SECONDS = PATIENCE_SECONDS
CUT, CRASHED = 3, 4  # exit codes: the database went away; nobody expected this
_FROZEN_SECONDS = 0.15
_ACTIONS = {"kill": "kill", "freeze": "sleep:600", "pause": "sleep:0.5"}


@dataclass(slots=True)
class _Shot:
    trigger: Trigger
    pid: int
    log: Path
    since: float
    frozen_at: float = 0.0


class Gun:
    """Fires triggers side by side and keeps count of what happened to them."""

    def __init__(self, directory: Path, truth: Path, guard: Guard) -> None:
        self.truth = truth
        self.fired = self.kills = self.cut = 0
        self.killed_at: Counter[str] = Counter()
        self.crashes: list[str] = []
        self.cuts_allowed = False  # while the database is being stopped a lost connection is nobody's fault
        self._directory, self._guard = directory, guard
        directory.mkdir(parents=True, exist_ok=True)
        self._flying: dict[int, _Shot] = {}

    def fire(self, triggers: Iterable[Trigger], *, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Fire all of them, `AT_ONCE` side by side, and wait until the last has ended."""
        waiting = list(triggers)[::-1]
        while waiting or self._flying:
            while waiting and len(self._flying) < AT_ONCE:
                self._launch(waiting.pop())
            self._reap()
            meanwhile()
            time.sleep(0.003)

    def _launch(self, trigger: Trigger) -> None:
        self.fired += 1
        trigger.number = self.fired
        log = self._directory / f"{self.fired}.log"
        pid = os.fork()
        if pid == 0:
            _be(trigger, log, self.truth)
        self._guard.end_group(pid, signal.SIGKILL)
        self._flying[pid] = _Shot(trigger, pid, log, time.monotonic())

    def _reap(self) -> None:
        for pid, shot in list(self._flying.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if not ended:
                self._hurt(shot)
                continue
            del self._flying[pid]
            self._guard.forget(pid)
            self._note(shot, os.waitstatus_to_exitcode(status))
            shot.log.unlink(missing_ok=True)

    def _hurt(self, shot: _Shot) -> None:
        now = time.monotonic()
        mode = shot.trigger.mode
        its_time = mode == "anywhere" and now - shot.since > shot.trigger.delay_seconds
        its_place = mode == "freeze" and f"failpoint {shot.trigger.point}: sleep" in _said(shot.log)
        if shot.frozen_at:
            if now - shot.frozen_at > _FROZEN_SECONDS:
                _send(shot.pid, signal.SIGKILL)
        elif its_time or its_place:
            _send(shot.pid, signal.SIGSTOP)
            shot.frozen_at = now
        elif now - shot.since > LONGEST_SECONDS:
            _send(shot.pid, signal.SIGKILL)
            raise NotExercised(f"{shot.trigger} did not end within {LONGEST_SECONDS:.0f} s: {_said(shot.log)[-500:]}")

    def _note(self, shot: _Shot, code: int) -> None:
        said = _said(shot.log)
        if code == -signal.SIGKILL:
            self.kills += 1
            self.killed_at[shot.trigger.point if f"failpoint {shot.trigger.point}:" in said else "anywhere"] += 1
        elif code == CUT and self.cuts_allowed:
            self.cut += 1
        elif code:
            self.crashes.append(f"{shot.trigger.name} ended with {code}: {said[-1500:]}")


def _be(trigger: Trigger, log: Path, truth: Path) -> None:
    """The child: a session of its own, no descriptor of the parent's, armed, and gone without clean-up."""
    os.setsid()
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.closerange(3, 1024)
    code = 0
    try:
        connections.close_all()
        failpoints.arm(f"{trigger.point}={_ACTIONS[trigger.mode]}" if trigger.mode in _ACTIONS else "")
        do(trigger, truth)
    except OperationalError:
        traceback.print_exc()
        code = CUT
    except BaseException:  # noqa: BLE001 — the child ends here, whatever happened
        traceback.print_exc()
        code = CRASHED
    sys.stderr.flush()
    os._exit(code)


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)


def _said(log: Path) -> str:
    try:
        return log.read_text(errors="replace")
    except FileNotFoundError:
        return ""
