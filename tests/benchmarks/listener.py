"""The listener alone: from the broker's queue into the stream, beside a task per message, beside receiving and dropping.

Each variant drains the same messages, which the broker has queued for its session beforehand, as a whole process of its own; the
clock runs from the first message received to the last one safe (ours: in the stream and acknowledged). Mosquitto keeps nothing on
disk here, so that its autosave is not measured. What was sent must equal what is in the stream, or there is no figure.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from project.servers import ServerSet
from project.servers.mqtt import Mqtt
from tests.benchmarks import mqtt_wire
from tests.benchmarks.processes import median

ROOT = Path(__file__).resolve().parents[2]
MESSAGES, TASKS = 60_000, 3_000  # a task per message is slow: its rate needs fewer
ROUNDS = 3
TOPIC = "shellies/IT001E{:08d}/shellyemg3/status/emdata:0"
PAYLOAD = (
    b'{"id":0,"a_total_act_energy":115973.75,"a_total_act_ret_energy":0.00,"b_total_act_energy":118809.52,'
    b'"b_total_act_ret_energy":0.00,"c_total_act_energy":110844.76,"c_total_act_ret_energy":1247.42,'
    b'"total_act":345628.03,"total_act_ret":1247.42,"n":%d}'
)
DEVICES = 1000


@dataclass(frozen=True, slots=True)
class Drained:
    messages: int
    seconds: float
    peak_rss_mb: float

    @property
    def rate(self) -> float:
        return self.messages / self.seconds


class MemoryMqtt(Mqtt):
    """Mosquitto that keeps everything in memory."""

    def get_command(self) -> Sequence[str | Path]:
        command = list(super().get_command())
        configuration = self.home / "mosquitto.conf"
        text = configuration.read_text().replace("persistence true", "persistence false")
        configuration.write_text("\n".join(line for line in text.splitlines() if "autosave" not in line) + "\n")
        return command


def run() -> list[dict[str, Any]]:
    servers = ServerSet(need=["redis", "mqtt"], durable=True)
    old = servers.servers["mqtt"]
    servers.servers["mqtt"] = MemoryMqtt(home=old.home, durable=True, guard=servers.guard)
    try:
        servers.start()
        redis_url, port = servers.servers["redis"].url, servers.servers["mqtt"].port
        drained: dict[str, list[Drained]] = {"ours": [], "task": [], "drop": []}
        for number in range(ROUNDS):
            for variant, found in drained.items():
                found.append(_measure(variant, f"{variant}-{number}", port, redis_url))
    finally:
        servers.stop()
    ours, task, drop = (median([one.rate for one in drained[variant]]) for variant in ("ours", "task", "drop"))
    return [
        {
            "bench": "listener",
            "value": round(ours),
            "unit": "messages/s",
            "peer": "paho, one task per message",
            "peer_value": round(task),
            "ratio_to_peer": round(ours / task, 2),
            "limit": "paho, receive and drop",
            "limit_value": round(drop),
            "ratio_to_limit": round(ours / drop, 3),
            "peak_rss_mb": round(max(one.peak_rss_mb for one in drained["ours"]), 1),
        }
    ]


def _measure(variant: str, client_id: str, port: int, redis_url: str) -> Drained:
    count = TASKS if variant == "task" else MESSAGES
    at = ("127.0.0.1", port)
    mqtt_wire.converse(at, client_id, [mqtt_wire.subscribe("#")], clean=False)
    mqtt_wire.publish_all(at, [mqtt_wire.publish(n, TOPIC.format(n % DEVICES), PAYLOAD % n) for n in range(count)])
    arguments = [variant, client_id, str(port), redis_url, str(count)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.listener_variants", *arguments],
        cwd=ROOT,
        env={**os.environ, "REDIS_URL": redis_url, "DATABASE_URL": "postgresql://nobody@localhost:1/nowhere"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    if done.returncode:
        raise RuntimeError(f"The variant {variant} failed: {done.stderr[-2000:]}")
    return Drained(**json.loads(done.stdout.splitlines()[-1]))
