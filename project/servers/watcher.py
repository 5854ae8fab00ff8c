"""Ends the servers of a process that died without saying goodbye. Run as a script, with nothing but the standard library.

The parent writes one line on our standard input for each thing to end: `group PID SIGNAL` for a server in a session of its own,
`process PID SIGNAL` for a single process, `forget PID` when it is gone, `remove PATH` for a temporary directory, and `done` when
the parent has cleaned up itself.
A parent that was killed is noticed by our own parent changing, which works on Linux and macOS, from any thread, and even while
a forked child still holds the other end of the pipe.
"""

import contextlib
import os
import select
import shutil
import signal
import sys
import time

POLL_SECONDS = 0.25
PATIENCE_SECONDS = 8.0


def main() -> None:
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    parent = int(sys.argv[1])
    orders: list[tuple[str, str]] = []
    unread = b""
    while os.getppid() == parent:
        readable, _, _ = select.select([0], [], [], POLL_SECONDS)
        chunk = os.read(0, 65536) if readable else b""
        if readable and not chunk:
            break
        *lines, unread = (unread + chunk).split(b"\n")
        for line in lines:
            if line == b"done":
                return
            order, rest = line.decode().split(" ", 1)
            if order == "forget":
                orders = [known for known in orders if known[1].split()[0] != rest]
            else:
                orders.append((order, rest))
    clean_up(orders)


def clean_up(orders: list[tuple[str, str]]) -> None:
    """End everything, last started first; ask first, then insist; then remove the directories."""
    running = []
    for kind, rest in reversed(orders):
        if kind != "remove":
            pid, number = map(int, rest.split())
            send = os.killpg if kind == "group" else os.kill
            with contextlib.suppress(ProcessLookupError, PermissionError):
                send(pid, number)
                running.append((send, pid))
    deadline = time.monotonic() + PATIENCE_SECONDS
    for send, pid in running:
        while is_alive(pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            send(pid, signal.SIGKILL)
    for kind, rest in orders:
        if kind == "remove":
            shutil.rmtree(rest, ignore_errors=True)


def is_alive(pid: int) -> bool:
    """Whether a process runs; a dead one that nobody has collected does not (in a container nobody may ever do it)."""
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat", "rb") as status:
            return status.read().rpartition(b") ")[2][:1] != b"Z"
    except ProcessLookupError:
        return False
    except OSError:  # no /proc here, or the process is another user's: the signal has already told
        return True


if __name__ == "__main__":
    main()
