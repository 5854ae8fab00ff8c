"""Which message of a batch breaks whoever reads it: tried in child processes, half by half.

A reader that raises is a fault of ours; one that exits, hangs or eats the memory would take the worker with it, again and again.
"""

import os
import resource
import signal
from collections.abc import Sequence

from apps.engine.telemetry import Parsed, parse_message
from apps.metering.ingest.hearing import message_sha256
from apps.metering.ingest.moments import moment
from apps.metering.raw import RawMessage, decode_batch

SECONDS = 5
MEMORY_MB = 1024
"""What the child may take beyond what the worker has."""


def find_guilty(content: bytes) -> set[str]:
    """Return the SHA-256 of the messages in a batch that cannot be read without harm. Errors: `RawBatchDamaged`."""
    return {message_sha256(message) for message in _guilty(decode_batch(content).messages)}


def _guilty(messages: Sequence[RawMessage]) -> list[RawMessage]:
    if not messages or _is_harmless(messages):
        return []
    if len(messages) == 1:
        return list(messages)
    middle = len(messages) // 2
    return _guilty(messages[:middle]) + _guilty(messages[middle:])


def _is_harmless(messages: Sequence[RawMessage]) -> bool:
    """Read messages in a child that may die of it."""
    child = os.fork()
    if child == 0:
        _try(messages)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 0


def _try(messages: Sequence[RawMessage]) -> None:
    """Read and leave without cleaning up: connections and files are the parent's."""
    code = 1
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(SECONDS)
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        resource.setrlimit(resource.RLIMIT_DATA, (used + MEMORY_MB * 2**20,) * 2)
        for message in messages:
            parsed = parse_message(message.topic, message.payload, moment(message.received_us))
            if isinstance(parsed, Parsed):
                _ = parsed.electrics, parsed.sensors
        code = 0
    finally:
        os._exit(code)
