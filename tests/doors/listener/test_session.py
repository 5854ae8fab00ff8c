"""Acknowledgements belong to the connection on which the message came."""

import selectors
from pathlib import Path
from typing import Any

from apps.listener.batches import Ack, Batch, make_namer
from apps.listener.rows import BrokerRow
from apps.listener.session import Session
from apps.listener.subscriptions import Subscriptions

ROW = BrokerRow(1, "127.0.0.1", 1883, False, "", "", "", "client", ("#",))


class Recorder:
    """In place of a client: what it was asked to acknowledge."""

    def __init__(self) -> None:
        self.heard: list[tuple[int, int]] = []

    def ack(self, mid: int, qos: int) -> None:
        self.heard.append((mid, qos))

    def want_write(self) -> bool:
        return False


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
