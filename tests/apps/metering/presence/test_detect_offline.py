"""Presences in the database: what changes is written once, what does not is not touched, whatever happens meanwhile."""

import random
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.engine.darkness import dark_since
from apps.engine.presence import BrokerFact, judge
from apps.metering import presence as presences
from apps.metering.models import Broker, Device, DeviceFlip, DeviceState
from apps.metering.presence import detect_offline
from tests.apps.metering.presence.rows import (
    NIGHT,
    NOON,
    Presence,
    bind,
    hear,
    look,
    make_broker,
    make_device,
    make_plant,
    presence,
)

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def broker() -> Broker:
    return make_broker()


def flips() -> list[tuple[str, str, str, datetime]]:
    return list(DeviceFlip.objects.order_by("at", "pk").values_list("was", "now", "reason", "at"))


def test_a_device_is_online_until_three_heartbeats_are_missed_and_online_again_when_it_speaks(broker: Broker) -> None:
    device = make_device(broker, heard=0)
    [flip] = look(NOON)
    assert (flip.device_id, flip.was, flip.now, flip.reason, flip.at) == (device.pk, "unknown", "online", "heard", NOON)
    assert look(NOON + 14 * MINUTE) == []
    look(NOON + 15 * MINUTE)
    hear(device, NOON + 20 * MINUTE)
    look(NOON + 21 * MINUTE)
    assert flips() == [
        ("unknown", "online", "heard", NOON),
        ("online", "offline", "silent", NOON + 15 * MINUTE),
        ("offline", "online", "heard", NOON + 21 * MINUTE),
    ]
    state = DeviceState.objects.get(device=device)
    assert (state.presence, state.presence_since) == ("online", NOON + 21 * MINUTE)


@pytest.mark.parametrize(("own", "expected"), [(None, "offline"), (3600, "online"), (60, "offline"), (0, "offline")])
def test_the_heartbeat_of_the_device_outranks_that_of_the_broker(broker: Broker, own: int | None, expected: str) -> None:
    device = make_device(broker, heartbeat=own, was="online", since=600, heard=16)
    look()
    assert presence(device) == expected


def test_a_last_will_counts_at_once_unless_a_newer_message_came(broker: Broker) -> None:
    gone = make_device(broker, "gone", was="online", since=600, heard=2, will=1, online=False)
    back = make_device(broker, "back", was="online", since=600, heard=1, will=2, online=False)
    look()
    assert (presence(gone), presence(back)) == ("offline", "online")


def test_a_wrong_clock_is_told_apart(broker: Broker) -> None:
    device = make_device(broker, was="online", since=600, heard=1, clock_wrong=1)
    assert [flip.now for flip in look()] == ["clock_wrong"]
    hear(device, NOON + 14 * MINUTE)
    assert look(NOON + 13 * MINUTE) == []
    assert [flip.now for flip in look(NOON + 14 * MINUTE)] == ["online"]


@pytest.mark.parametrize("up", [False, None])
def test_devices_of_a_broker_that_is_away_are_not_offline(broker: Broker, up: bool | None) -> None:
    devices = [make_device(broker, f"d{n}", was="online", since=600, heard=16 + n) for n in range(3)]
    dead = make_device(broker, "dead", was="offline", since=600, heard=700)
    assert {flip.now for flip in look(up=up)} == {"broker_down"}
    assert [presence(device) for device in devices] == ["broker_down"] * 3
    assert presence(dead) == "offline"
    hear(devices[0], NOON + 10 * MINUTE)
    look(NOON + 11 * MINUTE, up_since=NOON + 10 * MINUTE)
    assert [presence(device) for device in devices] == ["online", "broker_down", "broker_down"]
    look(NOON + 25 * MINUTE, up_since=NOON + 10 * MINUTE)
    assert [presence(device) for device in devices] == ["offline"] * 3


def test_a_broker_that_nobody_vouches_for_is_judged_by_what_it_brings(broker: Broker) -> None:
    silent = make_device(broker, "silent", was="online", since=600, heard=20)
    make_device(broker, "talks", was="online", since=600, heard=4)
    detect_offline(as_of=NOON, brokers={})
    assert presence(silent) == "offline"


def test_a_broker_that_is_away_does_not_touch_the_devices_of_another(broker: Broker) -> None:
    other = make_device(make_broker("due"), was="online", since=600, heard=16)
    mine = make_device(broker, was="online", since=600, heard=16)
    detect_offline(as_of=NOON, brokers={broker.pk: BrokerFact(False), other.broker_id: BrokerFact(True)})
    assert (presence(mine), presence(other)) == ("broker_down", "offline")


