"""Devices that do not exist publish to a broker that does."""

import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from fixtures.simulator import USUAL, Fleet, Shares, Told, TruthFile, messages_of
from fixtures.simulator.models import MODELS
from fixtures.simulator.publisher import BrokerAway, Publisher
from project.commands import JsonCommand, Refused

_US = 1_000_000
LIVE_SECONDS = 10
"""How often a device speaks with `--live`."""


class Command(JsonCommand):
    help = (
        "Publishes what devices of all known vendors would: lawful, with resets, silences, repetitions and disorder, the same "
        "for a seed. Writes the truth of every acknowledged message to DIR/truth.jsonl."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--devices", type=int, default=20, metavar="N")
        parser.add_argument("--rate", type=float, metavar="R", help="messages a second of all devices together (default 100)")
        parser.add_argument("--seed", type=int, default=2023, metavar="S")
        length = parser.add_mutually_exclusive_group()
        length.add_argument("--minutes", type=float, metavar="M")
        length.add_argument("--messages", type=int, metavar="K")
        parser.add_argument("--out", type=Path, metavar="DIR", help="where truth.jsonl goes")
        parser.add_argument("--mqtt-url", default="", metavar="URL", help="default: MQTT_URL")
        parser.add_argument("--live", action="store_true", help=f"every device speaks each {LIVE_SECONDS} s, until Ctrl-C")
        parser.add_argument("--pods", default="", metavar="POD,…", help="the first devices name these PODs in their topics")
        parser.add_argument("--plants", default="", metavar="POD,…", help="only these of them produce (default: all devices do)")
        parser.add_argument("--models", default="", metavar="MODEL,…", help=f"in turn, of {', '.join(MODELS)} (default: all)")
        for name, share in USUAL._asdict().items():
            if isinstance(share, float):
                parser.add_argument(f"--{name}", type=float, default=share, metavar="SHARE", help=f"0 to 1, default {share}")

    def answer(self, **options: Any) -> dict[str, Any]:
        url = options["mqtt_url"] or settings.MQTT_URL
        if not url:
            raise Refused("There is no broker to publish to: set MQTT_URL, or give --mqtt-url.")
        devices = options["devices"]
        rate = options["rate"] or (devices / LIVE_SECONDS if options["live"] else 100.0)
        if devices < 1 or rate <= 0:
            raise Refused("At least one device must speak, at more than 0 messages a second.")
        starts_us, interval_us = time.time_ns() // 1000, max(1, int(devices / rate * _US))
        pods, models, plants = ([name for name in options[what].split(",") if name] for what in ("pods", "models", "plants"))
        if unknown := sorted(set(models) - set(MODELS)):
            raise Refused(f"There is no model {', '.join(unknown)}. Choose from {', '.join(MODELS)}.")
        where = {"pods": pods, "models": models, "plants": plants}
        made = Fleet.of(devices, options["seed"], starts_us=starts_us, interval_us=interval_us, **where)
        shares = Shares(*(options[name] for name in ("resets", "gaps", "duplicates", "disorder")))
        stream = messages_of(made, options["seed"], starts_us=starts_us, interval_us=interval_us, shares=shares)
        seconds = options["minutes"] * 60 if options["minutes"] else None
        if seconds is None and options["messages"] is None and not options["live"]:
            seconds = 60.0
        due = _until(islice(stream, options["messages"]), starts_us + int(seconds * _US) if seconds else None)
        out = options["out"] or Path(settings.DATA_DIR) / "simulator"
        out.mkdir(parents=True, exist_ok=True)
        run = {"seed": options["seed"], "devices": devices, "rate": rate, "starts_us": starts_us, "interval_us": interval_us}
        with TruthFile(out / "truth.jsonl", **run) as truth:
            try:
                unanswered = _publish(url, f"simulator-{options['seed']}", due, truth)
            except BrokerAway as error:
                raise Refused(str(error)) from error
            summary = truth.summary(unanswered=unanswered, resets=made.resets, gaps=made.gaps)
        energy_wh = sum(series["energy_wh"] for series in summary["series"])
        return {
            "devices": devices,
            "messages": summary["messages"],
            "unanswered": unanswered,
            "series": len(summary["series"]),
            "energy_wh": energy_wh,
            **{name: summary[name] for name in ("resets", "gaps", "duplicates", "late")},
            "truth": str(out / "truth.jsonl"),
        }

    def tell(self, answer: dict[str, Any]) -> None:
        self.stdout.write(
            f"{answer['devices']} devices: {answer['messages']} messages acknowledged, {answer['unanswered']} without an answer, "
            f"{answer['energy_wh']} Wh in {answer['series']} registers."
        )
        self.stdout.write(f"The truth is in {answer['truth']}.")


def _until(stream: Iterator[Told], ends_us: int | None) -> Iterator[Told]:
    for told in stream:
        if ends_us is not None and told.sent_us >= ends_us:
            return
        yield told


def _publish(url: str, client_id: str, due: Iterator[Told], truth: TruthFile) -> int:
    """Send each message when it is due and return how many the broker never acknowledged. Ctrl-C ends in good order."""
    publisher = Publisher[Told](url, client_id, truth.add)
    publisher.connect()
    try:
        for told in due:
            while (ahead_us := told.sent_us - time.time_ns() // 1000) > 0:
                publisher.collect()
                time.sleep(min(ahead_us / _US, 0.05))
            publisher.publish(told.topic, told.payload, told)
    except KeyboardInterrupt:
        pass
    return publisher.finish()
