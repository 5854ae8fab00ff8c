"""The load of a chaos run, in a process of its own that is never hurt: `load.py URL FILE RATE SEED`, until SIGTERM.

Message n comes from device n mod 20 and shows the register BASE + n thousandths of a Wh, so each is told apart for ever. The file
has a line `S n measured_us` before a message is handed to the client, and `A n` once the broker has acknowledged it. Only what
was acknowledged must be stored; nothing may be stored that was not sent.
"""

import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from fixtures.simulator.publisher import Publisher
from fixtures.simulator.texts import dumps, instant, kwh

DEVICES = 20
BASE_MILLIWH = 5_000_000_000
PLANT = 7
_US = 1_000_000
_FLUSH_SECONDS = 0.05
_PATIENCE_SECONDS = 120.0


def key_of(number: int) -> str:
    return f"energy/plant/{PLANT}/device/chaos-{number % DEVICES:02d}"


def payload_of(number: int, measured_us: int) -> bytes:
    """Return a message of a native device with its own clock."""
    name = key_of(number).rpartition("/")[2]
    stamp = instant(measured_us).isoformat(timespec="microseconds").replace("+00:00", "Z")
    measurements = {"energy_consumed": kwh(BASE_MILLIWH + number, 6)}
    return dumps({"device_id": name, "plant_id": PLANT, "timestamp": stamp, "measurements": measurements})


@dataclass(slots=True)
class Sent:
    """What a load file says: number → measured_us."""

    sent: dict[int, int] = field(default_factory=dict)
    acknowledged: set[int] = field(default_factory=set)


def read_load(path: Path) -> Sent:
    found = Sent()
    for line in path.read_text().split("\n")[:-1]:
        what, number, *rest = line.split(" ")
        if what == "S":
            found.sent[int(number)] = int(rest[0])
        else:
            found.acknowledged.add(int(number))
    return found


def main(url: str, path: str, rate: float, seed: int, most: int) -> int:
    """Publish at a rate until SIGTERM, or so many messages; returns 0 when the broker acknowledged all of them."""
    stopping = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    with open(path, "w", encoding="ascii") as file:
        publisher = Publisher[int](url, f"load-{seed}", lambda number, at_us: print("A", number, file=file), most_in_flight=5000)
        publisher.connect()
        started, number, flushed = time.monotonic(), 0, 0.0
        while not stopping and number < most:
            ahead = started + number / rate - time.monotonic()
            if ahead > 0:
                publisher.collect()
                time.sleep(min(ahead, 0.02))
                if time.monotonic() - flushed > _FLUSH_SECONDS:
                    file.flush()
                    flushed = time.monotonic()
                continue
            measured_us = time.time_ns() // 1000
            print("S", number, measured_us, file=file)
            publisher.publish(f"{key_of(number)}/measurements", payload_of(number, measured_us), number)
            number += 1
            if ahead < -1.0:  # after a pause of the broker: go on from here, do not make up for it
                started -= ahead
        unanswered = publisher.finish(_PATIENCE_SECONDS)
    return int(unanswered > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5])))