@pytest.mark.parametrize(
    ("role", "source", "ends", "expected"),
    [
        ("production", "", None, "asleep"),
        ("production", "photovoltaic", None, "asleep"),
        ("production", "hydro", None, "offline"),
        ("exchange", "photovoltaic", None, "offline"),
        ("production", "", NIGHT, "offline"),
    ],
)
def test_at_night_only_what_lives_on_sunlight_sleeps(
    broker: Broker, role: str, source: str, ends: datetime | None, expected: str
) -> None:
    device = make_device(broker, at=NIGHT, was="online", since=600, heard=30)
    bind(device, role=role, ends_at=ends)
    if source:
        make_plant("IT001E00000001", source)
    look(NIGHT)
    assert presence(device) == expected
    look(NIGHT + timedelta(hours=12))
    assert presence(device) == "offline"


def test_a_device_that_changes_often_is_left_alone_for_a_while(broker: Broker) -> None:
    device = make_device(broker)
    at = NOON
    for minute in range(60):
        at = NOON + minute * MINUTE
        if minute % 2:
            DeviceState.objects.filter(device=device).update(will_at=at, last_will_online=False)
        else:
            hear(device, at)
        look(at)
    assert DeviceFlip.objects.count() <= 7
    assert [row[3] - NOON for row in flips()[:4]] == [n * MINUTE for n in range(4)]


def test_changes_that_are_the_brokers_fault_do_not_make_a_device_unsteady(broker: Broker) -> None:
    device = make_device(broker, was="offline", since=2, heard=0)
    for n in range(6):
        DeviceFlip.objects.create(device=device, was="online", now="broker_down", at=NOON - (n + 2) * MINUTE)
    assert [flip.now for flip in look()] == ["online"]


def test_an_older_look_changes_nothing(broker: Broker) -> None:
    device = make_device(broker, was="online", since=1, heard=60)
    assert look(NOON - MINUTE) == []
    assert look(NOON - 2 * MINUTE) == []
    assert (presence(device), flips()) == ("online", [])


def test_the_number_of_queries_does_not_depend_on_the_number_of_devices(broker: Broker) -> None:
    counts = []
    for n in range(3):
        for m in range(10**n):
            make_device(broker, f"d{n}-{m}", was="online", since=600, heard=20)
        with CaptureQueriesContext(connection) as queries:
            assert len(look()) == 10**n
        counts.append(len(queries))
    assert len(set(counts)) == 1


