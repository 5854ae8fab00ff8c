"""A private PostgreSQL. It listens on the loopback interface only and trusts whoever connects: for demo and test data."""

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

import psycopg

from project.servers.errors import DataNotUsable, ServerDidNotStart
from project.servers.guard import Guard
from project.servers.postgres_programs import find_postgres
from project.servers.server import Server
from project.servers.unprivileged import Credentials, get_credentials, get_unprivileged_user

ROLE = DATABASE = "cercollettiva"


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

    def get_credentials(self) -> Credentials:
        return get_credentials(self.user)

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
