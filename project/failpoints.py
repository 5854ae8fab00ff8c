"""Named places where a fault harness may make this process fail: `FAILPOINTS="listen.after_xadd=kill,store.begin=sleep:5"`.

Without that variable `hit` does nothing. An action is `kill` (SIGKILL to this process), `exit` (code 86, no clean-up),
`sleep:SECONDS` or `raise` (`FailpointReached`); `@N` behind it acts at the N-th pass only, else at every one: `store.end=kill@3`.
Whatever acts first says so on standard error, so that a harness knows that its fault was exercised.
"""

import os
import re
import signal
import time
from dataclasses import dataclass

from django.core.exceptions import ImproperlyConfigured

from project.env import read_failpoints

EXIT_CODE = 86
_ACTION = re.compile(r"(?P<action>kill|exit|raise|sleep:(?P<seconds>\d+(?:\.\d+)?))(?:@(?P<turn>[1-9]\d*))?")


class FailpointReached(Exception):
    """What the action `raise` raises; nothing in the code expects it."""


@dataclass
class _Failpoint:
    """One armed place. `turn` is the only pass that acts, None for every pass."""

    action: str
    seconds: float
    turn: int | None
    passes: int = 0


def parse(text: str) -> dict[str, _Failpoint]:
    """Name -> what happens there. Errors: `ImproperlyConfigured` with a sentence that shows the grammar."""
    armed: dict[str, _Failpoint] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, action = part.partition("=")
        match = _ACTION.fullmatch(action)
        if not name or not match:
            raise ImproperlyConfigured(
                f"FAILPOINTS has {part!r}; write name=kill, name=exit, name=raise or name=sleep:SECONDS, each with @N if only "
                "the N-th pass should fail."
            )
        turn = int(match["turn"]) if match["turn"] else None
        armed[name] = _Failpoint(action=match["action"].partition(":")[0], seconds=float(match["seconds"] or 0), turn=turn)
    return armed


_armed = parse(read_failpoints())


def arm(text: str) -> None:
    """Arm this process anew, whatever its environment said: for a harness that forks what it has imported once."""
    _armed.clear()
    _armed.update(parse(text))


def hit(name: str) -> None:
    """Fail here, if the environment says so. Errors: `FailpointReached`."""
    if _armed and (point := _armed.get(name)):
        point.passes += 1
        if point.turn is None or point.turn == point.passes:
            _act(name, point)


def _act(name: str, point: _Failpoint) -> None:
    # past every buffer and logger: after a kill nothing else will be written
    os.write(2, f"failpoint {name}: {point.action}\n".encode())
    if point.action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif point.action == "exit":
        os._exit(EXIT_CODE)
    elif point.action == "sleep":
        time.sleep(point.seconds)
    else:
        raise FailpointReached(name)
