"""What the vendors' files are made of: a reader for words and numbers, and one for JSON."""

from typing import Generic, TypeVar

import msgspec

from apps.engine.telemetry.messages import Clock, Electrics, Kind, Parsed, Reason, Refused, Register, Sensor, Source
from apps.engine.telemetry.payloads import Shape, check_bytes
from apps.engine.telemetry.quantities import clean, is_given, text
from apps.engine.telemetry.stamps import settled

T = TypeVar("T")
_REGISTERS, _RECEIVED = Kind.REGISTERS, Clock.RECEIVED  # looked up once: members of an enumeration are slow to reach
_MOST_FACTS = 64
Registers = tuple[Register, ...]
Facts = tuple[tuple[str, str], ...]


class Address(msgspec.Struct, frozen=True):
    """What a topic says: who speaks, about which meter inside the device, and the other levels by name."""

    source: Source
    component: str
    levels: dict[str, str]
    name: bytes
    """The device's name as it may stand in its payload; empty when cutting it out could change the structure."""


class TopicReader:
    """Reads one kind of payload. A vendor overrides what its payload has."""

    def read(self, address: Address, payload: bytes, received_us: int) -> Parsed:
        """Return the message. Errors: `Refused`."""
        raise NotImplementedError

    def undated(
        self,
        kind: Kind,
        address: Address,
        payload: bytes,
        received_us: int,
        registers: Registers = (),
        online: bool | None = None,
    ) -> Parsed:
        """Return a message that carries no time: it was so when it arrived."""
        at, whose = received_us, Clock.RECEIVED
        return Parsed(address.source, kind, at, at, whose, registers, online, address.component, payload, self)

    def phases(self, parsed: Parsed) -> Registers:
        return ()

    def electrics(self, parsed: Parsed) -> tuple[Electrics, ...]:
        return ()

    def sensors(self, parsed: Parsed) -> tuple[Sensor, ...]:
        return ()

    def facts(self, parsed: Parsed) -> Facts:
        return ()


class Words(TopicReader):
    """A last will: one of two words says whether the device is there."""

    def __init__(self, **words: bool) -> None:
        self._words = {word.encode(): online for word, online in words.items()}

    def read(self, address: Address, payload: bytes, received_us: int) -> Parsed:
        check_bytes(payload)
        online = self._words.get(payload.strip().lower())
        if online is None:
            expected = " or ".join(word.decode() for word in self._words)
            raise Refused(Reason.WRONG_TYPE, f"Expected {expected}, found {clean(payload[:40].decode(errors='replace'))!r}.")
        return self.undated(Kind.ONLINE, address, payload, received_us, (), online)


class Json(TopicReader, Generic[T]):
    """A JSON payload of type `T`. The first of its skeleton is looked at closely, with all its details."""

    def __init__(self, of: type[T], kind: Kind = Kind.STATUS) -> None:
        self.shape = Shape(of)
        self._kind = kind

    def read(self, address: Address, payload: bytes, received_us: int) -> Parsed:
        skeleton = self.shape.skeleton(payload, address.name)
        if self.shape.knows(skeleton):
            return self._parsed(self.shape.decode(payload), address, payload, received_us)
        parsed = self._parsed(self.shape.decode_closely(payload), address, payload, received_us)
        for details in (self.phases, self.electrics, self.sensors, self.facts):
            details(parsed)
        self.shape.remember(skeleton, payload, address.name)
        return parsed

    def _parsed(self, body: T, address: Address, payload: bytes, received_us: int) -> Parsed:
        registers = self.registers(body, address, payload)
        stamp_us = self.stamp_us(body, received_us)
        measured_us, clock = (received_us, _RECEIVED) if stamp_us is None else settled(stamp_us, received_us)
        kind = _REGISTERS if registers else self.kind_of(body)
        return Parsed(address.source, kind, measured_us, received_us, clock, registers, None, address.component, payload, self)

    def registers(self, body: T, address: Address, payload: bytes) -> Registers:
        """Return the registers that make energy, and refuse a payload that is not its topic's. Errors: `Refused`."""
        return ()

    def kind_of(self, body: T) -> Kind:
        """Return the kind of a message without registers."""
        return self._kind

    def stamp_us(self, body: T, received_us: int) -> int | None:
        """Return the device's own time in microseconds since 1970; None when the payload carries none."""
        return None


class JsonOrWord(Json[T]):
    """JSON, or the word that tells whether the device is there."""

    _words = Words(online=True, offline=False)

    def read(self, address: Address, payload: bytes, received_us: int) -> Parsed:
        if payload[:1].isalpha() and payload[:1] != b"n":  # null is JSON
            return self._words.read(address, payload, received_us)
        return super().read(address, payload, received_us)


def same_identity(what: str, given: str | None, *expected: str) -> None:
    """Refuse a payload that names another device than its topic. One that names none is its topic's."""
    if given is not None and given not in expected:
        raise Refused(Reason.IDENTITY_MISMATCH, f"The payload says {what} {given!r}, its topic says {expected[0]!r}.")


def name_in(raw: msgspec.Raw) -> str | None:
    """Return a name or number that identifies something, None when absent. Errors: `Refused` for anything else."""
    if not is_given(raw):
        return None
    named = text(raw)
    if named is None:
        number = bytes(raw)
        if not number.isdigit():
            raise Refused(Reason.WRONG_TYPE, f"A name was expected where {clean(number[:40].decode(errors='replace'))} stands.")
        named = number.decode()
    return named


def facts_of(fields: dict[str, msgspec.Raw]) -> Facts:
    """Return the plain values among some fields as text, nested objects and lists left out."""
    found = []
    for name, raw in fields.items():
        value = bytes(raw)
        if is_given(raw) and value[:1] not in (b"{", b"["):
            found.append((clean(name), text(raw) if value[:1] == b'"' else clean(value.decode())))
    return tuple((name, value) for name, value in found[:_MOST_FACTS] if value)
