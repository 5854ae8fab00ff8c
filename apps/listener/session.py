"""One broker: its connection, and how it is doing.

Everything here runs in the thread of the loop; only the opening of a socket is left to a `Dial`. A client lives as long as its
connection, so an acknowledgement can never reach a later one: packet identifiers mean something else there.
"""

import logging
import selectors
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from apps.listener.batches import Batch
from apps.listener.dialling import Dial, Pacing
from apps.listener.held import Held
from apps.listener.rows import BrokerRow
from apps.listener.subscriptions import Subscriptions
from apps.metering.broker_status import BrokerState

log = logging.getLogger(__name__)
ANSWER_SECONDS = 10.0  # of silence before CONNACK and SUBACK; what the broker has queued may come between the two
LASTING_SECONDS = 10.0  # a connection that held so long was a good one
REFUSALS = {0x84, 0x85, 0x86, 0x87, 0x8A, 0x8C}  # version, client identifier, password, not authorised, banned, bad method
BAD_VERSION = 0x84
NANOSECONDS_PER_US = 1000


class Session:
    """The listener's side of one persistent session. Times are seconds of the monotonic clock, instants `…_us` since 1970."""

    first_version = MQTTProtocolVersion.MQTTv311  # every broker speaks it; one that refuses it is asked in the other

    def __init__(
        self,
        row: BrokerRow,
        *,
        selector: selectors.BaseSelector,
        make_name: Callable[[str], str],
        subscriptions: Subscriptions,
    ) -> None:
        self.row = row
        self.state = BrokerState.CONNECTING
        self.since_us = _now_us()
        self.last_error = ""
        self.last_packet_us = 0
        self.connections = self.spooled = 0
        self.held = Held(row.broker_id, row.client_id, make_name)
        self.pacing = Pacing()
        self._client: Client | None = None
        self._version = self.first_version
        self._dial: Dial | None = None
        self._opened_at = self._heard_at = 0.0
        self._greeted = False  # CONNACK said yes
        self._selector, self._subscriptions = selector, subscriptions
        self._asked: dict[int, str] = {}  # packet identifier of a SUBSCRIBE -> its topic
        self._events = 0
        self._left: list[Batch] = []  # of connections that were lost: to be stored, not to be acknowledged

    # --- connecting ---

    def keep_connected(self, now: float, *, dial: bool) -> None:
        """What has to be done now and then: dial when it is time, notice silence. `dial=False` opens nothing new."""
        if self._dial is not None:
            if not self._dial.is_alive():
                self._take_dialled(self._dial, now)
        elif self._client is not None:
            self._keep_alive(self._client, now)
        elif dial and now >= self.pacing.next_at:
            self._enter(BrokerState.CONNECTING)
            self._dial = Dial(self.row, self._version)
            self._dial.start()

    def _take_dialled(self, dial: Dial, now: float) -> None:
        self._dial = None
        client = dial.client
        if client is None:
            self._failed(now, str(dial.error), refused=dial.refused)
            return
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self.held.take_in
        client.on_subscribe = self._on_subscribe
        client.on_unsubscribe = self._on_unsubscribe
        client.on_socket_close = self._on_socket_close
        self._client, self._greeted, self.last_error = client, False, ""
        self._opened_at = self._heard_at = now
        self.write()

    def _keep_alive(self, client: Client, now: float) -> None:
        client.loop_misc()
        if client.socket() is None:
            self._lost(now)
        elif self.state is not BrokerState.CONNECTED and now - self._heard_at > ANSWER_SECONDS:
            self.last_error = "The broker took the connection but did not answer."
            self._hang_up(client)
            self._lost(now)
        elif self.state is BrokerState.CONNECTED and now - self._opened_at > LASTING_SECONDS:
            self.pacing.succeeded()

    def _on_connect(self, client: Client, _userdata: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        if reason.is_failure:
            self.last_error = str(reason)
            if reason.value == BAD_VERSION:
                self._other_version()
            if reason.value in REFUSALS:
                self._enter(BrokerState.REFUSED)
            return
        self.connections += 1
        self._greeted = True
        self._subscribe(client)

    def _subscribe(self, client: Client) -> None:
        """Make the session deliver what the row names, and no longer what it named before.

        Always, even if the session is still there: we may have died before the first subscription, and rows change.
        """
        client_id, wanted = self.row.client_id, frozenset(self.row.topics)
        known = self._subscriptions.get(client_id)
        self._subscriptions.remember(client_id, known | wanted)
        for topic in sorted(known - wanted):
            with suppress(ValueError):  # it never was one
                client.unsubscribe(topic)
        self._asked = {}
        for topic in self.row.topics:
            try:
                _, mid = client.subscribe(topic, 1)
            except ValueError:
                self._complain(f"{topic!r} is not a filter of topics.")
            else:
                if mid is not None:
                    self._asked[mid] = topic
        if not self._asked:
            self._enter(BrokerState.CONNECTED)

    def _on_unsubscribe(self, _client: Client, _userdata: Any, _mid: int, _reasons: Any, _properties: Any) -> None:
        self._subscriptions.remember(self.row.client_id, frozenset(self.row.topics))

    def _on_subscribe(self, _client: Client, _userdata: Any, mid: int, reasons: list[ReasonCode], _properties: Any) -> None:
        if any(reason.is_failure for reason in reasons):
            self._complain(f"The broker refused the subscription of {self._asked.get(mid)!r}.")
        self._asked.pop(mid, None)
        if not self._asked:  # only now does whatever is published reach us
            self._enter(BrokerState.CONNECTED)

    def _complain(self, reason: str) -> None:
        self.last_error = reason
        log.warning("Broker %d: %s", self.row.broker_id, reason)

    def _on_disconnect(self, _client: Client, _userdata: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        self.last_error = self.last_error or str(reason)

    def _on_socket_close(self, client: Client, _userdata: Any, sock: Any) -> None:
        if client is self._client and self._events:
            with suppress(KeyError):
                self._selector.unregister(sock)
            self._events = 0

    def _other_version(self) -> None:
        """A broker that speaks only MQTT 5 refuses 3.1.1, and the other way round."""
        is_5 = self._version == MQTTProtocolVersion.MQTTv5
        self._version = MQTTProtocolVersion.MQTTv311 if is_5 else MQTTProtocolVersion.MQTTv5

    def _hang_up(self, client: Client) -> None:
        sock: Any = client.socket()
        self._on_socket_close(client, None, sock)
        sock.close()

    def _lost(self, now: float) -> None:
        if self._client is not None and self.held:
            self._left.append(self.held.seal(self._client))
        self._client = None
        self._failed(now, self.last_error, refused=self.state is BrokerState.REFUSED)

    def _failed(self, now: float, reason: str, *, refused: bool) -> None:
        self.last_error = reason
        self.pacing.failed(now, refused=refused)
        if self.pacing.breaker_open:
            self._enter(BrokerState.BREAKER_OPEN)
        else:
            self._enter(BrokerState.REFUSED if refused else BrokerState.DISCONNECTED)

    def _enter(self, state: BrokerState) -> None:
        if state is self.state:
            return
        self.state, self.since_us = state, _now_us()
        log.info("Broker %d at %s:%d: %s %s", self.row.broker_id, self.row.host, self.row.port, state.value, self.last_error)

    # --- reading and writing ---

    @property
    def has_unread(self) -> bool:
        """Whether bytes wait inside the TLS layer, where the selector cannot see them."""
        sock: Any = self._client.socket() if self._client is not None else None
        return isinstance(sock, ssl.SSLSocket) and sock.pending() > 0

    @property
    def is_due(self) -> bool:
        """Whether something should be stored without waiting for more."""
        return bool(self._left) or self.held.is_full

    def read(self, now: float) -> None:
        """Read what has come, up to a full batch."""
        client, held = self._client, self.held
        if client is None:
            return
        while not held.is_full:
            before = len(held)
            answer = client.loop_read()
            if client.socket() is None:
                if answer == MQTTErrorCode.MQTT_ERR_PROTOCOL and not self._greeted:
                    self._other_version()  # how paho says that 3.1.1 was refused for its version
                self._lost(now)
                return
            if len(held) == before:
                break
        self.last_packet_us, self._heard_at = _now_us(), now

    def take(self) -> list[Batch]:
        """Everything received and not yet taken, to be stored. At most one of them can still be acknowledged."""
        batches, self._left = self._left, []
        if self._client is not None and self.held:
            batches.append(self.held.seal(self._client))
        return batches

    def acknowledge(self, batch: Batch) -> None:
        """Tell the broker, in the order of arrival, unless the connection on which they came is gone."""
        client = batch.client
        if client is not self._client:
            return
        for ack in batch.acks:
            client.ack(ack.mid, ack.qos)
        self.write()

    def write(self) -> None:
        """Send what waits to be sent, as far as the socket takes it. A connection lost here is noticed by `keep_connected`."""
        if self._client is not None and self._client.want_write():
            self._client.loop_write()

    def arrange(self, *, read: bool) -> None:
        """Tell the selector what this connection waits for; nothing is read while `read` is false."""
        sock: Any = self._client.socket() if self._client is not None else None
        if sock is None or self._client is None:
            return
        events = (selectors.EVENT_READ if read else 0) | (selectors.EVENT_WRITE if self._client.want_write() else 0)
        if events == self._events:
            return
        if not events:
            self._selector.unregister(sock)
        elif self._events:
            self._selector.modify(sock, events, self)
        else:
            self._selector.register(sock, events, self)
        self._events = events

    @property
    def is_open(self) -> bool:
        return self._client is not None and self._client.socket() is not None

    def say_goodbye(self) -> None:
        """Disconnect in the broker's own words, which keeps the session. Done when `is_open` is false, or never."""
        if self._client is not None and self.is_open:
            self._client.disconnect()
            self.write()

    def close(self) -> None:
        """Let go of the connection, whatever state it is in; a dial under way ends by itself and has sent nothing."""
        if self._client is not None and self.is_open:
            self._hang_up(self._client)
        self._client = None


def _now_us() -> int:
    return time.time_ns() // NANOSECONDS_PER_US
