"""What the tests of the listener share: a real Mosquitto and Redis of their own, and listeners that may be killed."""

import base64
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
import redis
from django.conf import settings
from django.db import connection
from paho.mqtt.enums import CallbackAPIVersion

from apps.listener.spool import HEADER, _read_record
from apps.metering.brokers import ensure_broker_from_url
from apps.metering.models import Broker
from apps.metering.raw import FIELD, STREAM, RawMessage, decode_batch
from project.servers import ServerSet

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_SECONDS = 90.0  # with what comes by itself sooner or later: the machine may be busy with other things

TELL_ACKS = "listen.after_ack=sleep:0"


def wait_for(condition: Callable[[], Any], what: str, seconds: float = PATIENCE_SECONDS) -> Any:
    """The first true answer of `condition`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen within {seconds} s")


def get_database_url(*, port: int | None = None) -> str:
    """The database of the tests, through another port if need be."""
    here = connection.settings_dict
    return f"postgresql://{here['USER']}@{here['HOST']}:{port or here['PORT']}/{here['NAME']}"


class Place:
    """One broker, one Redis, one data directory, and a row that leads from one to the other."""

    def __init__(self, servers: ServerSet, directory: Path) -> None:
        self.servers, self.directory = servers, directory
        self.redis_url = servers.servers["redis"].url
        self.redis: Any = redis.Redis.from_url(self.redis_url, protocol=2)
        self.broker = ensure_broker_from_url(servers.servers["mqtt"].url)
        self.children: list[subprocess.Popen[bytes]] = []

    @property
    def log(self) -> str:
        path = self.directory / "listener.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def listen(
        self, *variants: str, failpoints: str = "", connected: bool = True, database_url: str = ""
    ) -> subprocess.Popen[bytes]:
        """Start a listener in a session of its own; returns once it is connected and subscribed."""
        environment = os.environ | {
            "DATABASE_URL": database_url or get_database_url(),
            "REDIS_URL": self.redis_url,
            "DATA_DIR": str(self.directory),
            "PII_KEYS": ",".join(f"{name}:{base64.b64encode(key).decode()}" for name, key in settings.PII_KEYS),
            "FAILPOINTS": failpoints,
            "PYTHONPATH": str(ROOT),
        }
        connections = self.log.count(": connected")
        with (self.directory / "listener.log").open("ab") as log:
            child = subprocess.Popen(
                [sys.executable, str(ROOT / "tests/doors/listener/child.py"), "hurry", *variants],
                env=environment,
                stdout=log,
                stderr=log,
                cwd=ROOT,
                start_new_session=True,
            )
        self.children.append(child)
        if connected:
            wait_for(lambda: self.log.count(": connected") > connections, f"a connection ({self.log[-2000:]})")
        return child

    def wait(self, child: subprocess.Popen[bytes]) -> int:
        """The exit code of a listener that ends by itself."""
        return child.wait(timeout=PATIENCE_SECONDS)

    def kill(self, child: subprocess.Popen[bytes]) -> None:
        """End the whole session of a listener without warning."""
        if child.poll() is None:
            os.killpg(child.pid, 9)
            child.wait()

    def publish(
        self,
        messages: dict[str, bytes],
        *,
        retain: bool = False,
        qos: int = 1,
        port: int = 0,
        user: str = "",
        password: str = "",
        ca: Path | None = None,
    ) -> None:
        """Publish topic -> payload, and return once the broker (another one behind `port`) has them."""
        client = mqtt.Client(CallbackAPIVersion.VERSION2)
        client.max_inflight_messages_set(1000)
        if user:
            client.username_pw_set(user, password)
        if ca:
            client.tls_set(ca_certs=str(ca))
        client.connect("127.0.0.1", port or self.servers.servers["mqtt"].port)
        client.loop_start()
        infos = [client.publish(topic, payload, qos=qos, retain=retain) for topic, payload in messages.items()]
        for info in infos:
            info.wait_for_publish(PATIENCE_SECONDS)
        client.disconnect()
        client.loop_stop()

    def read_stream(self) -> list[RawMessage]:
        """Every message in the stream, in order; those of a batch that is there twice count once, as they do for the worker."""
        batches = [decode_batch(fields[FIELD]) for _, fields in self.redis.xrange(STREAM)]
        return [message for batch in {batch.name: batch for batch in batches}.values() for message in batch.messages]

    def list_spooled(self) -> list[list[str]]:
        """The topics of each batch that stands in the spool, given back or not."""
        found: list[list[str]] = []
        for segment in sorted((self.directory / "spool").glob("*.spool")):
            with segment.open("rb") as file:
                offset, end = 0, segment.stat().st_size
                while content := _read_record(file, offset, end):
                    found.append([message.topic for message in decode_batch(content).messages])
                    offset += HEADER.size + len(content)
        return found

    def wait_for_spooled(self, topics: Any) -> None:
        """Until all of these are in the spool and acknowledged; the listener must have been started with `TELL_ACKS`."""
        wanted = set(topics)
        wait_for(
            lambda: wanted <= {topic for batch in self.list_spooled() for topic in batch}, f"the spooling ({self.log[-2000:]})"
        )
        batches = len(self.list_spooled())
        wait_for(
            lambda: self.log.count("failpoint listen.after_ack: sleep") >= batches, "the acknowledgement of what was spooled"
        )
        time.sleep(1)  # the broker reads it

    def list_topics(self) -> list[str]:
        return [message.topic for message in self.read_stream()]

    def wait_for_topics(self, topics: Any) -> None:
        wanted = set(topics)
        wait_for(lambda: wanted <= set(self.list_topics()), f"the arrival of {len(wanted)} topics ({self.log[-2000:]})")

    def restart(self, name: str) -> None:
        """Kill a server and start it again on its port."""
        self.stop(name)
        self.start(name)

    def stop(self, name: str) -> None:
        server = self.servers.servers[name]
        assert server.process
        server.signal(server.stop_signal)
        server.process.wait(timeout=PATIENCE_SECONDS)

    def start(self, name: str) -> None:
        self.servers.servers[name].launch()
        self.servers.servers[name].wait_until_ready()


@pytest.fixture
def place(transactional_db: None, tmp_path: Path) -> Iterator[Place]:
    servers = ServerSet(need=["redis", "mqtt"], durable=True)
    try:
        servers.start()
        if not getattr(servers.servers["mqtt"], "is_mosquitto", False):
            pytest.skip("Persistent sessions need the real Mosquitto.")
        made = Place(servers, tmp_path)
        yield made
        for child in made.children:
            made.kill(child)
        Broker.objects.all().delete()
    finally:
        servers.stop()
