"""Making a connection without making the others wait, and not making it too often."""

import logging
import random
import ssl
import struct
import threading
from dataclasses import dataclass

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from apps.listener.rows import BrokerRow

log = logging.getLogger(__name__)
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 60.0
REFUSALS_IN_A_ROW = 5
BREAKER_SECONDS = 300.0
KEEPALIVE_SECONDS = 30
CONNECT_TIMEOUT_SECONDS = 5.0
FOR_EVER = 0xFFFFFFFF  # of the session's expiry, MQTT 5


@dataclass(slots=True)
class Pacing:
    """When to try again. Refusals are answers that will not change by themselves: wrong password, wrong certificate.

    Times are seconds of the monotonic clock.
    """

    next_at: float = 0.0
    breaker_open: bool = False
    _pause: float = 0.0
    _refusals: int = 0

    def failed(self, now: float, *, refused: bool) -> None:
        """Wait twice as long as the last time, give or take a quarter; after five refusals in a row, five minutes."""
        self._refusals = self._refusals + 1 if refused else 0
        self.breaker_open = self._refusals >= REFUSALS_IN_A_ROW
        self._pause = min(2 * self._pause or FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
        pause = BREAKER_SECONDS if self.breaker_open else self._pause
        self.next_at = now + pause * random.uniform(0.75, 1.25)  # noqa: S311  # nosec B311: only to keep listeners from marching in step

    def succeeded(self) -> None:
        """The connection has lasted."""
        self._pause, self._refusals, self.breaker_open = 0.0, 0, False


def make_client(row: BrokerRow, version: MQTTProtocolVersion) -> Client:
    """A client with a session that outlives it. Errors: `ssl.SSLError`, `ValueError` when the certificate is none."""
    is_5 = version == MQTTProtocolVersion.MQTTv5
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=row.client_id,
        clean_session=None if is_5 else False,
        protocol=version,
        reconnect_on_failure=False,
        manual_ack=True,
    )
    client.connect_timeout = CONNECT_TIMEOUT_SECONDS
    if row.username:
        client.username_pw_set(row.username, row.password)
    if row.tls:
        client.tls_set_context(ssl.create_default_context(cadata=row.ca_certificate or None))
    return client


def connect(client: Client, row: BrokerRow) -> None:
    """Open the socket; CONNECT waits in the client until somebody lets it write. Blocks. Errors: `OSError`."""
    # with this callback paho leaves all writing to whoever drives it
    client.on_socket_register_write = lambda *_: None
    if client.protocol == MQTTProtocolVersion.MQTTv5:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = FOR_EVER
        answer = client.connect(row.host, row.port, KEEPALIVE_SECONDS, clean_start=False, properties=properties)
    else:
        answer = client.connect(row.host, row.port, KEEPALIVE_SECONDS)
    if answer != MQTTErrorCode.MQTT_ERR_SUCCESS:
        raise ConnectionError(f"MQTT: {answer.name}")


class Dial(threading.Thread):
    """One attempt to open a socket: names, TCP and TLS may take seconds, and other brokers do not wait for them."""

    def __init__(self, row: BrokerRow, version: MQTTProtocolVersion) -> None:
        super().__init__(name=f"dial-{row.broker_id}", daemon=True)
        self.client: Client | None = None
        self.error: Exception | None = None
        self._row, self._version = row, version

    def run(self) -> None:
        try:
            client = make_client(self._row, self._version)
            connect(client, self._row)
        except (OSError, ValueError, OverflowError, struct.error) as error:  # also a port or a text beyond what fits
            self.error = error
        else:
            self.client = client

    @property
    def refused(self) -> bool:
        """Whether trying again soon is pointless: the certificate or the names do not match, not: nobody is there."""
        return self.error is not None and (isinstance(self.error, ssl.SSLError) or not isinstance(self.error, OSError))
