"""A pytest plugin that gives the suite real private servers. Loaded with `-p tests.plugin_servers` (see pyproject.toml).

It works at import time because pytest-django reads the settings, and they the environment, before any hook of ours could run.
The process that starts pytest starts the servers; the workers of pytest-xdist inherit the addresses, and each gets a Redis
database and a data directory of its own (pytest-django already gives each a PostgreSQL database of its own).
An address that is set in the environment is used as it is.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from project.servers import ServerSet, unset_servers

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
PRIVATE_REDIS = "CERCOLLETTIVA_TEST_REDIS"  # set for the workers: the Redis is ours, so it may be divided among them
PROGRAMS = "CERCOLLETTIVA_TEST_PROGRAMS"


def start() -> None:
    """Start what the environment does not name and put the addresses into it."""
    servers = ServerSet(need=unset_servers(os.environ), durable=False)
    atexit.register(servers.stop)
    urls = servers.start()
    os.environ.update(urls)
    if "REDIS_URL" in urls:
        os.environ[PRIVATE_REDIS] = urls["REDIS_URL"]
    os.environ[PROGRAMS] = ", ".join(f"{name} {server.program}" for name, server in servers.servers.items())
    directory = Path(tempfile.mkdtemp(prefix="cercollettiva-data-"))
    servers.guard.remove(directory)
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    os.environ["DATA_DIR"] = str(directory)


def divide() -> None:
    """Give this worker its own Redis database and data directory, so that suites running side by side never meet."""
    if private := os.environ.get(PRIVATE_REDIS):
        number = int(WORKER.removeprefix("gw")) + 1
        os.environ["REDIS_URL"] = f"{private.rsplit('/', 1)[0]}/{number}"
    directory = Path(os.environ["DATA_DIR"], WORKER)
    directory.mkdir(exist_ok=True)
    os.environ["DATA_DIR"] = str(directory)


def pytest_report_header(config: pytest.Config) -> str:
    return f"private servers: {os.environ.get(PROGRAMS) or 'none, every address comes from the environment'}"


if WORKER:
    divide()
else:
    start()
