"""Several listeners divide the brokers: each has one, none has two, and together they are one status."""

from functools import partial
from typing import Any

import pytest

from apps.listener.share import Share, ShareRefused
from apps.metering import broker_status
from apps.metering.broker_status import PROCESS_KEY, PROCESSES_KEY, BrokerState, Stage
from apps.metering.models import Broker
from tests.doors.listener.conftest import Place, wait_for


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_every_broker_belongs_to_exactly_one_share(count: int) -> None:
    shares = [Share(number, count) for number in range(1, count + 1)]
    assert [sum(share.takes(broker_id) for share in shares) for broker_id in range(1, 50)] == [1] * 49
    assert len({share.name for share in shares}) == count


@pytest.mark.parametrize("text", ["", "1", "0/2", "3/2", "1/0", "a/b", "1/2/3", "-1/2", "1/1000"])
def test_what_is_no_share_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ShareRefused, match="for example 2/3"):
        Share.parse(text)


def test_two_listeners_take_a_broker_each(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_status, "_redis", lambda: place.redis)
    first = place.broker
    second = Broker.objects.create(name="due", host=first.host, port=first.port, client_id="due", topics=first.topics)
    if second.pk % 2 == first.pk % 2:
        second.delete()
        second = Broker.objects.create(name="due", host=first.host, port=first.port, client_id="due", topics=first.topics)
    children = [place.listen(f"share={number}/2") for number in (1, 2)]
    for broker in (first, second):
        wait_for(partial(is_connected, broker), f"broker {broker}")
    process = broker_status.get_process_status()
    assert (process.alive, process.broker_ids) == (True, tuple(sorted((first.pk, second.pk))))
    assert {broker_status.get_broker_status(one.pk).reconnects for one in (first, second)} == {0}
    children[0].terminate()
    assert place.wait(children[0]) == 0
    wait_for(lambda: broker_status.get_process_status().pid == children[1].pid, "the other one alone")


def is_connected(broker: Broker) -> bool:
    return broker_status.get_broker_status(broker.pk).state is BrokerState.CONNECTED


class Told:
    """A Redis that knows some hashes."""

    def __init__(self, **hashes: dict[str, Any]) -> None:
        self.hashes = hashes

    def hgetall(self, key: str) -> dict[bytes, bytes]:
        return {name.encode(): str(value).encode() for name, value in self.hashes.get(key.replace(":", "_"), {}).items()}


def test_together_they_are_as_well_as_the_worst(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [f"{PROCESS_KEY}:1-of-2", f"{PROCESS_KEY}:2-of-2"]
    hashes: dict[str, dict[str, Any]] = {
        PROCESSES_KEY.replace(":", "_"): {keys[0]: 10, keys[1]: 11},
        keys[0].replace(":", "_"): {
            "pid": 1,
            "stage": "stream",
            "lag_ms": 5,
            "spool_bytes": 0,
            "disk_percent": 30,
            "brokers": "2",
        },
        keys[1].replace(":", "_"): {
            "pid": 2,
            "stage": "spool",
            "lag_ms": 900,
            "spool_bytes": 7,
            "disk_percent": 20,
            "brokers": "1",
        },
    }
    monkeypatch.setattr(broker_status, "_redis", lambda: Told(**hashes))
    both = broker_status.get_process_status()
    assert (both.alive, both.stage, both.spool_bytes, both.disk_percent) == (True, Stage.SPOOL, 7, 30)
    assert (both.lag.total_seconds() if both.lag else None, both.broker_ids) == (0.9, (1, 2))
    del hashes[keys[1].replace(":", "_")]
    one_dead = broker_status.get_process_status()
    assert (one_dead.alive, one_dead.broker_ids) == (False, (2,))
