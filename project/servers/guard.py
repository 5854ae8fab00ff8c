"""Our end of the watcher: starting it, and telling it what to end should we be killed."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

WATCHER = Path(__file__).with_name("watcher.py")


class Guard:
    """A promise that nothing we start outlives us. `lock` is an open file the watcher holds until it is finished."""

    def __init__(self, *, lock: int | None = None) -> None:
        reading, self._pipe = os.pipe()
        self._watcher = subprocess.Popen(
            [sys.executable, "-I", "-S", WATCHER, str(os.getpid())],
            stdin=reading,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=() if lock is None else (lock,),
            cwd="/",
        )
        os.close(reading)

    def end_group(self, pid: int, number: signal.Signals) -> None:
        self._tell(f"group {pid} {int(number)}")

    def end_process(self, pid: int, number: signal.Signals) -> None:
        self._tell(f"process {pid} {int(number)}")

    def forget(self, pid: int) -> None:
        self._tell(f"forget {pid}")

    def remove(self, directory: Path) -> None:
        self._tell(f"remove {directory}")

    def dismiss(self) -> None:
        """Everything was cleaned up: the watcher goes without doing anything."""
        self._tell("done")
        os.close(self._pipe)
        self._watcher.wait()

    def _tell(self, line: str) -> None:
        with contextlib.suppress(BrokenPipeError):  # somebody killed the watcher: no reason not to end in good order
            os.write(self._pipe, line.encode() + b"\n")
