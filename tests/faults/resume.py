"""How long the flow stands still after one kill: from the kill until a message published after it is a row.

`python -m tests.faults.resume [--rate R]` kills the listener, the worker at work, PostgreSQL, Redis and the broker in turn, each
started again at once as a supervisor does. Exit 0 when each took at most ten seconds. `--attempts N` kills again, up to so many
times, what took longer: on a machine that does other things as well, only what is slow every time is slow.
"""

import argparse
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

import psycopg

from tests.faults.children import PATIENCE_SECONDS, Child, NotExercised
from tests.faults.world import World

RATE = 1_111.0
LONGEST_SECONDS = 10.0
_STEADY_SECONDS = 4.0


def _kill(child: Child) -> None:
    child.kill()
    child.launch()


def _crash(world: World, name: str, number: signal.Signals) -> None:
    world.crash(name, number)
    world.revive(name)


KILLS: dict[str, Callable[[World], None]] = {
    "listener": lambda world: _kill(world.listener),
    "worker": lambda world: _kill(world.active_worker()),
    "postgres": lambda world: _crash(world, "postgres", signal.SIGQUIT),
    "redis": lambda world: _crash(world, "redis", signal.SIGKILL),
    "broker": lambda world: _crash(world, "mqtt", signal.SIGTERM),
}


def measure(world: World, name: str) -> float:
    """Seconds from the kill to the first row of a message published after it and the new start. Errors: `NotExercised`."""
    started = time.monotonic()
    KILLS[name](world)
    at = datetime.now(UTC)
    while time.monotonic() - started < PATIENCE_SECONDS:
        world.supervise()
        if _flows_since(world, at):
            return time.monotonic() - started
        time.sleep(0.05)
    raise NotExercised(f"Nothing published after the end of {name} was stored within {PATIENCE_SECONDS:.0f} s.")


def _measure_often(world: World, name: str, attempts: int) -> float:
    """The first time that is short enough, else the last one."""
    took = float("inf")
    for _ in range(attempts):
        time.sleep(_STEADY_SECONDS)
        took = measure(world, name)
        print(f"{name:<10} flows again after {took:.1f} s", flush=True)
        if took <= LONGEST_SECONDS:
            break
    return took


def _flows_since(world: World, at: datetime) -> bool:
    try:
        with psycopg.connect(world.urls["DATABASE_URL"], connect_timeout=2) as connection:
            return bool(
                connection.execute("SELECT EXISTS (SELECT FROM metering_reading WHERE measured_at > %s)", [at]).fetchall()[0][0]
            )
    except psycopg.OperationalError:
        return False


def main() -> int:
    parser = argparse.ArgumentParser(description="Kill once, and take the time.")
    parser.add_argument("--rate", type=float, default=RATE, help="messages a second")
    parser.add_argument("--attempts", type=int, default=1)
    options = parser.parse_args()
    world = World(1, rate=options.rate)
    longest = 0.0
    try:
        world.start()
        world.begin()
        world.begin_load()
        for name in KILLS:
            longest = max(longest, _measure_often(world, name, options.attempts))
    except NotExercised as error:
        print(error)
        return 1
    finally:
        world.stop()
    print(f"resume: kills={len(KILLS)} rate={options.rate:.0f} longest_s={longest:.1f}")
    return int(longest > LONGEST_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
