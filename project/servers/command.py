"""`manage.py servers [--keep DIR] -- COMMAND…`: run a command with private servers for whatever the environment does not name.

Django is not set up here: its settings need the addresses that this command provides. Standard input, output and error belong to
the command; we speak on standard error, and only when something fails.
"""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from project.servers.errors import ServerError
from project.servers.postgres import Postgres
from project.servers.serverset import ServerSet, unset_servers

MANAGE = Path(__file__).resolve().parents[2] / "manage.py"
WRONG_USAGE = 2
NOT_EXECUTABLE = 126
NOT_FOUND = 127


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit code; 1 when a server did not start, 2 for wrong usage."""
    parser = argparse.ArgumentParser(
        prog="manage.py servers",
        usage="manage.py servers [--keep DIR] -- COMMAND...",
        description="Run COMMAND with private PostgreSQL, Redis and MQTT servers for whatever of DATABASE_URL, REDIS_URL and "
        "MQTT_URL is not set in the environment, and stop them after it. A private database has its tables before that.",
    )
    parser.add_argument("--keep", metavar="DIR", type=Path, help="keep the data of the servers there, for the next call")
    before, separator, command = _split(arguments)
    options = parser.parse_args(before)
    if not separator or not command:
        parser.error("write the command to run after --")
    signal.signal(signal.SIGTERM, _raise_system_exit)
    servers: ServerSet | None = None
    try:
        servers = ServerSet(directory=options.keep, need=unset_servers(os.environ))
        environment = os.environ | servers.start()
        if Postgres.name in servers.servers:
            _migrate(environment, servers)
        return _run(command, environment, servers)
    except ServerError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    finally:
        if servers is not None:
            _ignore_interruptions()
            servers.stop()


def _split(arguments: Sequence[str]) -> tuple[list[str], bool, list[str]]:
    """What comes before the first `--`, whether there is one, and what comes after."""
    if "--" not in arguments:
        return list(arguments), False, []
    index = list(arguments).index("--")
    return list(arguments[:index]), True, list(arguments[index + 1 :])


def _migrate(environment: dict[str, str], servers: ServerSet) -> None:
    """Create or update the tables; silent unless it fails."""
    migrating = subprocess.Popen(
        [sys.executable, MANAGE, "migrate", "--no-input", "-v0"],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    servers.guard.end_process(migrating.pid, signal.SIGTERM)
    output, _ = migrating.communicate()
    servers.guard.forget(migrating.pid)
    if migrating.returncode != 0:
        sys.stderr.buffer.write(output)
        raise ServerError("The tables of the private database could not be created; the reason is above.")


def _run(command: Sequence[str], environment: dict[str, str], servers: ServerSet) -> int:
    """Run the command as if we were not there: Ctrl-C reaches it directly, our SIGTERM is passed on, its exit code is ours."""
    try:
        running = subprocess.Popen(command, env=environment)
    except FileNotFoundError:
        print(f"There is no command {command[0]}.", file=sys.stderr)
        return NOT_FOUND
    except PermissionError:
        print(f"{command[0]} cannot be executed.", file=sys.stderr)
        return NOT_EXECUTABLE
    servers.guard.end_process(running.pid, signal.SIGTERM)
    signal.signal(signal.SIGTERM, lambda number, frame: running.send_signal(number))
    signal.signal(signal.SIGINT, lambda number, frame: None)  # the terminal sent it to the command as well
    code = running.wait()
    servers.guard.forget(running.pid)
    return code if code >= 0 else 128 - code


def _raise_system_exit(number: int, frame: object) -> None:
    """A SIGTERM before the command runs ends us through `finally`, so that what was started is stopped."""
    raise SystemExit(128 + number)


def _ignore_interruptions() -> None:
    """A second Ctrl-C must not interrupt the orderly stop of the servers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
