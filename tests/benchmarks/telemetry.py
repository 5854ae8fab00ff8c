"""From payloads to what they say: 20 000 messages of every vendor in batches of 500, beside the usual way and touching the bytes.

Two rows. `parse` is all of it: topic, identity, time, duplicate keys, exact registers, one value a message; its peer does the
same work the usual way, with `json.loads`, `Decimal` and a regular expression a vendor. `parse_decode` is only bytes to typed
values, what performance.md's reference measures, its peer plain `json.loads`. The limit is one crc32 and two scans of the same
payloads. A peer that does not find the same registers makes the benchmark void. Each contender runs in a process of its own.
"""

import json
import os
import random
import re
import resource
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from apps.engine.telemetry import Message, Parsed, parse_batch
from apps.engine.telemetry.parsing import _TABLE
from apps.engine.telemetry.readers import Json

MESSAGES = 20_000
BATCH = 500
ROUNDS = 5
REPEATS = 5
DEVICES = 1000
NOW_US = 1_788_782_400_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Answer = list[Any]


# --- the messages: shares of a community in which most meters are Shellys ---


def _phases(random_: random.Random) -> str:
    fields = []
    for phase in "abc":
        power, volt = random_.randrange(-3000_00, 6000_00) / 100, random_.randrange(2200, 2400) / 10
        fields.append(
            f'"{phase}_current":{abs(power) / volt:.3f},"{phase}_voltage":{volt:.1f},"{phase}_act_power":{power:.1f},'
            f'"{phase}_aprt_power":{abs(power) * 1.1:.1f},"{phase}_pf":0.68,"{phase}_freq":50.0'
        )
    return ",".join(fields)


def _message(random_: random.Random) -> tuple[str, str]:
    device = random_.randrange(DEVICES)
    register, back, power = (random_.randrange(10**8) / 100 for _ in range(3))
    shelly = f"shelly/IT001E{device:08d}/shellypro3em-{device:012x}"
    single = f"shelly/IT001E{device:08d}/shellyemg3-{device:012x}"
    kind = random_.choices(["em", "emdata", "em1data", "rpc", "tasmota", "huawei", "native"], [45, 20, 15, 10, 5, 3, 2])[0]
    if kind == "em":
        body = f'{{"id":0,{_phases(random_)},"n_current":null,"total_current":4.159,"total_act_power":{power:.3f},'
        return f"{shelly}/status/em:0", body + '"total_aprt_power":960.806,"user_calibrated_phase":[]}'
    if kind == "emdata":
        parts = "".join(
            f'"{phase}_total_act_energy":{register / 3:.2f},"{phase}_total_act_ret_energy":{back / 3:.2f},' for phase in "abc"
        )
        return f"{shelly}/status/emdata:0", f'{{"id":0,{parts}"total_act":{register:.2f},"total_act_ret":{back:.2f}}}'
    if kind == "em1data":
        fields = f'"total_act_energy":{register:.2f},"total_act_ret_energy":{back:.2f}'
        return f"{single}/status/em1data:0", f'{{"id":0,{fields}}}'
    if kind == "rpc":
        name = single.rsplit("/", 1)[1]
        fields = f'"em1data:0":{{"id":0,"total_act_energy":{register:.2f},"total_act_ret_energy":{back:.2f}}}'
        return f"{single}/events/rpc", (
            f'{{"src":"{name}","dst":"{single}/events","method":"NotifyStatus","params":{{"ts":1788782390.{device:03d},{fields}}}}}'
        )
    if kind == "tasmota":
        return f"tele/plug-{device}/SENSOR", (
            f'{{"Time":"2026-09-07T13:59:{device % 60:02d}","ENERGY":{{"TotalStartTime":"2019-03-19T21:10:01",'
            f'"Total":{register / 1000:.3f},"Yesterday":0.001,"Today":0.397,"Period":0,"Power":{device},"ApparentPower":0,'
            f'"ReactivePower":0,"Factor":0.00,"Voltage":230,"Current":0.022}}}}'
        )
    if kind == "huawei":
        return f"huawei-solar/inverter-{device}", (
            f'{{"power_active":{device},"power_input":2620,"energy_yield_day":1.21,"energy_yield_accumulated":{register:.2f},'
            f'"energy_grid_exported":{back:.2f},"energy_grid_accumulated":3440.71,"meter_power_active":50,"battery_soc":32,'
            f'"battery_power":1020,"meter_status":"NORMAL","inverter_status":"On-grid","rated_power":6000,"last_update":1788782380}}'
        )
    return f"energy/plant/{device}/device/D{device}/measurements", (
        f'{{"device_id":"D{device}","plant_id":{device},"timestamp":"2026-09-07T11:59:{device % 60:02d}Z","measurements":'
        f'{{"energy_produced":{register / 1000:.3f},"energy_consumed":{back / 1000:.3f},"power_produced":3.1,'
        f'"power_consumed":1.6,"voltage":230.5,"current":13.7,"frequency":50.0,"power_factor":0.95}},"status":{{"battery_level":85}}}}'
    )


