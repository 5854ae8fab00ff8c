"""`make chaos-money TRIGGERS=n SEED=s`: runs are opened, settled, approved, issued and paid many times at once and killed.

The last line is `money: triggers=… kills=… double=0 half=0 unbalanced=0 numbers=… gaps=0 duplicates=0 seed=…`. Exit 0 when
nothing was done twice or half, every cent adds up and every fault did happen, else 1.
"""

import argparse
import random
import sys
import time

from tests.faults.children import NotExercised
from tests.faults.money.world import MoneyWorld

TRIGGERS = 300
TRIGGERS_PER_HAMLET = 120  # what one hamlet takes through its five months
WRITERS, ROLLBACK_PERCENT = 16, 10
NUMBERS_PER_TRIGGER = 2


def run(world: MoneyWorld, triggers: int, seed: int) -> int:
    """Return the exit code."""
    from tests.faults.money.counted import count_numbers
    from tests.faults.money.counting import count
    from tests.faults.money.round import prepare

    campaign = prepare(world, hamlets=max(1, triggers // TRIGGERS_PER_HAMLET), seed=seed)
    world.begin()
    started = time.monotonic()
    trouble = []
    try:
        campaign.run(triggers)
    except NotExercised as error:
        trouble.append(str(error))
    world.rest()
    gun = campaign.gun
    seconds = time.monotonic() - started
    verdict = count(campaign.units, gun.truth, campaign.half)
    numbers = gaps = duplicates = 0
    try:
        report = count_numbers(
            writers=WRITERS, count=NUMBERS_PER_TRIGGER * triggers, rollback_percent=ROLLBACK_PERCENT, seed=seed
        )
        numbers, gaps, duplicates = report.numbers, report.gaps, report.duplicates
    except NotExercised as error:
        trouble.append(str(error))
    for reason in (*verdict.reasons[:40], *gun.crashes[:5], *trouble):
        print(reason)
    print(f"{len(campaign.units)} months settled in {seconds:.0f} s, looked at {campaign.moments} times in between")
    print(f"killed at: {', '.join(f'{point} {times}' for point, times in sorted(gun.killed_at.items()))}")
    print(f"killed with a worker: {world.kills}; PostgreSQL stopped: {world.stops}; connections lost: {gun.cut}")
    print(f"made up for by the timetable and by people: {dict(sorted(campaign.healed.items()))}")
    print(
        f"money: triggers={gun.fired} kills={campaign.kills} double={len(verdict.double)} half={len(verdict.half)} "
        f"unbalanced={len(verdict.unbalanced)} numbers={numbers} gaps={gaps} duplicates={duplicates} seed={seed}"
    )
    return int(not verdict.ok or bool(gun.crashes) or bool(trouble) or gaps > 0 or duplicates > 0 or not numbers)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.money", description="Kill whatever moves money, and compare.")
    parser.add_argument("--triggers", type=int, default=TRIGGERS)
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**6)
    print(f"seed {seed}", flush=True)
    world = MoneyWorld()
    try:
        world.open()
        return run(world, options.triggers, seed)
    except NotExercised as error:
        print(error)
        return 1
    finally:
        world.stop()


if __name__ == "__main__":
    sys.exit(main())
