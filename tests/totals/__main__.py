"""`make totals RUNS=n SEED=s`: for random communities, ledger = statements = workbook = the bank's file = text of the PDFs.

Two processes side by side, a database for each run. After the first run that is fit for it each process moves one cent in each of
the five places in turn and prints `control: PLACE noticed=…`. The last line is `totals: runs=… members=… differences=0 seed=…`.
Exit 0 when there were no differences and every moved cent was noticed.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import psycopg

from project.servers import ServerSet
from tests.faults.children import ROOT

PROCESSES = 2


def settle_all(address: SplitResult, directory: Path, seeds: list[int], answers: Path) -> None:
    """In a process of its own: one database after the other. Writes one line per run: members, differences."""
    from django.conf import settings
    from django.db import connection

    from tests.totals.making import make
    from tests.totals.moving import control, is_fit
    from tests.totals.reading import compare

    controlled = False
    with answers.open("w") as file:
        for seed in seeds:
            name = f"totals_{seed}"
            with psycopg.connect(address._replace(path="/postgres").geturl(), autocommit=True) as maintenance:
                maintenance.execute(f"CREATE DATABASE {name} TEMPLATE {address.path.strip('/')}")
            connection.close()
            connection.settings_dict["NAME"] = name
            settings.DATA_DIR = directory / name
            issued = make(seed)
            answer = {"members": len(issued.frozen), "differences": compare(issued)}
            noticed = control(issued) if not controlled and is_fit(issued) else {}
            controlled = controlled or bool(noticed)
            file.write(json.dumps(answer | {"noticed": noticed}) + "\n")
            file.flush()
            connection.close()
            shutil.rmtree(settings.DATA_DIR, ignore_errors=True)
            with psycopg.connect(address._replace(path="/postgres").geturl(), autocommit=True) as maintenance:
                maintenance.execute(f"DROP DATABASE {name}")


def fork(address: SplitResult, directory: Path, seeds: list[int], answers: Path) -> int:
    """`settle_all` in a child; returns its process id."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            settle_all(address, directory, seeds, answers)
            code = 0
        except BaseException:  # noqa: BLE001 — the child ends here, whatever happened
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return pid


def run(urls: dict[str, str], directory: Path, *, runs: int, seed: int) -> int:
    """Return the exit code."""
    os.environ.update(urls)
    os.environ.update(DATA_DIR=str(directory), DJANGO_SETTINGS_MODULE="project.settings")
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, check=True)
    import django

    django.setup()
    started = time.monotonic()
    chance = random.Random(seed)
    seeds = chance.sample(range(1, 10**6), runs)
    address = urlsplit(urls["DATABASE_URL"])
    files = [directory / f"answers-{number}" for number in range(PROCESSES)]
    pids = [fork(address, directory, seeds[number::PROCESSES], files[number]) for number in range(PROCESSES)]
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
    answers = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    differences = [difference for answer in answers for difference in answer["differences"]]
    for difference in differences[:20]:
        print(difference)
    noticed = [(place, count) for answer in answers for place, count in answer["noticed"].items()]
    for place, count in noticed:
        print(f"control: {place} noticed={count}")
    print(f"{len(answers)} runs in {time.monotonic() - started:.0f} s")
    members = sum(answer["members"] for answer in answers)
    print(f"totals: runs={len(answers)} members={members} differences={len(differences)} seed={seed}")
    blind = not noticed or not all(count for _place, count in noticed)
    return int(bool(differences) or any(codes) or blind or len(answers) != runs or not members)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.totals", description="Compare what five places say about money.")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**6)
    print(f"seed {seed}", flush=True)
    directory = Path(tempfile.mkdtemp(prefix="totals-"))
    servers = ServerSet(need=("postgres", "redis"), durable=False)
    servers.guard.remove(directory)
    try:
        return run(servers.start(), directory, runs=options.runs, seed=seed)
    finally:
        servers.stop()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
