"""The virtual environment and what is in it: exactly the locked packages, each checked against its hash."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import sys
from pathlib import Path

from steps import SetupFailed, run, say
from system_packages import install_with_apt

LOCKS = ("uv.txt", "dev.txt")


def install_packages(*, root: Path, venv: Path) -> None:
    """Bring the environment to the locks. Does nothing when a stamp says that it was brought there before."""
    locks = [root / "requirements" / name for name in LOCKS]
    stamp, expected = venv / ".stamp", compute_stamp(locks, venv)
    if stamp.exists() and stamp.read_text() == expected:
        return
    stamp.unlink(missing_ok=True)
    make_environment(venv, uv_lock=locks[0])
    say("Installing the locked Python packages…")
    python = venv / "bin" / "python"
    # uv first, for it takes seconds; pip, if uv does not run here or cannot reach the packages as pip is configured to
    options = ["--require-hashes", "--only-binary", ":all:"]
    # compiled at once, as pip does: where Python may not write its cache, every command would compile Django anew
    sync: list[str | Path] = [python, "-m", "uv", "pip", "sync", "--compile-bytecode", "--python", python]
    with_uv = run([*sync, *options, *locks], check=False, env=get_uv_environment())
    if with_uv.returncode != 0:
        requirements = [part for lock in locks for part in ("--requirement", lock)]
        run(
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *options, *requirements],
            failure="the locked Python packages cannot be installed (is the network there?)",
        )
    write_path_file(root, venv)
    stamp.write_text(expected)


def compute_stamp(locks: list[Path], venv: Path) -> str:
    """What the environment depends on: the locks, the interpreter, and the place (environments cannot be moved)."""
    digest = hashlib.sha256(f"{sys.version}\n{sys.platform}\n{venv}\n".encode())
    for lock in locks:
        digest.update(lock.read_bytes())
    return digest.hexdigest()


def make_environment(venv: Path, *, uv_lock: Path) -> None:
    """An environment with uv in it, also on a Debian that has Python but neither pip nor the rest of venv."""
    say("Creating the virtual environment…")
    for leftover in ("bin", "include", "lib", "lib64", "pyvenv.cfg"):
        path = venv / leftover
        if path.is_symlink() or path.is_file():
            path.unlink()
        else:
            shutil.rmtree(path, ignore_errors=True)
    install: list[str | Path] = [
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--require-hashes",
        "--requirement",
        uv_lock,
    ]
    if not has_module("ensurepip") and not has_module("pip"):
        install_pip()
    if has_module("ensurepip"):
        run([sys.executable, "-m", "venv", venv], failure="the virtual environment cannot be created")
        pip: list[str | Path] = [venv / "bin" / "python", "-m", "pip"]
    else:
        run([sys.executable, "-m", "venv", "--without-pip", venv], failure="the virtual environment cannot be created")
        pip = [sys.executable, "-m", "pip", "--python", venv / "bin" / "python"]
    run([*pip, *install], failure="the installer uv cannot be fetched (is the network there?)")


def install_pip() -> None:
    """Debian keeps pip apart from Python: fetch it, or say what to fetch."""
    package = f"python3.{sys.version_info[1]}-venv"
    reason = install_with_apt([package])
    importlib.invalidate_caches()
    if reason or not has_module("ensurepip"):
        reason = reason or "that was done and was not enough"
        raise SetupFailed(f"Python lacks its venv module: run `apt-get install {package}` as root ({reason}).")


def has_module(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def get_uv_environment() -> dict[str, str]:
    """uv does not read pip's settings; the ones a company's network needs are handed on."""
    environment = dict(os.environ)
    environment.setdefault("UV_SYSTEM_CERTS", "true")
    if "PIP_INDEX_URL" in environment:
        environment.setdefault("UV_DEFAULT_INDEX", environment["PIP_INDEX_URL"])
    return environment


def write_path_file(root: Path, venv: Path) -> None:
    """Let every program of the environment import this checkout, from whatever directory it is started."""
    folder = venv / "lib" / f"python3.{sys.version_info[1]}" / "site-packages"
    (folder / "cercollettiva.pth").write_text(f"{root}\n")
