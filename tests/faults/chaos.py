"""`make chaos FAULTS=n SEED=s`: real servers, listener and workers under load, killed, frozen, cut off; then sets are compared.

The last line is `chaos: faults=… messages=… lost=0 duplicated=0 seed=…`. Exit 0 when nothing was lost or counted twice and every
fault did happen, else 1.
"""

import argparse
import random
import sys
import time

from tests.faults.children import PATIENCE_SECONDS, NotExercised
from tests.faults.counting import count
from tests.faults.kinds import KINDS
from tests.faults.world import World

MESSAGES_PER_FAULT = 1800
RATE = 600.0
_ATTEMPTS = 3
_SLOWEST = 6.0  # times as long as the messages should take: a busy machine publishes fewer in a second
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.5, 1.5  # between two faults: sometimes the last one is not healed yet


def plan(faults: int, seed: int) -> list[str]:
    """Return the kinds of a run: every kind once, shuffled, before any comes again."""
    chance = random.Random(seed)
    names: list[str] = []
    while len(names) < faults:
        deck = list(KINDS)
        chance.shuffle(deck)
        names += deck
    return names[:faults]


def run(world: World, faults: int, seed: int, *, rate: float) -> int:
    """Return the exit code."""
    chance = random.Random(seed + 1)
    world.begin()
    load = world.begin_load()
    started = time.monotonic()
    done = 0
    trouble = ""
    try:
        for number, name in enumerate(plan(faults, seed), 1):
            time.sleep(chance.uniform(_SHORTEST_PAUSE, _LONGEST_PAUSE))
            world.supervise()
            at = time.monotonic()
            told = _exercised(world, name, chance)
            done += 1
            print(f"{number:4d} {name:<26} {told} ({time.monotonic() - at:.1f} s)", flush=True)
            world.supervise()
            if not load.alive:
                raise NotExercised(f"the load ended by itself: {load.tail()}")
        wanted = faults * MESSAGES_PER_FAULT
        while _sent(world) < wanted and time.monotonic() - started < _SLOWEST * wanted / rate:
            world.supervise()
            time.sleep(0.2)
    except NotExercised as error:
        trouble = f"fault {done + 1} was not exercised: {error}"
        world.heal()
    code = load.stop(PATIENCE_SECONDS)
    if code:
        trouble = trouble or f"the broker did not acknowledge everything: {load.tail()}"
    world.settle(_sent(world))
    outcome = count(world.urls["DATABASE_URL"], world.truth)
    for reason in (*outcome.reasons, *([trouble] if trouble else [])):
        print(reason)
    seconds = time.monotonic() - started
    restarts = ", ".join(f"{name} {times}" for name, times in sorted(world.restarts.items())) or "none"
    print(f"{outcome.messages / seconds:.0f} messages/s over {seconds:.0f} s, {outcome.redelivered} given twice by the broker")
    print(f"ended by themselves and launched again, or tried again: {restarts}")
    print(f"chaos: faults={done} messages={outcome.messages} lost={outcome.lost} duplicated={outcome.duplicated} seed={seed}")
    return int(not outcome.ok or bool(trouble) or not outcome.messages)


def _exercised(world: World, name: str, chance: random.Random) -> str:
    """Make one fault happen. What an earlier one has brought down by then is launched again first; errors: `NotExercised`."""
    for attempt in range(_ATTEMPTS):
        try:
            return KINDS[name](world, chance)
        except NotExercised:
            if attempt == _ATTEMPTS - 1:
                raise
            world.restarts[f"fault {name}"] += 1
            time.sleep(1)
            world.heal()
    raise AssertionError


def _sent(world: World) -> int:
    with world.truth.open("rb") as file:
        return sum(line.startswith(b"S") for line in file)


def main() -> int:
    parser = argparse.ArgumentParser(description="Kill things and count.")
    parser.add_argument("--faults", type=int, default=12)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--rate", type=float, default=RATE, help="messages a second")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**6)
    print(f"seed {seed}", flush=True)
    world = World(seed, rate=options.rate)
    try:
        world.start()
        return run(world, options.faults, seed, rate=options.rate)
    except NotExercised as error:
        print(error)
        return 1
    finally:
        world.stop()


if __name__ == "__main__":
    sys.exit(main())
