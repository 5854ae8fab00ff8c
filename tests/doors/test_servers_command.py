"""`manage.py servers -- COMMAND`: the command is run as if nothing were in between, and nothing survives it."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVERS = [sys.executable, str(ROOT / "manage.py"), "servers"]
# with these two named, only the broker is private, which starts in a moment
NAMED = {"DATABASE_URL": "postgres://named.invalid/db", "REDIS_URL": "redis://named.invalid"}
PRINT_ADDRESSES = "import os; print(os.environ['DATABASE_URL'], os.environ['REDIS_URL'], os.environ['MQTT_URL'])"


def make_environment(**more: str) -> dict[str, str]:
    """This environment without any server in it, so that the command has to provide them."""
    ours = ("DATABASE_URL", "REDIS_URL", "MQTT_URL", "PYTEST_XDIST_WORKER", "PYTEST_CURRENT_TEST")
    return {name: value for name, value in os.environ.items() if name not in ours} | more


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*SERVERS, *arguments], env=make_environment(**environment), input="said\n", capture_output=True, text=True, timeout=300
    )


def wait_until(condition, *, seconds: float = 60.0) -> bool:
    deadline = time.monotonic() + seconds
    while not (answer := condition()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return bool(answer)


def listens(url: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", urlsplit(url).port or 0)) == 0


def is_running(pid: int) -> bool:
    """Whether a process runs; one that ended and was not collected yet does not."""
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return done.stdout.strip() != "" and not done.stdout.startswith("Z")


def test_the_command_speaks_and_listens_for_itself_and_its_exit_code_is_ours():
    script = "import sys; print(sys.stdin.read().strip()); print('complaint', file=sys.stderr); sys.exit(7)"
    done = run("--", sys.executable, "-c", script, **NAMED)
    assert (done.returncode, done.stdout, done.stderr) == (7, "said\n", "complaint\n")


def test_only_what_is_not_named_is_private():
    done = run("--", sys.executable, "-c", PRINT_ADDRESSES, **NAMED)
    database, redis, mqtt = done.stdout.split()
    assert (database, redis) == (NAMED["DATABASE_URL"], NAMED["REDIS_URL"])
    assert mqtt.startswith("mqtt://127.0.0.1:")
    assert not listens(mqtt)  # and it is over


def test_a_private_database_has_its_tables_before_the_command_starts():
    script = (
        "import os, psycopg; c = psycopg.connect(os.environ['DATABASE_URL']);"
        "print(c.execute('select count(*) from communities_community').fetchone()[0])"
    )
    done = run("--", sys.executable, "-c", script, REDIS_URL="redis://named.invalid", MQTT_URL="mqtt://named.invalid")
    assert (done.returncode, done.stdout, done.stderr) == (0, "0\n", "")


@pytest.mark.parametrize("arguments", [(), ("--",), ("--keep",), ("--loose", "--", "true"), ("true",)])
def test_wrong_usage_is_explained_and_starts_nothing(arguments: tuple[str, ...]):
    done = run(*arguments, **NAMED)
    assert done.returncode == 2
    assert "usage: manage.py servers [--keep DIR] -- COMMAND..." in done.stderr
    assert done.stdout == ""


def test_a_command_that_does_not_exist_is_named():
    done = run("--", "no-such-command", **NAMED)
    assert (done.returncode, done.stderr) == (127, "There is no command no-such-command.\n")


@pytest.mark.fault
def test_nothing_survives_a_parent_that_was_killed(open_directory: Path):
    script = f"{PRINT_ADDRESSES}; print(os.getpid(), flush=True); import time; time.sleep(600)"
    environment = make_environment(DATABASE_URL=NAMED["DATABASE_URL"], TMPDIR=str(open_directory))
    parent = subprocess.Popen([*SERVERS, "--", sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert parent.stdout is not None
        _, redis, mqtt = parent.stdout.readline().split()
        command = int(parent.stdout.readline())
        assert listens(redis)
        assert listens(mqtt)
        assert is_running(command)
        assert list(open_directory.glob("cercollettiva-*"))
    finally:
        parent.kill()
        parent.wait()
    assert wait_until(lambda: not listens(redis) and not listens(mqtt))
    assert wait_until(lambda: not is_running(command))
    assert wait_until(lambda: not list(open_directory.glob("cercollettiva-*")))


@pytest.mark.fault
def test_nothing_survives_a_parent_that_was_killed_while_a_child_holds_its_pipes(open_directory: Path):
    """A forked child keeps the pipe to the watcher open: the end of the file alone would not tell that the parent is gone."""
    script = (
        "import os, time\n"
        "from project.servers import ServerSet\n"
        "servers = ServerSet(need=['redis'])\n"
        "url = servers.start()['REDIS_URL']\n"
        "child = os.fork()\n"
        "if child: print(url, child, flush=True)\n"
        "time.sleep(600)\n"
    )
    environment = make_environment(TMPDIR=str(open_directory), **NAMED)
    parent = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert parent.stdout is not None
        redis, child = parent.stdout.readline().split()
        assert listens(redis)
    finally:
        parent.kill()
        parent.wait()
    try:
        assert wait_until(lambda: not listens(redis))
        assert is_running(int(child))  # it was not ours to end
    finally:
        os.kill(int(child), signal.SIGKILL)


@pytest.mark.fault
def test_a_termination_is_passed_on_and_the_servers_stop_in_good_order():
    script = (
        f"{PRINT_ADDRESSES}\nimport signal, sys\nsignal.signal(15, lambda *_: sys.exit(9))\nprint(1, flush=True)\nsignal.pause()"
    )
    parent = subprocess.Popen(
        [*SERVERS, "--", sys.executable, "-c", script], env=make_environment(**NAMED), stdout=subprocess.PIPE, text=True
    )
    try:
        assert parent.stdout is not None
        mqtt = parent.stdout.readline().split()[2]
        parent.stdout.readline()
        parent.terminate()
        assert parent.wait(timeout=60) == 9
        assert not listens(mqtt)
    finally:
        parent.kill()
