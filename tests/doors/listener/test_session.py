"""Acknowledgements belong to the connection on which the message came; a broker that is busy answering is not silent."""

import selectors
import socket
from pathlib import Path
from typing import Any

from apps.listener.batches import Ack, Batch, make_namer
from apps.listener.rows import BrokerRow
from apps.listener.session import ANSWER_SECONDS, Session
from apps.listener.subscriptions import Subscriptions
from apps.metering.broker_status import BrokerState

ROW = BrokerRow(1, "127.0.0.1", 1883, False, "", "", "", "client", ("#",))


class Recorder:
    """In place of a client: what it was asked to acknowledge."""

    def __init__(self) -> None:
        self.heard: list[tuple[int, int]] = []

    def ack(self, mid: int, qos: int) -> None:
        self.heard.append((mid, qos))

    def want_write(self) -> bool:
        return False


class Reading(Recorder):
    """In place of a client that reads something each time it is asked."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__()
        self.sock = sock

    def loop_read(self) -> int:
        return 0

    def loop_misc(self) -> None:
        pass

    def socket(self) -> socket.socket | None:
        return None if self.sock.fileno() == -1 else self.sock


class Dialled:
    """In place of a dial that succeeded."""

    def __init__(self, client: Reading) -> None:
        self.client = client


def test_an_acknowledgement_never_reaches_a_later_connection(tmp_path: Path):
    session = Session(ROW, selector=selectors.DefaultSelector(), make_name=make_namer(1), subscriptions=Subscriptions(tmp_path))
    earlier, later = Recorder(), Recorder()
    kept: Any = earlier
    batch = Batch(broker_id=1, content=b"", messages=2, first_at=0.0, client=kept, acks=[Ack(7, 1), Ack(3, 1)])
    current: Any = later
    session._client = current
    session.acknowledge(batch)
    assert (earlier.heard, later.heard) == ([], [])
    session._client = kept
    session.acknowledge(batch)
    assert (earlier.heard, later.heard) == ([(7, 1), (3, 1)], [])


def test_a_broker_that_brings_its_queue_before_it_answers_is_not_hung_up_on(tmp_path: Path):
    session = Session(ROW, selector=selectors.DefaultSelector(), make_name=make_namer(1), subscriptions=Subscriptions(tmp_path))
    near, far = socket.socketpair()
    with near, far:
        client: Any = Reading(near)
        session._take_dialled(Dialled(client), 0.0)  # type: ignore[arg-type]
        for now in (9.0, 18.0, 27.0):  # no answer to SUBSCRIBE yet, a message every nine seconds
            session.read(now)
            session.keep_connected(now + 0.5, dial=True)
            assert session.is_open
        session.keep_connected(27.0 + ANSWER_SECONDS + 0.1, dial=False)
        assert not session.is_open
    assert session.state is BrokerState.DISCONNECTED
