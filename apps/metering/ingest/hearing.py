"""What a batch of raw messages says, sorted by what it becomes. Pure: no database, no clock."""

from collections.abc import Collection, Container, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

from apps.engine.telemetry import Clock, Kind, Message, Parsed, Reason, Rejected, Sensor, parse_batch
from apps.metering.canary import sung_at
from apps.metering.raw import RawBatch, RawMessage

POISON = "poison"
UNKNOWN_BROKER = "unknown_broker"


class Identity(NamedTuple):
    """Who speaks: a device at its broker."""

    broker_id: int
    vendor: str
    key: str


class Heard(NamedTuple):
    """One register reading; instants in microseconds since 1970 UTC."""

    identity: Identity
    component: str
    channel: str
    measured_us: int
    register_milliwh: int
    received_us: int


@dataclass(slots=True)
class Presence:
    """What the messages of one device say about how it is: the newest of everything."""

    name: str = ""
    messages: int = 0
    first_received_us: int = 0
    last_received_us: int | None = None
    last_measured_us: int | None = None
    clock_wrong_us: int | None = None
    will_us: int | None = None
    online: bool | None = None
    newest: Parsed | None = None  # the newest one that may tell the power

    def hear(self, parsed: Parsed, *, retained: bool) -> None:
        self.messages += 1
        self.name = parsed.source.name
        self.first_received_us = min(self.first_received_us or parsed.received_us, parsed.received_us)
        if parsed.online is not None and (self.will_us is None or parsed.received_us >= self.will_us):
            self.will_us, self.online = parsed.received_us, parsed.online
        if retained or parsed.online is not None:
            return  # the broker speaks, not the device
        self.last_received_us = max(self.last_received_us or 0, parsed.received_us)
        if parsed.clock is Clock.WRONG:
            self.clock_wrong_us = max(self.clock_wrong_us or 0, parsed.received_us)
        if parsed.registers:
            self.last_measured_us = max(self.last_measured_us or 0, parsed.measured_us)
        if self.newest is None or parsed.measured_us >= self.newest.measured_us:
            self.newest = parsed


@dataclass(slots=True)
class Letter:
    """A message that nobody could use, and how often it came."""

    broker_id: int
    topic: str
    payload: bytes
    sha256: str
    reason: str
    detail: str
    first_us: int
    last_us: int
    identity: Identity | None = None
    times: int = 0


@dataclass(slots=True)
class Stranger:
    """A topic that nobody knows."""

    topic: str
    first_us: int
    last_us: int
    messages: int = 0


@dataclass(slots=True)
class Hearing:
    """What some batches say."""

    readings: list[Heard] = field(default_factory=list)
    presences: dict[Identity, Presence] = field(default_factory=dict)
    sensors: list[tuple[Identity, Sensor]] = field(default_factory=list)
    letters: dict[tuple[int, str], Letter] = field(default_factory=dict)
    strangers: dict[tuple[int, str], Stranger] = field(default_factory=dict)
    canaries: dict[int, int] = field(default_factory=dict)  # broker -> when the newest of our own messages was sent, µs


def hear(batches: Iterable[RawBatch], *, brokers: Container[int], guilty: Collection[str] = ()) -> Hearing:
    """Parse batches. `brokers` are those that exist; `guilty` the SHA-256 of messages that broke a worker: never parsed."""
    hearing = Hearing()
    for batch in batches:
        if batch.broker_id not in brokers:
            sentence = f"There is no broker {batch.broker_id} any more. Create it again, or let these messages go."
            for message in batch.messages:
                _write_letter(hearing, batch.broker_id, message, UNKNOWN_BROKER, sentence)
            continue
        _hear(hearing, batch, guilty)
    return hearing


def message_sha256(message: RawMessage) -> str:
    """What names a message whose bytes came more than once."""
    return sha256(message.topic.encode() + b"\0" + message.payload).hexdigest()


def _hear(hearing: Hearing, batch: RawBatch, guilty: Collection[str]) -> None:
    messages = batch.messages
    if guilty:
        for message in messages:
            if message_sha256(message) in guilty:
                _write_letter(hearing, batch.broker_id, message, POISON, "This message broke a worker and is set aside.")
        messages = [message for message in messages if message_sha256(message) not in guilty]
    parsed_all = parse_batch(Message(message.topic, message.payload, message.received_us) for message in messages)
    for message, parsed in zip(messages, parsed_all, strict=True):
        if isinstance(parsed, Rejected):
            _reject(hearing, batch.broker_id, message, parsed)
        else:
            _accept(hearing, Identity(batch.broker_id, parsed.source.vendor, parsed.source.key), message, parsed)


def _accept(hearing: Hearing, identity: Identity, message: RawMessage, parsed: Parsed) -> None:
    presence = hearing.presences.get(identity)
    if presence is None:
        presence = hearing.presences[identity] = Presence()
    # a retained message without a time of its own says what was, nobody knows when
    undated = message.retained and parsed.clock is not Clock.DEVICE
    presence.hear(parsed, retained=message.retained)
    if parsed.registers and not undated:
        hearing.readings += [
            Heard(
                identity,
                register.component,
                register.channel.value,
                parsed.measured_us,
                register.register_milliwh,
                parsed.received_us,
            )
            for register in parsed.registers
        ]
    if parsed.kind is Kind.HEARTBEAT:
        dated = (sensor for sensor in parsed.sensors if sensor.clock is Clock.DEVICE or not message.retained)
        hearing.sensors += [(identity, sensor) for sensor in dated]


def _reject(hearing: Hearing, broker_id: int, message: RawMessage, rejected: Rejected) -> None:
    if rejected.reason is Reason.UNKNOWN_TOPIC:
        sent_us = sung_at(message)
        if sent_us is not None:
            hearing.canaries[broker_id] = max(sent_us, hearing.canaries.get(broker_id, 0))
            return
        topic = printable(message.topic)
        stranger = hearing.strangers.get((broker_id, topic))
        if stranger is None:
            stranger = hearing.strangers[broker_id, topic] = Stranger(topic, message.received_us, message.received_us)
        stranger.messages += 1
        stranger.first_us = min(stranger.first_us, message.received_us)
        stranger.last_us = max(stranger.last_us, message.received_us)
        return
    letter = _write_letter(hearing, broker_id, message, rejected.reason.value, rejected.sentence)
    if rejected.source is not None:
        letter.identity = Identity(broker_id, rejected.source.vendor, rejected.source.key)
        hearing.presences.setdefault(letter.identity, Presence(name=rejected.source.name, first_received_us=message.received_us))


def _write_letter(hearing: Hearing, broker_id: int, message: RawMessage, reason: str, detail: str) -> Letter:
    digest = message_sha256(message)
    letter = hearing.letters.get((broker_id, digest))
    if letter is None:
        at = message.received_us
        letter = Letter(broker_id, printable(message.topic), message.payload, digest, reason, printable(detail), at, at)
        hearing.letters[broker_id, digest] = letter
    letter.times += 1
    letter.first_us = min(letter.first_us, message.received_us)
    letter.last_us = max(letter.last_us, message.received_us)
    return letter


def printable(text: str) -> str:
    """A text without what PostgreSQL refuses."""
    return text.replace("\0", "\N{SYMBOL FOR NULL}")
