"""The brokers to listen to, read again and again by a thread of its own: a database that freezes must not stop the flow."""

import logging
import threading
from dataclasses import dataclass, field

from django.db import Error, close_old_connections, connection

from apps.accounts.encryption import DecryptionFailed
from apps.listener.share import Share
from apps.metering.canary_rows import listened_topics
from apps.metering.models import Broker

log = logging.getLogger(__name__)
REREAD_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class BrokerRow:
    """What a connection depends on. Two rows that are equal need no new connection."""

    broker_id: int
    host: str
    port: int
    tls: bool
    ca_certificate: str
    username: str
    password: str = field(repr=False)
    client_id: str
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """All brokers at one moment, by identifier."""

    enabled: dict[int, BrokerRow]
    disabled: frozenset[int]


def read_rows(known: Rows | None, share: Share) -> Rows:
    """The rows of our share as they are now.

    One whose password cannot be decrypted stays as it was known, or is left out, with a log line.
    """
    enabled: dict[int, BrokerRow] = {}
    disabled: set[int] = set()
    for broker_id, is_enabled in Broker.objects.order_by("pk").values_list("pk", "enabled"):
        if not share.takes(broker_id):
            continue
        if not is_enabled:
            disabled.add(broker_id)
            continue
        try:
            broker = Broker.objects.filter(pk=broker_id).first()
        except DecryptionFailed as error:
            log.error("Broker %d: %s", broker_id, error)
            if known and broker_id in known.enabled:
                enabled[broker_id] = known.enabled[broker_id]
            continue
        if broker is not None:
            enabled[broker_id] = BrokerRow(
                broker_id=broker_id,
                host=broker.host,
                port=broker.port,
                tls=broker.tls,
                ca_certificate=broker.ca_certificate,
                username=broker.username,
                password=broker.password,
                client_id=broker.client_id,
                topics=listened_topics(broker),
            )
    return Rows(enabled=enabled, disabled=frozenset(disabled))


class RowWatcher(threading.Thread):
    """Keeps `rows` current: None until PostgreSQL has answered once, the last known ones while it is away."""

    def __init__(self, share: Share) -> None:
        super().__init__(name="rows", daemon=True)
        self._share = share
        self.rows: Rows | None = None
        self.last_error = ""
        self._ends = threading.Event()

    def run(self) -> None:
        while not self._ends.is_set():
            self._read()
            self._ends.wait(REREAD_SECONDS)
        connection.close()

    def end(self) -> None:
        """Ask it to end; not waited for, because PostgreSQL may hold it."""
        self._ends.set()

    def _read(self) -> None:
        try:
            close_old_connections()
            self.rows = read_rows(self.rows, self._share)
        except Error as error:
            if not self.last_error:
                log.warning("PostgreSQL does not answer, the brokers stay as they were last known: %s", error)
            self.last_error = str(error).partition("\n")[0]
            connection.close()
        else:
            if self.last_error:
                log.info("PostgreSQL answers again.")
            self.last_error = ""
