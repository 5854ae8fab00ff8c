"""Every sample of the grammar, and the variants seen in the field, against values worked out by hand."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from apps.engine.telemetry import Parsed, Rejected, parse_message, vendors

SAMPLES = Path(__file__).parent / "samples"
FILES = sorted(SAMPLES.glob("*/*.json"))
VENDORS = {path.stem for path in Path(vendors.__path__[0]).glob("*.py")} - {"__init__"}


def said(parsed: Parsed) -> dict:
    """What a message says, in the words of the sample files; empty things left out."""
    found = {
        "source": {
            "vendor": parsed.source.vendor,
            "key": parsed.source.key,
            "name": parsed.source.name,
            "pod": parsed.source.pod,
        },
        "kind": parsed.kind.value,
        "clock": parsed.clock.value,
        "measured_at": parsed.measured_at.isoformat(),
        "registers": [[row.component, row.channel.value, row.register_milliwh] for row in parsed.registers],
    }
    shown = {
        "online": parsed.online,
        "phases": [[row.component, row.channel.value, row.register_milliwh, row.phase] for row in parsed.phases],
        "electrics": [
            [row.component, row.phase, row.power_milliw, row.voltage_milliv, row.current_millia, row.frequency_millihz]
            for row in parsed.electrics
        ],
        "sensors": [
            [
                row.name,
                (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=row.measured_us)).isoformat(),
                row.clock.value,
                [[name, str(value)] for name, value in row.values],
            ]
            for row in parsed.sensors
        ],
        "facts": [list(fact) for fact in parsed.facts],
    }
    return found | {name: value for name, value in shown.items() if value not in (None, [])}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_sample_says_what_was_worked_out_by_hand(path: Path):
    sample = json.loads(path.read_text(encoding="utf-8"))
    received_at = datetime.fromisoformat(sample["received_at"])
    expected = {name: value for name, value in sample["expected"].items() if value != [] or name == "registers"}
    for _ in range(2):  # the second time its skeleton is known
        result = parse_message(sample["topic"], sample["payload"].encode(), received_at)
        if "rejected" in expected:
            assert isinstance(result, Rejected)
            assert result.reason == expected["rejected"]
            assert result.sentence.endswith(".")
            assert (result.topic, result.received_us) == (sample["topic"], int(received_at.timestamp()) * 10**6)
        else:
            assert isinstance(result, Parsed), result
            assert said(result) == expected
            assert result.received_at == received_at
            assert result.payload == sample["payload"].encode()


def test_every_vendor_has_samples():
    assert {path.name for path in SAMPLES.iterdir()} == VENDORS
    assert len(FILES) > 50


def test_a_sensor_keeps_the_digits_it_sent():
    heartbeat = b'{"heart_beat":"s1","sensors_last_data":[{"device_name":"T","last_x":0.10,"last_y":1e400}]}'
    parsed = parse_message("s1/gateway/heartbeat", heartbeat, datetime(2026, 1, 1, tzinfo=UTC))
    assert isinstance(parsed, Parsed)
    assert parsed.sensors[0].values == (("x", Decimal("0.10")),)
