"""Time a command as a whole process, with the largest memory that any of its processes reached."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

KIB_PER_MIB = 1024
# The watcher waits for the command and everything under it, and asks the kernel for the largest resident set among them.
WATCHER = """
import json, resource, subprocess, sys, time
started = time.perf_counter()
done = subprocess.run(sys.argv[1:], capture_output=True, text=True)
wall = time.perf_counter() - started
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps({"wall": wall, "peak": peak, "code": done.returncode, "out": done.stdout, "err": done.stderr}))
"""


@dataclass(frozen=True, slots=True)
class Timing:
    wall_s: float
    peak_rss_mb: float  # of the largest single process of the tree
    output: str


def timed(command: Sequence[str], **environment: str) -> Timing:
    """Run a command to its end. Errors: `CalledProcessError` when it fails, with its standard error."""
    watched = subprocess.run(
        [sys.executable, "-c", WATCHER, *command], capture_output=True, text=True, check=True, env={**os.environ, **environment}
    )
    seen = json.loads(watched.stdout)
    if seen["code"]:
        raise subprocess.CalledProcessError(seen["code"], list(command), seen["out"], seen["err"])
    return Timing(wall_s=seen["wall"], peak_rss_mb=seen["peak"] / KIB_PER_MIB, output=seen["out"])


def median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def clock() -> float:
    return time.perf_counter()
