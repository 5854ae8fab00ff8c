"""Private servers are real, keep what they were told to keep, and leave nothing behind."""

import os
import shutil
import signal
import socket
import stat
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis

from project.servers import ServerSet, running_servers, unset_servers
from project.servers import home as home_module
from project.servers.errors import DataNotUsable, DirectoryInUse, ServerDidNotStart

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as somebody else")


def listens(url: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", urlsplit(url).port or 0)) == 0


def test_servers_are_set_up_as_the_application_needs_them_and_gone_afterwards():
    with running_servers(durable=False) as urls:
        assert set(urls) == {"DATABASE_URL", "REDIS_URL", "MQTT_URL"}
        assert all(listens(url) for url in urls.values())
        with psycopg.connect(urls["DATABASE_URL"]) as connection:
            connection.execute("CREATE EXTENSION btree_gist")  # raises if the program came without it
            assert connection.execute("SHOW timezone").fetchone() == ("UTC",)
            assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)
        with redis.Redis.from_url(urls["REDIS_URL"]) as client:
            assert client.config_get("appendonly") == {"appendonly": "yes"}
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    assert not any(listens(url) for url in urls.values())


def test_a_temporary_directory_is_removed_and_fsync_is_off_only_when_nothing_is_durable():
    servers = ServerSet(need=["postgres"], durable=False)
    try:
        with psycopg.connect(servers.start()["DATABASE_URL"]) as connection:
            assert connection.execute("SHOW fsync").fetchone() == ("off",)
        assert servers.home.path.is_dir()
    finally:
        servers.stop()
    assert not servers.home.path.exists()


def test_kept_data_is_there_the_next_time_and_was_written_with_fsync(open_directory: Path):
    with running_servers(open_directory / "kept", need=["postgres", "redis"]) as urls:
        with psycopg.connect(urls["DATABASE_URL"]) as connection:
            assert connection.execute("SHOW fsync").fetchone() == ("on",)
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        with redis.Redis.from_url(urls["REDIS_URL"]) as client:
            client.set("answer", "42")
    with running_servers(open_directory / "kept", need=["postgres", "redis"]) as urls:
        with psycopg.connect(urls["DATABASE_URL"]) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
        with redis.Redis.from_url(urls["REDIS_URL"]) as client:
            assert client.get("answer") == b"42"


@as_root
def test_data_kept_where_postgresql_may_not_go_lies_outside_and_is_found_again(open_directory: Path):
    closed = open_directory / "closed"
    closed.mkdir(mode=0o700)
    with running_servers(closed / "kept", need=["postgres"]) as urls, psycopg.connect(urls["DATABASE_URL"]) as connection:
        connection.execute("CREATE TABLE kept ()")
    outside = (closed / "kept" / "postgres").readlink()
    assert not outside.is_relative_to(open_directory)
    with running_servers(closed / "kept", need=["postgres"]) as urls, psycopg.connect(urls["DATABASE_URL"]) as connection:
        connection.execute("SELECT * FROM kept")
    assert outside.name.startswith(home_module.PREFIX)
    shutil.rmtree(outside)


def test_two_runs_cannot_share_a_directory(open_directory: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(home_module, "LOCK_SECONDS", 0.2)
    with running_servers(open_directory, need=["redis"]), pytest.raises(DirectoryInUse, match="stop that run first"):
        ServerSet(directory=open_directory, need=["redis"])
    with running_servers(open_directory, need=["redis"]) as urls:  # free again
        assert listens(urls["REDIS_URL"])


def test_data_of_a_version_that_is_not_here_is_refused_and_left_alone(open_directory: Path):
    with running_servers(open_directory, need=["postgres"]):
        pass
    version = open_directory / "postgres" / "data" / "PG_VERSION"
    version.write_text("9\n")
    with (
        pytest.raises(DataNotUsable, match=r"written by PostgreSQL 9, .*make clean"),
        running_servers(open_directory, need=["postgres"]),
    ):
        pass
    assert version.read_text() == "9\n"


def test_a_server_that_was_killed_comes_back_at_the_same_address_with_its_data():
    servers = ServerSet(need=["redis"], durable=True)
    try:
        client = redis.Redis.from_url(servers.start()["REDIS_URL"])
        client.set("answer", "42")
        client.config_set("appendfsync", "always")
        client.set("answer", "43")
        server = servers.servers["redis"]
        server.signal(signal.SIGKILL)
        assert server.process is not None
        server.process.wait()
        server.launch()
        server.wait_until_ready()
        assert client.get("answer") == b"43"
        client.close()
    finally:
        servers.stop()


def test_a_server_that_dies_says_why(open_directory: Path):
    servers = ServerSet(directory=open_directory, need=["redis"])
    (open_directory / "redis" / "appendonlydir").write_text("in the way")
    try:
        with pytest.raises(ServerDidNotStart, match=r"private redis server .* its log says: .+"):
            servers.start()
    finally:
        servers.stop()


def test_a_port_that_somebody_took_is_replaced():
    servers = ServerSet(need=["mqtt"], durable=False)
    with socket.socket() as occupied:
        occupied.bind(("127.0.0.1", 0))
        occupied.listen()
        servers.servers["mqtt"].port = occupied.getsockname()[1]
        try:
            url = servers.start()["MQTT_URL"]
            assert urlsplit(url).port != occupied.getsockname()[1]
        finally:
            servers.stop()


def test_only_what_the_environment_does_not_name_is_needed():
    assert unset_servers({}) == ("postgres", "redis", "mqtt")
    assert unset_servers({"DATABASE_URL": "postgres://x", "MQTT_URL": ""}) == ("redis", "mqtt")


@as_root
def test_the_database_is_closed_to_others_and_not_owned_by_root(open_directory: Path):
    with running_servers(open_directory, need=["postgres"]):
        status = (open_directory / "postgres" / "data").stat()
        assert status.st_uid != 0
        assert stat.S_IMODE(status.st_mode) == 0o700
