# ruff: noqa: E402 — Django must be set up before our modules are imported
"""The listener as a process of its own, with quicker patience where a test asks for it: `child.py VARIANT… OPTION=VALUE…`."""

import os
import sys
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")

import django

django.setup()

from django.core.management import call_command
from paho.mqtt.enums import MQTTProtocolVersion

from apps.listener import dialling, herald, listening, rows, sink
from apps.listener.batches import Batch
from apps.listener.herald import Herald
from apps.listener.listening import Listener
from apps.listener.session import Session


def hurry() -> None:
    """Try again at once and read the rows often."""
    dialling.FIRST_PAUSE_SECONDS, dialling.LONGEST_PAUSE_SECONDS = 0.05, 0.2
    rows.REREAD_SECONDS = 0.2
    listening.CARE_SECONDS = 0.05
    pretend_disk()


def acknowledge_early() -> None:
    """The mistake that this listener exists to avoid: tell the broker before the queue has it."""
    store = sink.Sink.store

    def store_late(self: sink.Sink, batches: list[Batch], now: float) -> Any:
        for batch in batches:
            for ack in batch.acks:
                batch.client.ack(ack.mid, ack.qos)
            batch.client.loop_write()
        return store(self, batches, now)

    sink.Sink.store = store_late  # type: ignore[assignment, method-assign]


def pretend_disk() -> None:
    """The disk is full as long as there is a file that says so, however full the one of this machine is."""
    original = Listener.__init__

    def init(self: Listener, **arguments: Any) -> None:
        original(self, **arguments)
        full = arguments["directory"].parent / "full"
        self.sink._get_disk_percent = lambda: 95 if full.exists() else 10

    Listener.__init__ = init  # type: ignore[method-assign]


def speak_mqtt_5() -> None:
    Session.first_version = MQTTProtocolVersion.MQTTv5


def dial_for_ever() -> None:
    """Who nobody answers is waited for, not given up."""
    dialling.CONNECT_TIMEOUT_SECONDS = 3600


def look_rarely() -> None:
    """Whether something was left in the stream is looked up only when something is stored."""
    herald.LOOK_SECONDS = 3600


def break_herald() -> None:
    """A mistake nobody expected, in a thread."""

    def beat(self: Herald) -> None:
        raise LookupError("Broken for a test")

    Herald._beat = beat  # type: ignore[method-assign]


VARIANTS = {
    variant.__name__: variant for variant in (hurry, acknowledge_early, speak_mqtt_5, dial_for_ever, look_rarely, break_herald)
}

if __name__ == "__main__":
    options = dict(argument.split("=") for argument in sys.argv[1:] if "=" in argument)
    for variant in sys.argv[1:]:
        if "=" not in variant:
            VARIANTS[variant]()
    call_command("listen_mqtt", **options)
