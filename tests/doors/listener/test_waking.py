"""Workers are woken when there is something for them, not more often than it helps; a database that is away stops nothing."""

import json
import time
from base64 import b64decode

from apps.listener.herald import WAITING_WAKES
from apps.metering.broker_status import PROCESS_KEY
from apps.metering.raw import DRAINING, STREAM
from tests.doors.listener.conftest import Place, get_database_url, wait_for
from tests.doors.listener.fakes import Door
from tests.doors.listener.test_flow import make_messages


def count_wakes(place: Place) -> int:
    return int(place.redis.llen("ingest"))


def wait_for_beat(place: Place) -> None:
    """Until the herald has begun another round: whatever it saw in an earlier one, it has acted upon."""
    seen = place.redis.hget(PROCESS_KEY, "beat_at")
    wait_for(lambda: place.redis.hget(PROCESS_KEY, "beat_at") != seen, "a beat of the herald")


def test_a_message_wakes_the_workers(place: Place):
    place.listen("look_rarely")  # so that nothing else wakes them
    place.publish({"x": b""})
    wait_for(lambda: count_wakes(place), "a wake-up")
    wake = json.loads(place.redis.lindex("ingest", 0))
    assert wake["headers"]["task"] == "ingest.drain"
    assert json.loads(b64decode(wake["body"]))[:2] == [[], {}]


def test_nobody_is_woken_while_a_worker_drains_and_somebody_is_when_it_ends(place: Place):
    place.listen()
    place.redis.set(DRAINING, "worker")
    place.publish({"x": b""})
    place.wait_for_topics(["x"])
    time.sleep(1.5)
    assert count_wakes(place) == 0
    place.redis.delete(DRAINING)
    wait_for(lambda: count_wakes(place), "a wake-up")


def test_a_lost_wake_up_is_repeated_until_the_stream_is_empty(place: Place):
    place.listen()
    place.publish({"x": b""})
    for _ in range(2):
        wait_for(lambda: count_wakes(place), "a wake-up")
        place.redis.delete("ingest")
    place.redis.delete(STREAM)
    wait_for_beat(place)
    place.redis.delete("ingest")
    time.sleep(1.5)
    assert count_wakes(place) == 0


def test_wake_ups_do_not_pile_up_while_no_worker_runs(place: Place):
    place.listen()
    for number in range(20):
        place.publish({f"x/{number}": b""})
        time.sleep(0.1)
    wait_for(lambda: count_wakes(place), "a wake-up")
    assert 1 <= count_wakes(place) <= WAITING_WAKES


def test_without_postgresql_it_waits_and_says_so_and_frozen_it_goes_on(place: Place):
    from django.db import connection

    door = Door(int(connection.settings_dict["PORT"]))
    child = place.listen(connected=False, database_url=get_database_url(port=door.port))
    wait_for(lambda: "PostgreSQL does not answer" in place.log, "a line in the log")
    assert place.log.count("PostgreSQL does not answer") == 1
    door.open()
    wait_for(lambda: ": connected" in place.log, "a connection")
    place.publish(make_messages("open", 20))
    place.wait_for_topics(make_messages("open", 20))
    door.frozen.set()
    time.sleep(0.5)
    place.publish(make_messages("frozen", 20))
    place.wait_for_topics(make_messages("frozen", 20))
    door.close()
    place.publish(make_messages("closed", 20))
    place.wait_for_topics(make_messages("closed", 20))
    assert child.poll() is None
    child.terminate()
    assert place.wait(child) == 0


def test_a_thread_that_dies_takes_the_process_with_it(place: Place):
    child = place.listen("break_herald", connected=False)
    assert place.wait(child) == 1
    assert "The thread herald has died" in place.log
    assert "Broken for a test" in place.log
