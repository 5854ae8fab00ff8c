"""The simulator publishes to a real broker what its truth file says, no more and no less."""

import json
import os
import time
from pathlib import Path

import pytest
from django.core.management import call_command
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from apps.engine.telemetry import Message, Parsed, parse_batch
from fixtures.simulator.truth import expected_of, read_messages


def test_what_is_published_is_what_the_truth_file_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    received: list[MQTTMessage] = []
    client = Client(CallbackAPIVersion.VERSION2, client_id="listens")
    client.on_message = lambda client, userdata, message: received.append(message)
    host, _, port = os.environ["MQTT_URL"].removeprefix("mqtt://").partition(":")
    client.connect(host, int(port))
    subscribed = []
    client.on_subscribe = lambda *_: subscribed.append(True)
    client.subscribe("#", qos=1)
    client.loop_start()
    wait_until(lambda: bool(subscribed))
    options = {"devices": 9, "rate": 300.0, "seed": 11, "messages": 300, "out": tmp_path, "duplicates": 0.1, "disorder": 0.1}
    call_command("simulate_devices", **options, json=True)
    answer = json.loads(capsys.readouterr().out)
    truth = read_messages(tmp_path / "truth.jsonl")
    ours = {told.topic for told in truth}  # other tests may use the same broker
    wait_until(lambda: sum(message.topic in ours for message in received) >= 300)
    client.disconnect()
    client.loop_stop()

    received = [message for message in received if message.topic in ours]
    assert (answer["messages"], answer["unanswered"], len(truth), len(received)) == (300, 0, 300, 300)
    assert sorted(told.topic for told in truth) == sorted(message.topic for message in received)
    now_us = time.time_ns() // 1000
    parsed = parse_batch(Message(message.topic, bytes(message.payload), now_us) for message in received)
    said = sorted((r.component, str(r.channel), r.register_milliwh) for p in parsed if isinstance(p, Parsed) for r in p.registers)
    assert said == sorted(counted[:3] for told in truth for counted in told.registers)
    summary = json.loads((tmp_path / "truth.jsonl").read_text().splitlines()[-1])
    assert summary["what"] == "summary"
    assert {(row["key"], row["channel"], row["energy_wh"]) for row in summary["series"]} == {
        (row.series.key, row.series.channel, row.energy_wh) for row in expected_of(truth)
    }


def test_without_a_broker_the_command_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as left:
        call_command("simulate_devices", devices=0, messages=1, out=tmp_path / "none", mqtt_url="mqtt://127.0.0.1:1")
    assert left.value.code == 1
    assert "At least one device" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def wait_until(condition, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
