"""How set-up runs other programs: quietly, and with one sentence when they fail."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


class SetupFailed(Exception):
    """Set-up cannot go on; the message is the one sentence to print."""


def say(sentence: str) -> None:
    """Tell the person, on standard error: what a make target prints on standard output is its own."""
    print(sentence, file=sys.stderr, flush=True)


def run(
    command: Sequence[str | Path], *, failure: str = "", check: bool = True, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program and keep its output to ourselves.

    With `check`, raises SetupFailed when it fails: `failure`, then the last thing the program said.
    """
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=env,
            check=False,
        )
    except OSError as error:
        done = subprocess.CompletedProcess(command, returncode=127, stdout=str(error))
    if check and done.returncode != 0:
        raise SetupFailed(f"{failure or f'{command[0]} failed'}: {get_last_words(done)}.")
    return done


def get_last_words(done: subprocess.CompletedProcess[str]) -> str:
    """The line of the output that says why: the last one that speaks of an error, else the last one."""
    lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    complaints = [line for line in lines if line.lower().startswith(("e:", "error", "fatal", "× ", "caused by"))]
    return (complaints or lines or ["it said nothing"])[-1].rstrip(".")