def messages(seed: int) -> list[list[Message]]:
    random_ = random.Random(seed)
    made = [Message(topic, body.encode(), NOW_US) for topic, body in (_message(random_) for _ in range(MESSAGES))]
    return [made[i : i + BATCH] for i in range(0, MESSAGES, BATCH)]


# --- the usual way, with the same guarantees ---


@dataclass(frozen=True)
class Reading:
    vendor: str
    device: str
    component: str
    channel: str
    measured_at: datetime
    received_at: datetime
    register_milliwh: int


ROME = ZoneInfo("Europe/Rome")
STATUS = re.compile(r"(?P<prefix>.+)/status/(?P<meter>em1?)(?P<counts>data)?:(?P<n>\d+)")
RPC = re.compile(r"(?P<prefix>.+)/events/rpc")
TASMOTA = re.compile(r"tele/(?P<device>[^/]+)/SENSOR")
HUAWEI = re.compile(r"huawei-solar/(?P<device>[^/]+)")
NATIVE = re.compile(r"energy/plant/(?P<plant>[^/]+)/device/(?P<device>[^/]+)/measurements")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("duplicate key")
    return found


def _sane(stamp: datetime, received_at: datetime) -> datetime:
    return stamp if stamp.year >= 2020 and stamp <= received_at + timedelta(minutes=5) else received_at


def usual_message(message: Message) -> list[Reading]:
    topic, received_at = message.topic, EPOCH + timedelta(microseconds=message.received_us)
    body = json.loads(message.payload, parse_float=Decimal, object_pairs_hook=_no_duplicates)
    found: list[tuple[str, str, str, str, datetime, Any, int]] = []
    if match := STATUS.fullmatch(topic):
        component = f"{match['meter']}:{match['n']}"
        for channel, names in (
            ("import", ("total_act", "total_act_energy")),
            ("export", ("total_act_ret", "total_act_ret_energy")),
        ):
            found += [
                ("shelly", match["prefix"], component, channel, received_at, body[name], 1000) for name in names if name in body
            ]
    elif match := RPC.fullmatch(topic):
        if body["src"] != match["prefix"].rsplit("/", 1)[1]:
            raise ValueError("another device")
        at = _sane(datetime.fromtimestamp(float(body["params"]["ts"]), UTC), received_at)
        for component, meter in body["params"].items():
            if component.startswith("em1data:"):
                for channel, name in (("import", "total_act_energy"), ("export", "total_act_ret_energy")):
                    found.append(("shelly", match["prefix"], component.replace("data", ""), channel, at, meter[name], 1000))
    elif match := TASMOTA.fullmatch(topic):
        at = _sane(datetime.fromisoformat(body["Time"]).replace(tzinfo=ROME).astimezone(UTC), received_at)
        found.append(("tasmota", match["device"], "ENERGY", "import", at, body["ENERGY"]["Total"], 10**6))
    elif match := HUAWEI.fullmatch(topic):
        at = _sane(datetime.fromtimestamp(body["last_update"], UTC), received_at)
        for component, channel, name in (
            ("inverter", "production", "energy_yield_accumulated"),
            ("meter", "import", "energy_grid_accumulated"),
            ("meter", "export", "energy_grid_exported"),
        ):
            found.append(("huawei", topic, component, channel, at, body[name], 10**6))
    elif match := NATIVE.fullmatch(topic):
        if (body["device_id"], str(body["plant_id"])) != (match["device"], match["plant"]):
            raise ValueError("another device")
        at = _sane(datetime.fromisoformat(body["timestamp"]), received_at)
        for channel, name in (("production", "energy_produced"), ("import", "energy_consumed")):
            found.append(("native", topic, "main", channel, at, body["measurements"][name], 10**6))
    return [Reading(*row[:5], received_at, int(row[5] * row[6])) for row in found]


