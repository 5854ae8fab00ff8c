"""What devices say over MQTT: every known topic and payload, read into one frozen value, or refused with the reason.

`parse_message(topic, payload, received_at)` and `parse_batch(messages)` return `Parsed` or `Rejected`; nothing else is raised,
whatever the bytes. A new vendor is one file in `vendors/` and its samples beside the tests.
"""

from apps.engine.telemetry.messages import (
    Channel,
    Clock,
    Electrics,
    Kind,
    Message,
    Parsed,
    Reason,
    Register,
    Rejected,
    Sensor,
    Source,
)
from apps.engine.telemetry.parsing import parse_batch, parse_message

__all__ = [
    "Channel",
    "Clock",
    "Electrics",
    "Kind",
    "Message",
    "Parsed",
    "Reason",
    "Register",
    "Rejected",
    "Sensor",
    "Source",
    "parse_batch",
    "parse_message",
]
