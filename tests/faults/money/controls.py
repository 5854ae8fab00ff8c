"""`python -m tests.faults.money.controls [NAME…]`: one small round without a mistake, and one for each that must be noticed.

Prints `control: NAME double=… half=… unbalanced=…` for each. Exit 0 when the sound round is clean and every mistake was noticed
as what it is. Each round has a database and a process of its own, so that a mistake stays there.
"""

import os
import sys
import traceback
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from tests.faults.children import NotExercised
from tests.faults.money.world import MoneyWorld

SOUND = "sound"
NOTICED_AS = {
    SOUND: "",
    "no_unique_key": "double",
    "two_transactions": "half",
    "float_cents": "unbalanced",
    "unseen_approval": "half",
}
# What the database itself refuses is taken away, so that the mistake comes through to the harness.
GUARDS = {
    "no_unique_key": (
        "ALTER TABLE settlement_settlementrun DROP CONSTRAINT run_unique",
        "DROP INDEX run_one_open_per_month_and_kind",
    ),
    "float_cents": ("ALTER TABLE settlement_contributiontotal DISABLE TRIGGER contribution_sum_closes",),
}


def make_database(owner_url: str, name: str) -> str:
    """A copy of the migrated database, without the guards that would stop this mistake; returns the application's address."""
    address = urlsplit(owner_url)
    with psycopg.connect(address._replace(path="/postgres").geturl(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {address.path.strip('/')}")
    with psycopg.connect(address._replace(path=f"/{name}").geturl()) as connection:
        for statement in GUARDS.get(name, ()):
            connection.execute(statement)
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


def play(world: MoneyWorld, name: str, url: str) -> bool:
    """In a process of its own: make the mistake, play the round, count. True when what was noticed is what should be."""
    os.environ["DATABASE_URL"] = url
    from django.conf import settings
    from django.db import connections

    connections["default"].settings_dict["NAME"] = name
    settings.DATA_DIR = Path(os.environ["DATA_DIR"]) / name
    from tests.faults.money import broken
    from tests.faults.money.counting import count
    from tests.faults.money.small import SmallRound

    if name != SOUND:
        broken.make(name)
    small = SmallRound(world.directory / name, world.servers.guard)
    small.run()
    verdict = count([small.unit], small.gun.truth, ())
    found = {word: len(getattr(verdict, word)) for word in ("double", "half", "unbalanced")}
    print(f"control: {name} " + " ".join(f"{word}={number}" for word, number in found.items()), flush=True)
    for reason in (*verdict.reasons[:3], *small.gun.crashes[:1]):
        print(f"  {reason}", flush=True)
    wanted = NOTICED_AS[name]
    return found[wanted] > 0 if wanted else verdict.ok and not small.gun.crashes


def fork(world: MoneyWorld, name: str, url: str) -> int:
    """`play` in a child; returns its exit code."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = int(not play(world, name, url))
        except BaseException:  # noqa: BLE001 — the child ends here, whatever happened
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main(names: list[str]) -> int:
    world = MoneyWorld()
    try:
        world.open()
        from django.db import connections

        connections.close_all()
        names = names or list(NOTICED_AS)
        urls = {name: make_database(world.owner_url, name) for name in names}
        codes = [fork(world, name, url) for name, url in urls.items()]
        return int(any(codes))
    except NotExercised as error:
        print(error)
        return 1
    finally:
        world.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
