"""Where server programs may be found: PATH first, then the usual places, then packages installed beside this interpreter.

A file with the right name is not yet a program that works, so every server checks its candidates itself before choosing one.
"""

import importlib.util
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

USUAL_PLACES = ("/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/opt/homebrew/bin", "/opt/homebrew/sbin")


@dataclass(frozen=True)
class Program:
    """A server program that was checked: where it is and which version it says it is."""

    path: Path
    version: str

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])

    def __str__(self) -> str:
        return f"{self.path} ({self.version})"


def list_executables(*names: str) -> Iterator[Path]:
    """Executables of these names on PATH and in the usual places, links resolved, each once, in order."""
    seen: set[Path] = set()
    for folder in [*os.environ.get("PATH", "").split(os.pathsep), *USUAL_PLACES]:
        for name in names:
            path = Path(folder or ".", name)
            if path.is_file() and os.access(path, os.X_OK) and (resolved := path.resolve()) not in seen:
                seen.add(resolved)
                yield resolved


def get_package_folder(package: str) -> Path | None:
    """The folder of an installed package, without importing it; None when it is not installed."""
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else None


def read_version(path: Path, *arguments: str, pattern: str) -> str | None:
    """The version a program prints of itself, or None when it cannot even do that."""
    try:
        done = subprocess.run([path, *arguments], capture_output=True, text=True, errors="replace", timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(pattern, done.stdout + done.stderr)
    return found[1] if found else None
