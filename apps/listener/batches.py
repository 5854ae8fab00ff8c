"""Messages on their way: taken from one connection together, stored together, acknowledged together."""

import itertools
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from paho.mqtt.client import Client


class Ack(NamedTuple):
    """What the broker wants to hear back: the packet identifier and the quality of service of one message."""

    mid: int
    qos: int


@dataclass(slots=True, frozen=True)
class Batch:
    """`content` is what `apps.metering.raw` packs; `client` the one connection on which `acks` mean anything."""

    broker_id: int
    content: bytes
    messages: int
    first_at: float  # arrival of its first message, monotonic seconds
    client: Client
    acks: list[Ack]


def make_namer(started_ns: int) -> Callable[[str], str]:
    """Names of batches that are unique for ever: client identifier (up to 60 characters), start and number of the process, count.

    Two processes with one client identifier cannot start in the same nanosecond with the same number.
    """
    prefix = f"{started_ns:x}.{os.getpid():x}"
    count = itertools.count(1)
    return lambda client_id: f"{client_id}-{prefix}-{next(count)}"
