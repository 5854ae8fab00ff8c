"""What a message says once it is read: one frozen value a message, or the reason why it says nothing.

Instants are whole microseconds since 1970 UTC (`_us`), what the database and NumPy keep. Registers are whole thousandths of a
watt-hour (`_milliwh`; `_mwh` would read as megawatt-hours), so that the decimals a meter sends survive until the one rounding to
Wh at the edge of a quarter. What is only shown to people is whole thousandths too: `_milliw`, `_milliv`, `_millia`, `_millihz`.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple, Protocol

import msgspec

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Channel(StrEnum):
    """What a register counts, as the device sees it. The device's role says which curve of the POD that is."""

    IMPORT = "import"  # drawn through the meter: withdrawn at the exchange, consumed behind it
    EXPORT = "export"  # given back through the meter: injected at the exchange
    PRODUCTION = "production"


class Kind(StrEnum):
    """The most telling thing a message carries: with registers it may carry power too, never the other way round."""

    REGISTERS = "registers"
    POWER = "power"
    ONLINE = "online"
    HEARTBEAT = "heartbeat"
    STATUS = "status"
    COMMAND = "command"


class Clock(StrEnum):
    """Whose time `measured_us` is."""

    DEVICE = "device"
    RECEIVED = "received"  # the message carries no time
    WRONG = "wrong"  # it carries one that cannot be, which is set aside


class Reason(StrEnum):
    """Why a message is rejected: the machine word of a dead letter."""

    UNKNOWN_TOPIC = "unknown_topic"  # kept and counted, no dead letter
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    NOT_UTF8 = "not_utf8"
    TOO_DEEP = "too_deep"
    MALFORMED = "malformed"
    DUPLICATE_KEYS = "duplicate_keys"
    WRONG_TYPE = "wrong_type"
    OUT_OF_RANGE = "out_of_range"
    NEGATIVE_REGISTER = "negative_register"
    IDENTITY_MISMATCH = "identity_mismatch"


class Message(NamedTuple):
    """What the listener hands over: nothing parsed."""

    topic: str
    payload: bytes
    received_us: int


class Source(msgspec.Struct, frozen=True):
    """Who speaks, as the topic says. (`vendor`, `key`) is the device's identity at its broker; `name` is for people.

    `pod` is only what the topic claims: the binding decides which POD a device measures.
    """

    vendor: str
    key: str
    name: str
    pod: str | None


class Register(msgspec.Struct, frozen=True, gc=False):
    """A cumulative register: the only thing that makes energy. `component` tells the meters inside one device apart.

    `phase` is empty for what is to be settled; the parts that some devices list besides ("a", "b", "c", "1", ...) are shown only.
    """

    component: str
    channel: Channel
    register_milliwh: int
    phase: str = ""


class Electrics(msgspec.Struct, frozen=True, gc=False):
    """What flows now, to be shown. Power below zero is given back. None where the device does not say or says nonsense."""

    component: str
    phase: str = ""
    power_milliw: int | None = None
    voltage_milliv: int | None = None
    current_millia: int | None = None
    frequency_millihz: int | None = None


class Sensor(msgspec.Struct, frozen=True, gc=False):
    """One sensor of a heartbeat, with the values it names."""

    name: str
    measured_us: int
    clock: Clock
    values: tuple[tuple[str, Decimal], ...]


class Reader(Protocol):
    """Reads the details of a message when somebody wants to see them; a vendor's file holds one per kind of payload."""

    def phases(self, parsed: "Parsed") -> tuple[Register, ...]: ...

    def electrics(self, parsed: "Parsed") -> tuple[Electrics, ...]: ...

    def sensors(self, parsed: "Parsed") -> tuple[Sensor, ...]: ...

    def facts(self, parsed: "Parsed") -> tuple[tuple[str, str], ...]: ...


class Parsed(msgspec.Struct, frozen=True, gc=False):
    """A message understood. What makes energy, time and state is here; the rest is read from the payload on demand."""

    source: Source
    kind: Kind
    measured_us: int
    received_us: int
    clock: Clock
    registers: tuple[Register, ...]
    online: bool | None
    component: str
    payload: bytes
    reader: Reader

    @property
    def measured_at(self) -> datetime:
        return EPOCH + self.measured_us * MICROSECOND

    @property
    def received_at(self) -> datetime:
        return EPOCH + self.received_us * MICROSECOND

    @property
    def phases(self) -> tuple[Register, ...]:
        """The registers of single phases or tariffs, to be shown beside the total that is settled."""
        return self.reader.phases(self)

    @property
    def electrics(self) -> tuple[Electrics, ...]:
        """Power, voltage, current and frequency per component and phase."""
        return self.reader.electrics(self)

    @property
    def sensors(self) -> tuple[Sensor, ...]:
        """The sensors of a heartbeat."""
        return self.reader.sensors(self)

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Other things worth showing, as (name, text): state of the inverter, charge of the battery, a command's fields."""
        return self.reader.facts(self)


class Rejected(msgspec.Struct, frozen=True, gc=False):
    """A message that says nothing usable, and why: `sentence` is for the person who can put it right."""

    topic: str
    reason: Reason
    sentence: str
    received_us: int
    source: Source | None = None


class Refused(Exception):
    """Raised inside this package only; `parse_message` turns it into `Rejected`."""

    def __init__(self, reason: Reason, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.sentence = sentence
