"""From a topic and its bytes to what the message says. Whatever arrives, nothing is raised and nothing takes long."""

import importlib
import pkgutil
from collections.abc import Iterable
from datetime import datetime

from apps.engine.telemetry import vendors
from apps.engine.telemetry.messages import EPOCH, MICROSECOND, Message, Parsed, Reason, Refused, Rejected
from apps.engine.telemetry.readers import Address
from apps.engine.telemetry.routes import Route, Table


def _vendors() -> list[tuple[str, tuple[Route, ...]]]:
    names = sorted(found.name for found in pkgutil.iter_modules(vendors.__path__))
    modules = [importlib.import_module(f"{vendors.__name__}.{name}") for name in names]
    return [(module.VENDOR, module.ROUTES) for module in modules]


_TABLE = Table(_vendors())


def parse_message(topic: str, payload: bytes, received_at: datetime) -> Parsed | Rejected:
    """Return what a message says, or why it says nothing. `received_at` is aware: when the listener got it."""
    return _parse(topic, payload, (received_at - EPOCH) // MICROSECOND)


def parse_batch(messages: Iterable[Message]) -> list[Parsed | Rejected]:
    """Return the same as `parse_message` for each, in the same order."""
    return [_parse(topic, payload, received_us) for topic, payload, received_us in messages]


def _parse(topic: str, payload: bytes, received_us: int) -> Parsed | Rejected:
    found = _TABLE.find(topic)
    if found is None:
        return Rejected(topic, Reason.UNKNOWN_TOPIC, "No device that we know speaks on this topic.", received_us)
    reader, address = found
    try:
        return reader.read(address, payload, received_us)
    except Refused as refusal:
        return _rejected(topic, refusal, address, received_us)


def _rejected(topic: str, refusal: Refused, address: Address, received_us: int) -> Rejected:
    return Rejected(topic, refusal.reason, refusal.sentence, received_us, address.source)
