"""A private MQTT broker: the real Mosquitto where there is one, else the pure Python broker, which is enough for the demo."""

import os
import sys
from collections.abc import Sequence
from importlib.metadata import version as get_package_version
from pathlib import Path

from project.servers.errors import ProgramMissing
from project.servers.programs import Program, get_package_folder, list_executables, read_version
from project.servers.server import Server, talk

CONNECT = bytes.fromhex("10 10 00 04 4d 51 54 54 04 02 00 0a 00 04") + b"wait"  # MQTT 3.1.1, clean session, client "wait"
CONNACK = bytes.fromhex("20 02 00 00")

# Without the two zeros Mosquitto drops bursts of QoS 1 messages in silence; without `user root` it changes user and then
# cannot write where we told it to.
CONFIGURATION = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence true
persistence_location {home}/
autosave_interval 1
max_queued_messages 0
max_inflight_messages 0
log_dest stdout
"""


class Mqtt(Server):
    """One broker on the loopback interface that lets everybody in."""

    name = "mqtt"
    variable = "MQTT_URL"

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def prepare(self) -> None:
        self.program = find_mqtt()

    @property
    def is_mosquitto(self) -> bool:
        return self.program.path.name == "mosquitto"

    def get_command(self) -> Sequence[str | Path]:
        if not self.is_mosquitto:
            return [sys.executable, self.program.path, str(self.port)]
        configuration = self.home / "mosquitto.conf"
        text = CONFIGURATION.format(port=self.port, home=self.home) + ("user root\n" if os.geteuid() == 0 else "")
        configuration.write_text(text)
        return [self.program.path, "-c", configuration]

    def is_ready(self) -> bool:
        return talk(self.port, CONNECT, expect=CONNACK)


def find_mqtt() -> Program:
    """Mosquitto 2 if the machine has it, else amqtt if it is installed; raises ProgramMissing."""
    for path in list_executables("mosquitto"):
        version = read_version(path, "-h", pattern=r"mosquitto version (\d+\.\d+\.\d+)")
        if version and version.startswith("2."):
            return Program(path=path, version=version)
    if get_package_folder("amqtt"):
        return Program(path=Path(__file__).with_name("amqtt_broker.py"), version=get_package_version("amqtt"))
    raise ProgramMissing(
        "No MQTT broker was found: install Mosquitto (Debian: apt-get install mosquitto; macOS: brew install mosquitto), "
        "or set MQTT_URL, or install requirements/dev.txt, which brings a small one."
    )