# --- the contenders ---


def ours(batches: list[list[Message]]) -> Answer:
    return [result for batch in batches for result in parse_batch(batch)]


def usual(batches: list[list[Message]]) -> Answer:
    return [usual_message(message) for batch in batches for message in batch]


def decode(batches: list[list[Message]]) -> Answer:
    shapes = {}
    for batch in batches:
        for message in batch:
            reader = _TABLE.find(message.topic)[0]  # type: ignore[index]
            assert isinstance(reader, Json)
            shapes[message.topic] = reader.shape.decode
    return [(shapes[message.topic], message.payload) for batch in batches for message in batch]


def decoded(prepared: Answer) -> Answer:
    return [decode_one(payload) for decode_one, payload in prepared]


def loads(batches: list[list[Message]]) -> Answer:
    loads_one = json.loads
    return [loads_one(message.payload) for batch in batches for message in batch]


def touched(batches: list[list[Message]]) -> Answer:
    crc32 = zlib.crc32
    seen = []
    for batch in batches:
        for message in batch:
            payload = message.payload
            seen.append((crc32(payload), payload.count(b":"), payload.count(b"{")))
    return seen


CONTENDERS: dict[str, Callable[[list[list[Message]]], Answer]] = {
    "ours": ours,
    "usual": usual,
    "decoded": decoded,
    "loads": loads,
    "touched": touched,
}


def _registers(answer: Answer) -> list[int]:
    if isinstance(answer[0], Parsed):
        return [row.register_milliwh for parsed in answer for row in parsed.registers]
    return [reading.register_milliwh for readings in answer for reading in readings]


def _child(contender: str, seed: int) -> None:
    """Do the work several times, print the median, the peak memory and, where there are any, the registers' checksum."""
    given: Any = messages(seed)
    if contender == "decoded":
        given = decode(given)
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        answer = CONTENDERS[contender](given)
        times.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = _registers(answer) if contender in ("ours", "usual") else []
    sys.stdout.write(json.dumps({"seconds": median(times), "peak": peak, "registers": [len(found), sum(found)]}))


def _measure(contender: str, seed: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.benchmarks.telemetry", "--child", contender, str(seed)]
    seen: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return seen


def run(rounds: int = ROUNDS) -> list[dict[str, Any]]:
    """Return one row for all of parsing and one for decoding alone, in microseconds a message."""
    seed = int(os.environ.get("SEED", "1"))
    seen: dict[str, list[dict[str, Any]]] = {name: [] for name in CONTENDERS}
    for _ in range(rounds):
        for name in CONTENDERS:
            seen[name].append(_measure(name, seed))
    if seen["ours"][0]["registers"] != seen["usual"][0]["registers"] or not seen["ours"][0]["registers"][0]:
        raise AssertionError("the usual way finds other registers: the benchmark is void")
    us = {name: median(round_["seconds"] for round_ in rounds_) / MESSAGES * 10**6 for name, rounds_ in seen.items()}
    limit = "one crc32 and two scans of each payload"
    what = f"µs a message, {MESSAGES} of every vendor"
    rows = []
    for bench, ours_, peer_name, peer in (
        ("parse", "ours", "json.loads, Decimal, a regex a vendor, a dataclass a register, the same checks", "usual"),
        ("parse_decode", "decoded", "json.loads", "loads"),
    ):
        rows.append(
            {
                "bench": bench,
                "value": round(us[ours_], 3),
                "unit": what,
                "peer": peer_name,
                "peer_value": round(us[peer], 3),
                "ratio_to_peer": round(us[peer] / us[ours_], 1),
                "limit": limit,
                "limit_value": round(us["touched"], 3),
                "ratio_to_limit": round(us["touched"] / us[ours_], 2),
                "peak_rss_mb": round(median(round_["peak"] for round_ in seen[ours_])),
            }
        )
    return rows


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        _child(sys.argv[2], int(sys.argv[3]))
    else:
        sys.stdout.write("".join(json.dumps(row) + "\n" for row in run()))
