"""`python -m tests.faults.controls [NAME…]`: the freeze test, and the mistakes that the harness must notice, one round each.

Prints `control: NAME lost=… duplicated=…` for each. Exit 0 when the frozen worker lost nothing and every mistake was noticed.
"""

import sys
import time
from collections.abc import Callable

import psycopg

from tests.faults.children import PATIENCE_SECONDS, wait_for
from tests.faults.counting import Outcome, count
from tests.faults.world import World

FROZEN = 160
SEED = 7
RATE = 400.0


def frozen_worker(world: World) -> Outcome:
    """A worker that has read 160 messages is stopped, then killed; another one must store all of them."""
    world.begin(workers=1)
    worker = world.workers[0]
    worker.kill()
    load = world.begin_load(most=FROZEN)
    wait_for(lambda: not load.alive and world.waiting() > 0, "the publishing")
    worker.launch(failpoints="drain.after_read=sleep:600")
    wait_for(lambda: worker.said("failpoint drain.after_read: sleep"), "the reading by the worker")
    worker.freeze()
    time.sleep(1)
    assert world.stored() == 0
    worker.kill()
    worker.launch()
    world.settle(FROZEN)
    return count(world.urls["DATABASE_URL"], world.truth)


def sound(world: World) -> Outcome:
    """The faults of the three mistakes below, without any mistake: what is noticed there must not be noticed here."""
    world.begin()
    world.begin_load()
    _listener_dies(world, "listen.before_xadd")
    _listener_dies(world, "listen.after_xadd")
    _worker_dies(world)
    return _finish(world)


def early_ack(world: World) -> Outcome:
    """A listener that acknowledges before the queue has the messages loses those it held when it died."""
    world.begin(broken="early_ack")
    world.begin_load()
    _listener_dies(world, "listen.before_xadd")
    return _finish(world)


def no_unique_key(world: World) -> Outcome:
    """Without a key the messages that the broker gives again after a death become rows again."""
    with psycopg.connect(world.urls["DATABASE_URL"]) as connection:
        connection.execute("ALTER TABLE metering_reading DROP CONSTRAINT IF EXISTS metering_reading_pkey CASCADE")
    world.begin(broken="no_unique_key")
    world.begin_load()
    _listener_dies(world, "listen.after_xadd")
    return _finish(world)


def no_journal_gate(world: World) -> Outcome:
    """A worker that does not ask the journal counts twice what it stored and did not take from the stream before it died."""
    world.begin(broken="no_journal_gate")
    world.begin_load()
    _worker_dies(world)
    return _finish(world)


Control = Callable[[World], Outcome]
SOUND: dict[str, Control] = {control.__name__: control for control in (frozen_worker, sound)}
MISTAKES: dict[str, Control] = {control.__name__: control for control in (early_ack, no_journal_gate, no_unique_key)}


def _listener_dies(world: World, point: str) -> None:
    """Kill it while it waits there, once the broker has read what it was sent before: a kill at once may take that back."""
    world.listener.kill()
    world.listener.launch(failpoints=f"{point}=sleep:60@3")
    wait_for(lambda: world.listener.said(f"failpoint {point}: sleep"), f"the passing of {point}")
    time.sleep(1.5)
    world.listener.kill()
    world.listener.launch()


def _worker_dies(world: World) -> None:
    point = "drain.after_commit"
    for worker in world.workers:
        worker.kill()
        worker.launch(failpoints=f"{point}=kill")
    wait_for(lambda: any(worker.said(f"failpoint {point}: kill") for worker in world.workers), "the death")
    for worker in world.workers:
        worker.end()
        worker.launch()


def _finish(world: World) -> Outcome:
    time.sleep(1)
    world.children["load"].stop(PATIENCE_SECONDS)
    sent = sum(line.startswith("S") for line in world.truth.read_text().splitlines())
    world.settle(sent)
    return count(world.urls["DATABASE_URL"], world.truth)


def main(names: list[str]) -> int:
    controls = SOUND | MISTAKES
    world = World(SEED, rate=RATE)
    failed = 0
    try:
        world.start()
        for name in names or list(controls):
            outcome = controls[name](world)
            print(f"control: {name} messages={outcome.messages} lost={outcome.lost} duplicated={outcome.duplicated}", flush=True)
            for reason in outcome.reasons[:3]:
                print(f"  {reason}", flush=True)
            expected = name in SOUND
            failed += outcome.ok is not expected or not outcome.messages
    finally:
        world.stop()
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
