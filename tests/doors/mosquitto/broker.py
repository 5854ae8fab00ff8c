"""The configuration of `deploy/mosquitto`, run by the real Mosquitto on free ports, and clients that knock."""

import os
import shutil
import ssl
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from apps.metering.broker_passwords import hash_password
from project.servers.programs import list_executables
from project.servers.server import find_free_port

DEPLOYED = Path(__file__).resolve().parents[3] / "deploy" / "mosquitto"
PATIENCE_SECONDS = 60.0  # with what comes by itself sooner or later: the machine may be busy with other things
SERVICES, PLAIN, TLS = 1884, 1883, 8883
MOSQUITTO = next(list_executables("mosquitto"), None)


class Broker:
    """One Mosquitto with the deployed files: only paths and ports are changed."""

    def __init__(self, home: Path, *, devices: Mapping[str, str], services: Mapping[str, str], certificates: Path | None) -> None:
        self.home = home
        taken: set[int] = set()
        while len(taken) < 3:  # the same may be free twice
            taken.add(find_free_port())
        self.ports = dict(zip((SERVICES, PLAIN, TLS), taken, strict=True))
        for name in ("config", "data", "data/conf.d"):
            (home / name).mkdir()
        for name in ("mosquitto.conf", "devices.acl", "services.acl", "tls.conf"):
            text = (DEPLOYED / name).read_text().replace("/mosquitto/certificates", str(certificates))
            text = text.replace("/mosquitto/", f"{home}/")
            for port, free in self.ports.items():
                text = text.replace(f"listener {port}\n", f"listener {free} 127.0.0.1\n")
            place = home / "data" / "conf.d" if name == "tls.conf" else home / "config"
            if name != "tls.conf" or certificates:
                (place / name).write_text(text)
        if os.geteuid() == 0:  # else Mosquitto changes user and cannot enter a test's directory
            with (home / "config" / "mosquitto.conf").open("a") as configuration:
                configuration.write("user root\n")
        for name, users in (("devices", devices), ("services", services)):
            lines = [f"{user}:{hash_password(password)}\n" for user, password in users.items()]
            (home / "data" / f"{name}.passwords").write_text("".join(lines))
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        with (self.home / "log").open("ab") as log:
            command = [str(MOSQUITTO), "-c", str(self.home / "config" / "mosquitto.conf")]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not Knock(self.ports[SERVICES], "nobody", "x").answered():
            assert self.process.poll() is None, (self.home / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return self

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(PATIENCE_SECONDS)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)


class Knock:
    """A client, and what the broker answers it. MQTT 5, because older versions are refused in silence."""

    def __init__(
        self, port: int, user: str, password: str, *, authority: Path | None = None, client_id: str = "", kept: bool = False
    ) -> None:
        self.port = port
        self.client = Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=MQTTv5)
        self.client.username_pw_set(user, password)
        if authority is not None:
            self.client.tls_set(ca_certs=str(authority), tls_version=ssl.PROTOCOL_TLS_CLIENT)
        self.kept = kept
        self.answer: str | None = None
        self.received: list[tuple[str, bytes]] = []
        self.reasons: dict[int, str] = {}
        self.granted: list[str] = []
        self.client.on_connect = lambda client, userdata, flags, reason, properties: self._answer(str(reason))
        self.client.on_message = self._on_message
        self.client.on_publish = self._on_publish
        self.client.on_subscribe = lambda client, userdata, mid, reasons, properties: self.granted.extend(map(str, reasons))

    def _answer(self, reason: str) -> None:
        self.answer = reason

    def _on_message(self, client: Client, userdata: object, message: MQTTMessage) -> None:
        self.received.append((message.topic, bytes(message.payload)))

    def _on_publish(self, client: Client, userdata: object, mid: int, reason: ReasonCode, properties: Properties) -> None:
        self.reasons[mid] = str(reason) if reason.is_failure else "Success"  # also when nobody has subscribed

    def connect(self) -> str:
        """Return the broker's answer to who we are: Success, Not authorized."""
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = 3600 if self.kept else 0
        self.client.connect("127.0.0.1", self.port, clean_start=not self.kept, properties=properties)
        self._until(lambda: self.answer is not None)
        return self.answer or "nothing"

    def answered(self) -> bool:
        """Whether anything at all listens and speaks MQTT there."""
        try:
            return self.connect() != "nothing"
        except (OSError, TimeoutError):
            return False

    def publish(self, topic: str, payload: str = "1") -> str:
        """Return the broker's answer to one message: Success, Not authorized. Some versions hang up after the second."""
        mid = self.client.publish(topic, payload, qos=1).mid
        self._until(lambda: mid in self.reasons)
        reason = self.reasons.pop(mid)
        if reason != "Success":
            self.client.disconnect()
            self.answer = None
            self.connect()
        return reason

    def subscribe(self, pattern: str) -> str:
        known = len(self.granted)
        self.client.subscribe(pattern, options=SubscribeOptions(qos=1))
        self._until(lambda: len(self.granted) > known)
        return self.granted[-1]

    def hear(self, number: int, seconds: float = PATIENCE_SECONDS) -> list[tuple[str, bytes]]:
        """Return what was received, as soon as it is so many messages."""
        self._until(lambda: len(self.received) >= number, seconds)
        return self.received

    def listen(self, seconds: float) -> list[tuple[str, bytes]]:
        """Return what is received in this time, for who expects nothing."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            self.client.loop(0.05)
        return self.received

    def leave(self) -> None:
        self.client.disconnect()
        self.client.loop(0.1)

    def _until(self, condition, seconds: float = PATIENCE_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError("The broker did not answer.")
            if self.client.loop(0.05) and self.answer is None:
                raise ConnectionError("The broker hung up.")
