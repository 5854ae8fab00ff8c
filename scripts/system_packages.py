"""Libraries and programs that do not come from Python: found, or installed with apt or Homebrew, or asked for in one sentence."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from steps import SetupFailed, get_last_words, run, say

RETRY_SECONDS = 3600  # a thing that could not be installed is not tried again at every start
BREW_LIBRARIES = (Path("/opt/homebrew/lib"), Path("/usr/local/lib"))
CHROMIUM_ON_MACOS = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")


@dataclass(frozen=True)
class Need:
    """Something the machine must or should have. `without` says what is lost; None means that we cannot go on."""

    name: str
    purposes: tuple[str, ...]
    is_there: Callable[[], bool]
    apt: tuple[str, ...]
    brew: tuple[str, ...]
    without: str | None


def has_pango() -> bool:
    if sys.platform == "darwin":
        return any((folder / "libpango-1.0.dylib").exists() for folder in BREW_LIBRARIES)
    try:
        for library in ("libpango-1.0.so.0", "libpangoft2-1.0.so.0", "libharfbuzz-subset.so.0"):
            ctypes.CDLL(library)
    except OSError:
        return False
    return True


def has_mosquitto() -> bool:
    return has_program("mosquitto", "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")


def has_chromium() -> bool:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return any(has_program(name) for name in names) or CHROMIUM_ON_MACOS.exists()


NEEDS = (
    Need(
        name="Pango",
        purposes=("demo", "test"),
        is_there=has_pango,
        apt=("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0", "fonts-dejavu-core"),
        brew=("pango",),
        without=None,
    ),
    Need(
        name="Mosquitto",
        purposes=("test",),
        is_there=has_mosquitto,
        apt=("mosquitto",),
        brew=("mosquitto",),
        without="tests of the broker's own behaviour are skipped",
    ),
    Need(
        name="Chromium",
        purposes=("test",),
        is_there=has_chromium,
        apt=("chromium",),
        brew=("--cask", "chromium"),
        without="tests in a browser are skipped",
    ),
)


def install_system_packages(*, purpose: str, memory: Path) -> None:
    """Install what is missing for this purpose; raises SetupFailed only for what nothing works without."""
    for need in NEEDS:
        if purpose not in need.purposes or need.is_there():
            continue
        tried = memory / f".tried-{need.name.lower()}"
        if need.without and tried.exists() and time.time() - tried.stat().st_mtime < RETRY_SECONDS:
            say(f"{need.name} is not there ({tried.read_text()}): {need.without}.")
            continue
        say(f"Installing {need.name}…")
        reason = install_with_brew(need.brew) if sys.platform == "darwin" else install_with_apt(need.apt)
        if not reason and need.is_there():
            continue
        reason = reason or "it was installed but cannot be found"
        command = f"brew install {' '.join(need.brew)}" if sys.platform == "darwin" else f"apt-get install {' '.join(need.apt)}"
        if need.without is None:
            raise SetupFailed(f"{need.name} is missing: run `{command}` as an administrator ({reason}).")
        tried.write_text(reason)
        say(f"{need.name} is not there ({reason}): {need.without}. To have it, run `{command}` as an administrator.")


def install_with_apt(packages: Sequence[str]) -> str | None:
    """Install Debian packages; returns the reason when that is impossible, None when it is done."""
    if not shutil.which("apt-get"):
        return "this machine has no apt-get"
    prefix: list[str] = []
    if os.geteuid() != 0:
        if not shutil.which("sudo") or run(["sudo", "-n", "true"], check=False).returncode != 0:
            return "that needs root, or sudo without a password"
        prefix = ["sudo", "-n"]
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-o", "DPkg::Lock::Timeout=300"]
    install = [*apt, "install", "--yes", "--no-install-recommends", *packages]
    before = [name for name in packages if not Path("/lib/systemd/system", f"{name}.service").exists()]
    done = run(install, check=False)
    if done.returncode != 0:  # most often the lists of packages are missing or old
        run([*apt, "update"], check=False)
        done = run(install, check=False)
    if done.returncode != 0:
        return get_last_words(done)
    stop_services(before, prefix)
    return None


def stop_services(packages: Sequence[str], prefix: Sequence[str]) -> None:
    """A server that came only now was started by its package, on its standard port; we want the program, not the service."""
    for name in packages:
        if Path("/run/systemd/system").exists() and Path("/lib/systemd/system", f"{name}.service").exists():
            run([*prefix, "systemctl", "disable", "--now", name], check=False)


def install_with_brew(formulas: Sequence[str]) -> str | None:
    """Install with Homebrew; returns the reason when that is impossible, None when it is done."""
    if not shutil.which("brew"):
        return "Homebrew is not installed"
    done = run(["brew", "install", "--quiet", *formulas], check=False)
    return get_last_words(done) if done.returncode != 0 else None


def has_program(name: str, *more_folders: str) -> bool:
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", os.defpath), *more_folders])) is not None
