"""What may go wrong, one function a kind. Each makes it happen, sees that it happened, and leaves everything running again.

Errors: `NotExercised` when the fault did not happen. `chance` decides how long and which, so that a seed gives the same faults.
"""

import random
import signal
import time
from collections.abc import Callable
from typing import Any

from tests.faults.children import Child, NotExercised, wait_for
from tests.faults.world import World

Kind = Callable[[World, random.Random], str]
LONGEST_FREEZE_SECONDS = 7.0  # longer than a worker may hold an entry before another one takes it over
LISTENER_POINTS = ("listen.before_xadd", "listen.after_xadd", "listen.before_ack", "listen.after_ack")
BEFORE_COMMIT = ("drain.after_read", "drain.after_journal", "drain.before_commit")


def _pause(chance: random.Random, shortest: float, longest: float) -> float:
    seconds = chance.uniform(shortest, longest)
    time.sleep(seconds)
    return seconds


def listener_kill(world: World, chance: random.Random) -> str:
    world.listener.kill()
    seconds = _pause(chance, 0, 0.5)
    world.listener.launch()
    return f"away {seconds:.1f} s"


def listener_freeze_kill(world: World, chance: random.Random) -> str:
    world.listener.freeze()
    seconds = _pause(chance, 0.2, 2)
    world.listener.kill()
    world.listener.launch()
    return f"frozen {seconds:.1f} s"


def listener_freeze(world: World, chance: random.Random) -> str:
    world.listener.freeze()
    seconds = _pause(chance, 0.5, LONGEST_FREEZE_SECONDS)
    world.listener.thaw()
    return f"frozen {seconds:.1f} s"


def listener_failpoint(world: World, chance: random.Random) -> str:
    """Die between the broker, the stream and the acknowledgement."""
    point = chance.choice(LISTENER_POINTS)
    _die_at(world, [world.listener], f"{point}=kill@{chance.randint(2, 30)}", point)
    return point


def listener_spool_failpoint(world: World, chance: random.Random) -> str:
    """Die after the spool was written, or after it was given back: neither is acknowledged, or not yet noted."""
    point = chance.choice(("listen.after_spool", "listen.after_replay"))
    turn = chance.randint(1, 3) if point == "listen.after_spool" else 1  # one turn may give all of the spool back
    world.listener.kill()
    world.redis.config_set("maxmemory", 1)
    world.listener.launch(failpoints=f"{point}=kill@{turn}")
    if point == "listen.after_replay":
        wait_for(lambda: any(world.spool.glob("*.spool")), "the writing of the spool")
    else:
        _await_death(world.listener, point)
    world.redis.config_set("maxmemory", 0)
    if point == "listen.after_replay":
        _await_death(world.listener, point)
    world.listener.launch()
    return point


def worker_kill(world: World, chance: random.Random) -> str:
    worker = world.active_worker()
    worker.kill()
    seconds = _pause(chance, 0, 1)
    worker.launch()
    return f"{worker.name}, away {seconds:.1f} s"


def worker_freeze_kill(world: World, chance: random.Random) -> str:
    worker = world.active_worker()
    worker.freeze()
    seconds = _pause(chance, 0.2, 2)
    worker.kill()
    worker.launch()
    return f"{worker.name}, frozen {seconds:.1f} s"


def worker_freeze(world: World, chance: random.Random) -> str:
    """Freeze long enough that another may take over what this one holds, then let it go on where it was."""
    worker = world.active_worker()
    worker.freeze()
    seconds = _pause(chance, 1, LONGEST_FREEZE_SECONDS)
    worker.thaw()
    return f"{worker.name}, frozen {seconds:.1f} s"


def worker_before_commit(world: World, chance: random.Random) -> str:
    point = chance.choice(BEFORE_COMMIT)
    _die_at(world, world.workers, f"{point}=kill@{chance.randint(1, 10)}", point)
    return point


def worker_after_commit(world: World, chance: random.Random) -> str:
    """Die when the rows are committed and the stream still has the entries."""
    _die_at(world, world.workers, f"drain.after_commit=kill@{chance.randint(1, 10)}", "drain.after_commit")
    return "drain.after_commit"


def postgres_crash(world: World, chance: random.Random) -> str:
    world.crash("postgres", signal.SIGQUIT)
    seconds = _pause(chance, 0.2, 2)
    world.revive("postgres")
    return f"away {seconds:.1f} s"


def redis_full(world: World, chance: random.Random) -> str:
    """Let Redis refuse whatever needs memory: the listener must go to its spool and come back."""
    client = world.redis
    before = _refused(client)
    client.config_set("maxmemory", 1)
    seconds = _pause(chance, 1, 3)
    wait_for(lambda: _refused(client) > before, "a refusal by the full Redis")
    client.config_set("maxmemory", 0)
    return f"full {seconds:.1f} s, {_refused(client) - before} refusals"


def redis_disconnects(world: World, chance: random.Random) -> str:
    client = world.redis
    killed = sum(int(client.execute_command("CLIENT", "KILL", "TYPE", kind)) for kind in ("normal", "pubsub"))
    if not killed:
        raise NotExercised("Redis had no connection to cut.")
    return f"{killed} connections"


def redis_kill(world: World, chance: random.Random) -> str:
    world.crash("redis", signal.SIGKILL)
    seconds = _pause(chance, 0.2, 2)
    world.revive("redis")
    return f"away {seconds:.1f} s"


def broker_restart(world: World, chance: random.Random) -> str:
    """An orderly restart: what a killed broker acknowledged in its last second is its own to lose."""
    world.crash("mqtt", signal.SIGTERM)
    seconds = _pause(chance, 0.2, 2)
    world.revive("mqtt")
    return f"away {seconds:.1f} s"


KINDS: dict[str, Kind] = {
    kind.__name__: kind
    for kind in (
        listener_kill,
        listener_freeze_kill,
        listener_freeze,
        listener_failpoint,
        listener_spool_failpoint,
        worker_kill,
        worker_freeze_kill,
        worker_freeze,
        worker_before_commit,
        worker_after_commit,
        postgres_crash,
        redis_full,
        redis_disconnects,
        redis_kill,
        broker_restart,
    )
}


def _refused(client: Any) -> int:
    stats = client.info("errorstats").get("errorstat_OOM", {})
    return int(stats.get("count", 0))


def _die_at(world: World, children: list[Child], failpoints: str, point: str) -> None:
    """Relaunch these armed, let one of them die at the point, relaunch all as they were."""
    for child in children:
        child.kill()
    for child in children:
        child.launch(failpoints=failpoints)
    wait_for(lambda: any(child.said(f"failpoint {point}: kill") for child in children), f"the death at {point}")
    for child in children:
        child.end()
        child.launch()


def _await_death(child: Child, point: str) -> None:
    wait_for(lambda: child.said(f"failpoint {point}: kill") and not child.alive, f"the death at {point}")
