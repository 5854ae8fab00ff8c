#!/usr/bin/env python3
"""Make this checkout ready: virtual environment, locked packages, system libraries, translations.

    python3 scripts/setup.py demo|test

Only the standard library, because nothing else is there yet. Running it again costs well under a second unless a lock file, the
interpreter or a translation changed. Whatever fails is said in one sentence, and the exit code is 1.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from pathlib import Path

from python_packages import install_packages
from steps import SetupFailed, run
from system_packages import install_system_packages

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
OLDEST, NEWEST = (3, 11), (3, 14)
PURPOSES = ("demo", "test")


def main() -> int:
    if sys.argv[1:] not in [[purpose] for purpose in PURPOSES]:
        print("usage: setup.py demo|test", file=sys.stderr)
        return 2
    try:
        use_supported_python()
        VENV.mkdir(exist_ok=True)
        with (VENV / ".set-up").open("w") as lock:  # two set-ups of one checkout take turns (.lock is uv's own)
            fcntl.flock(lock, fcntl.LOCK_EX)
            install_packages(root=ROOT, venv=VENV)
            install_system_packages(purpose=sys.argv[1], memory=VENV)
            compile_translations()
    except SetupFailed as failure:
        print(f"Set-up failed: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def use_supported_python() -> None:
    """Go on under another interpreter of this machine when this one is too old or too new."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        other = shutil.which(f"python3.{minor}")
        if other and run([other, "--version"], check=False).returncode == 0:
            os.execv(other, [other, *sys.argv])
    this = sys.version.split()[0]
    raise SetupFailed(
        f"Python 3.{OLDEST[1]} to 3.{NEWEST[1]} is needed and this is {this}: install python3.{OLDEST[1]} or newer."
    )


def compile_translations() -> None:
    """Compile the .po files that are newer than what was compiled from them."""
    sources = [path for room in ("project", "apps", "reports", "locale") for path in (ROOT / room).rglob("*.po")]
    stale = [source for source in sources if is_older(source.with_suffix(".mo"), source)]
    if stale:
        compiler = [VENV / "bin" / "python", ROOT / "scripts" / "compile_translations.py"]
        run([*compiler, *stale], failure="a translation cannot be compiled")


def is_older(made: Path, source: Path) -> bool:
    return not made.exists() or made.stat().st_mtime < source.stat().st_mtime


if __name__ == "__main__":
    sys.exit(main())