def test_what_the_database_leaves_out_the_rules_would_not_change(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are asked about the same random devices: whoever would flip is among those that were looked at."""
    rng = random.Random(20260302)
    other = make_broker("due")

    def some(longest: int) -> int | None:
        return rng.choice([None, rng.randrange(1, 40), rng.randrange(1, longest)])

    for at in (NOON, NIGHT):
        for n in range(400):
            state: dict[str, Any] = {"heard": some(900), "will": some(900), "clock_wrong": some(60)}
            state |= {"was": rng.choice(Presence.values), "since": some(1500), "online": rng.choice([None, True, False])}
            device = make_device(rng.choice([broker, other]), f"{at.hour}-{n}", at=at, heartbeat=rng.choice([None, 60]), **state)
            if rng.random() < 0.5:
                bind(device, f"IT001E{at.hour:02}{n:06}", "production")
        for up in (True, False, None):
            facts = {
                broker.pk: BrokerFact(up, carried_at=at - rng.randrange(60) * MINUTE),
                other.pk: BrokerFact(up, at - rng.randrange(60) * MINUTE),
            }
            seen = {row.device_id: row for row in presences._look(at, facts)}
            monkeypatch.setattr(presences, "_SEEN", presences._SEEN.partition("WHERE coalesce(s.presence_since")[0])
            everybody = presences._look(at, facts)
            monkeypatch.undo()
            assert len(everybody) == DeviceState.objects.count()
            dark = dark_since(at)
            flipping = {
                row.device_id
                for row in everybody
                if judge(row.fact, as_of=at, dark_since=dark).reason
                # a plant that is bound elsewhere in the middle of the night wakes with the others
                and not (row.fact.presence == "asleep" and dark and not row.fact.sleeps)
            }
            missed = [row for row in everybody if row.device_id in flipping - set(seen)]
            assert missed == []
            assert 50 < len(flipping) < len(everybody)


def test_a_look_that_dies_half_way_leaves_whole_changes_and_the_next_one_does_the_rest(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = [make_device(broker, f"d{n}", was="online", since=600, heard=20).pk for n in range(5)]
    monkeypatch.setattr(presences, "CHUNK", 2)
    swap, chunks = presences._swap, []

    def die(devices: Any, as_of: datetime) -> Any:
        chunks.append(len(devices))
        if len(chunks) == 2:
            raise RuntimeError
        return swap(devices, as_of)

    monkeypatch.setattr(presences, "_swap", die)
    with pytest.raises(RuntimeError):
        look()
    assert DeviceFlip.objects.count() == DeviceState.objects.filter(presence="offline").count() == 2
    look(NOON + MINUTE)
    assert chunks == [2, 2, 2, 1]
    assert sorted(DeviceFlip.objects.values_list("device_id", flat=True)) == numbers


# --- two at once ---


def seen_now() -> list[presences._Seen]:
    return presences._look(NOON, {pk: BrokerFact(True) for pk in Broker.objects.values_list("pk", flat=True)})


def test_of_two_who_saw_the_same_one_makes_the_change(broker: Broker) -> None:
    make_device(broker, was="online", since=600, heard=20)
    first, second = seen_now(), seen_now()
    assert len(presences._swap(first, NOON)) == 1
    assert presences._swap(second, NOON + MINUTE) == []
    assert len(flips()) == 1


def test_without_the_comparison_two_changes_are_written(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control of the test above: it can fail."""
    start, _, end = presences._SWAP.partition("    WHERE (s.presence,")
    monkeypatch.setattr(presences, "_SWAP", start + "    FOR UPDATE" + end.partition("    FOR UPDATE")[2])
    make_device(broker, was="online", since=600, heard=20)
    first, second = seen_now(), seen_now()
    presences._swap(first, NOON)
    presences._swap(second, NOON + MINUTE)
    assert len(flips()) == 2


def test_who_speaks_between_the_look_and_the_change_stays_online(broker: Broker) -> None:
    device = make_device(broker, was="online", since=600, heard=20)
    seen = seen_now()
    hear(device, NOON)
    assert presences._swap(seen, NOON) == []
    assert (presence(device), flips()) == ("online", [])


@pytest.mark.django_db(transaction=True)
def test_ten_detectors_at_once_write_one_flip_per_change() -> None:
    broker = make_broker()
    numbers = [make_device(broker, f"d{n}", was="online", since=600, heard=20).pk for n in range(300)]
    barrier = threading.Barrier(10)
    made: list[int] = []

    def detect(number: int) -> None:
        barrier.wait()
        made.extend(flip.device_id for flip in look(NOON + number * timedelta(seconds=1)))
        connection.close()

    threads = [threading.Thread(target=detect, args=(n,)) for n in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    look(NOON + MINUTE)
    assert sorted(DeviceFlip.objects.values_list("device_id", flat=True)) == sorted(numbers)
    assert len(made) == len(set(made))
    assert set(DeviceState.objects.values_list("presence", flat=True)) == {"offline"}


@pytest.mark.django_db(transaction=True)
def test_a_device_whose_message_is_being_stored_is_left_to_the_next_look() -> None:
    broker = make_broker()
    busy, quiet = (make_device(broker, key, was="online", since=600, heard=20) for key in ("busy", "quiet"))
    held, done = threading.Event(), threading.Event()

    def store() -> None:
        with transaction.atomic():
            hear(busy, NOON)
            held.set()
            done.wait(120)
        connection.close()

    thread = threading.Thread(target=store)
    thread.start()
    assert held.wait(60)
    assert [flip.device_id for flip in look()] == [quiet.pk]
    assert thread.is_alive()  # the look did not wait for it
    done.set()
    thread.join()
    assert look(NOON + MINUTE) == []
    assert presence(busy) == "online"


def test_a_device_that_is_gone_meanwhile_disturbs_nobody(broker: Broker) -> None:
    make_device(broker, was="online", since=600, heard=20)
    seen = seen_now()
    ghosts = [replace(row, device_id=row.device_id + 1000) for row in seen]
    assert len(presences._swap([*ghosts, *seen], NOON)) == 1
    assert Device.objects.count() == 1
