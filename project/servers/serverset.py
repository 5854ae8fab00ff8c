"""Several private servers started side by side, in a temporary directory or in one that is kept, and stopped together."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from project.servers.guard import Guard
from project.servers.home import Home
from project.servers.mqtt import Mqtt
from project.servers.postgres import Postgres
from project.servers.redis import Redis
from project.servers.server import Server

KINDS: dict[str, type[Server]] = {kind.name: kind for kind in (Postgres, Redis, Mqtt)}
ALL_SERVERS = tuple(KINDS)


class ServerSet:
    """Private servers by name. A harness may kill `servers["redis"].process` and call `servers["redis"].launch()` again."""

    def __init__(self, *, directory: Path | None = None, need: Sequence[str] = ALL_SERVERS, durable: bool = True) -> None:
        self.home = Home(directory)
        self.guard = Guard(lock=self.home.lock)
        if self.home.temporary:
            self.guard.remove(self.home.path)
        self.servers: dict[str, Server] = {}
        for name in need:
            folder = self.home.get_folder(name, unprivileged=name == Postgres.name)
            self.servers[name] = KINDS[name](home=folder, durable=durable, guard=self.guard)

    def start(self) -> dict[str, str]:
        """Start all of them side by side and return the environment variables that lead to them."""
        for server in self.servers.values():
            server.prepare()
        # PostgreSQL last: its launch waits for initdb, and the others become ready meanwhile
        for server in sorted(self.servers.values(), key=lambda server: server.name == Postgres.name):
            server.launch()
        for server in self.servers.values():
            server.wait_until_ready()
        return {server.variable: server.url for server in self.servers.values()}

    def stop(self) -> None:
        """Stop what was started, last first, and remove what was temporary."""
        for server in reversed(self.servers.values()):
            server.stop()
        self.guard.dismiss()
        self.home.release()


@contextlib.contextmanager
def running_servers(
    directory: Path | None = None, need: Sequence[str] = ALL_SERVERS, *, durable: bool = True
) -> Iterator[dict[str, str]]:
    """Run private servers for the duration of a block; gives the environment variables that lead to them.

    `directory` keeps their data for the next time (None: a temporary one), `need` names some of ALL_SERVERS, `durable=False` is
    for tests: faster, and everything is lost when the machine is. Raises a ServerError with a sentence for a person.
    """
    servers = ServerSet(directory=directory, need=need, durable=durable)
    try:
        yield servers.start()
    finally:
        servers.stop()


def unset_servers(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The names of the servers whose address the environment does not give."""
    return tuple(name for name, kind in KINDS.items() if not environ.get(kind.variable))
