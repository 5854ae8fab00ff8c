"""A micro-batch of raw messages as bytes: what travels on the queue, lies in the spool and is kept in the journal.

Nothing is parsed here. `RawMessage` is (topic, payload, received_us, retained); instants are microseconds since 1970 UTC.
"""

import zlib
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

STREAM = "raw"
FIELD = b"b"  # of an entry of the stream: the bytes of one batch
GROUP = "ingest"
DRAINING = "ingest:draining"  # a key that lives while a worker empties the stream
_LEVEL = 1  # a third of the size for a tenth of the time


class RawMessage(NamedTuple):
    """One message as it came in; `retained` says that the broker had kept it for who subscribes later."""

    topic: str
    payload: bytes
    received_us: int
    retained: bool = False


class RawBatch(msgspec.Struct, frozen=True, array_like=True):
    """Messages of one broker that were acknowledged together. `name` is unique for ever: it makes storing it twice harmless."""

    name: str
    broker_id: int
    messages: list[RawMessage]

    @property
    def received_us(self) -> int:
        return self.messages[0].received_us


class RawBatchDamaged(Exception):
    """The bytes are not a batch."""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(RawBatch)


def encode_batch(name: str, broker_id: int, messages: Sequence[RawMessage]) -> bytes:
    """The bytes of a batch of at least one message."""
    return _encoder.encode((name, broker_id, messages))


def decode_batch(content: bytes) -> RawBatch:
    """Errors: `RawBatchDamaged`."""
    try:
        batch = _decoder.decode(content)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise RawBatchDamaged(f"A raw batch of {len(content)} bytes cannot be read: {error}.") from error
    if not batch.messages:
        raise RawBatchDamaged(f"The raw batch {batch.name} is empty.")
    return batch


def compress(content: bytes) -> bytes:
    """The bytes of a batch as the journal keeps them."""
    return zlib.compress(content, _LEVEL)


def decompress(content: bytes) -> bytes:
    return zlib.decompress(content)
