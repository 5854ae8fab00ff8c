"""What was received on one connection and is not yet stored."""

import time
from collections.abc import Callable
from typing import Any

from paho.mqtt.client import Client, MQTTMessage

from apps.listener.batches import Ack, Batch
from apps.metering.canary import CANARY_TOPICS
from apps.metering.raw import RawMessage, encode_batch

MOST_MESSAGES, MOST_BYTES = 500, 1024 * 1024  # of a batch; one message may be larger and then ends its batch
NANOSECONDS_PER_US = 1000


class Held:
    """Messages of one broker, in order of arrival; counters go on from batch to batch."""

    def __init__(self, broker_id: int, client_id: str, make_name: Callable[[str], str]) -> None:
        self.messages = self.batches = 0
        self.last_message_us = self.last_canary_us = 0
        self.since = 0.0  # arrival of the first, monotonic seconds
        self._broker_id, self._client_id, self._make_name = broker_id, client_id, make_name
        self._raw: list[RawMessage] = []
        self._acks: list[Ack] = []
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._raw)

    @property
    def is_full(self) -> bool:
        return len(self._raw) >= MOST_MESSAGES or self._bytes >= MOST_BYTES

    def take_in(self, _client: Client, _userdata: Any, message: MQTTMessage) -> None:
        """Keep the message as it is. Must not raise, whatever bytes came: paho's `on_message`."""
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = message._topic.decode(errors="backslashreplace")  # there is no other way to the bytes
        payload = bytes(message.payload)
        if not self._raw:
            self.since = time.monotonic()
        self._raw.append(RawMessage(topic, payload, time.time_ns() // NANOSECONDS_PER_US, message.retain))
        self._bytes += len(payload) + len(topic)
        if topic.startswith(CANARY_TOPICS):
            self.last_canary_us = self._raw[-1].received_us
        if message.qos:
            self._acks.append(Ack(message.mid, message.qos))

    def seal(self, client: Client) -> Batch:
        """Everything held, of which there must be something, as one batch of this connection; nothing is held afterwards."""
        raw, acks = self._raw, self._acks
        self._raw, self._acks, self._bytes = [], [], 0
        self.messages += len(raw)
        self.batches += 1
        self.last_message_us = raw[-1].received_us
        return Batch(
            broker_id=self._broker_id,
            content=encode_batch(self._make_name(self._client_id), self._broker_id, raw),
            messages=len(raw),
            first_at=self.since,
            client=client,
            acks=acks,
        )
