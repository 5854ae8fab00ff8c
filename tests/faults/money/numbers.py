"""Numbers of invoices under fire: many writers at once, some roll back, some are killed; then sets are compared.

`run` works on the database of DATABASE_URL, whose tables exist. `python -m tests.faults.money.numbers --writers 16 --count 6000`
starts a server of its own; its last line is `numbers: numbers=… gaps=0 duplicates=0 kills=… rollbacks=… seed=…`. With
`--control sequence` or `--control max_plus_one` a mistake is made on purpose and must be noticed.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import psycopg

from project.servers import ServerSet
from project.servers.guard import Guard
from tests.faults.children import ROOT, Child, NotExercised

_WRITER = [sys.executable, "-m", "tests.faults.money.number_writer"]
_POINTS = ("invoice.before_number", "invoice.after_number", "invoice.before_commit")
_PER_KILL = 60  # numbers between two kills, about
_CONTROL_COUNT = 80
_PATIENCE_SECONDS = 900.0
YEAR = 2026


@dataclass(frozen=True, slots=True)
class NumbersReport:
    """What was issued: numbers missing between 1 and the last (or acknowledged and gone), and numbers given twice."""

    numbers: int
    gaps: int
    duplicates: int
    kills: int = 0
    rollbacks: int = 0


def run(*, writers: int, count: int, rollback_percent: int, seed: int, mistake: str = "") -> NumbersReport:
    """Have `writers` processes issue `count` invoices of one series between them, and count what came out.

    Errors: `NotExercised` when nobody was killed or nothing was rolled back, or a writer dies of something else.
    """
    chance = random.Random(seed)
    guard = Guard()
    with tempfile.TemporaryDirectory(prefix="numbers-") as folder:
        directory = Path(folder)
        environment = os.environ | {"PYTHONPATH": str(ROOT), "DATA_DIR": str(directory / "data"), "FAILPOINTS": ""}
        made = subprocess.run([*_WRITER, "prepare"], env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
        if made.returncode:
            raise NotExercised(f"No issuer could be made: {made.stderr[-1500:]}")
        issuer = json.loads(made.stdout)
        children = []
        for place in range(writers):
            quota = count // writers + (place < count % writers)
            options = {
                **issuer, "name": f"writer {place}", "quota": quota, "rollback-percent": rollback_percent,
                "truth": directory / f"{place}.truth", "mistake": mistake,
            }  # fmt: skip
            command = [*_WRITER, "write", *(f"--{name}={value}" for name, value in options.items())]
            children.append(_Writer(place, command, environment, directory, guard, seed))
        try:
            kills = _supervise(children, max(2, count // _PER_KILL), chance, slow=mistake == "max_plus_one")
        finally:
            for child in children:
                child.end()
            guard.dismiss()
        report = _compare(issuer["issuer"], list(directory.glob("*.truth")), kills)
    if not mistake and (report.numbers != count or not report.kills or (rollback_percent and not report.rollbacks)):
        raise NotExercised(f"Not what was asked for: {report}")
    return report


class _Writer(Child):
    """A writer that gets another seed with every launch, so that it does not roll back the same turn for ever."""

    def __init__(self, place: int, command: list[str], environment: dict[str, str], logs: Path, guard: Guard, seed: int) -> None:
        super().__init__(f"writer-{place}", command, environment, logs, guard)
        self._bare, self._seed = command, seed + 1000 * place
        self._truth = logs / f"{place}.truth"

    def launch(self, *, failpoints: str = "") -> None:
        self._command = [*self._bare, f"--seed={self._seed + self.launches}"]
        super().launch(failpoints=failpoints)

    @property
    def has_begun(self) -> bool:
        """Whether it has ever issued anything: who is killed while it still starts proves nothing."""
        return self._truth.exists() and self._truth.stat().st_size > 0

    @property
    def is_done(self) -> bool:
        return self._process is not None and self._process.poll() == 0

    @property
    def was_killed(self) -> bool:
        return self._process is not None and self._process.poll() == -9


def _supervise(children: list[_Writer], wanted: int, chance: random.Random, *, slow: bool) -> int:
    """Launch them, kill `wanted` of them (half by failpoints between the number and the commit), launch those again."""
    kills, armed = 0, 0
    pause = "invoice.after_number=sleep:0.02" if slow else ""
    for place, child in enumerate(children):
        arm = place % 2 == 0 and armed < (wanted + 1) // 2
        armed += arm
        child.launch(failpoints=_armed(chance) if arm else pause)
    started = time.monotonic()
    next_kill = started
    while not all(child.is_done for child in children):
        if time.monotonic() - started > _PATIENCE_SECONDS:
            raise NotExercised("The writers did not get done.")
        time.sleep(0.05)
        alive = [child for child in children if child.alive and child.has_begun]
        if alive and kills < wanted and time.monotonic() > next_kill:
            _kill(chance.choice(alive))
            next_kill = time.monotonic() + chance.uniform(0.1, 0.6)
        for child in children:
            if child.was_killed:
                kills += 1
                arm = armed < (wanted + 1) // 2
                armed += arm
                child.launch(failpoints=_armed(chance) if arm else pause)
            elif not child.alive and not child.is_done:
                raise NotExercised(f"{child.name} died of something else: {child.tail()}")
    return kills


def _kill(child: _Writer) -> None:
    """Errors: `NotExercised` when it died of something else; one that got done at this very moment is left alone."""
    try:
        child.kill()
    except NotExercised:
        if not child.is_done:
            raise


def _armed(chance: random.Random) -> str:
    return f"{chance.choice(_POINTS)}=kill@{chance.randrange(2, 9)}"


def _compare(issuer: int, truths: list[Path], kills: int) -> NumbersReport:
    told = [line.split() for truth in truths for line in truth.read_text().splitlines()]
    acknowledged = Counter(int(number) for what, number, *_ in told if what == "A")
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        rows = connection.execute(
            "SELECT number FROM invoicing_invoice WHERE issuer_id = %s AND year = %s AND series = '' AND number IS NOT NULL",
            [issuer, YEAR],
        ).fetchall()
    stored = Counter(number for (number,) in rows)
    gaps = set(range(1, max(stored, default=0) + 1)) - set(stored)
    gone = set(acknowledged) - set(stored)
    twice = sum(times - 1 for times in stored.values()) + sum((acknowledged - stored).values()) - len(gone)
    rollbacks = sum(what == "R" for what, *_ in told)
    return NumbersReport(sum(stored.values()), len(gaps | gone), twice, kills, rollbacks)


def _break(mistake: str) -> None:
    """Take away what would refuse the mistake: the database is thrown away afterwards."""
    statements = [
        "ALTER TABLE invoicing_invoice DISABLE TRIGGER invoice_number_was_taken",
        "CREATE SEQUENCE IF NOT EXISTS chaos_numbers",
    ]
    if mistake == "max_plus_one":
        statements.append("ALTER TABLE invoicing_invoice DROP CONSTRAINT IF EXISTS invoice_number_once")
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        for statement in statements:
            connection.execute(statement)


def _noticed(mistake: str, report: NumbersReport) -> bool:
    return report.gaps > 0 if mistake == "sequence" else report.duplicates > 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Issue invoices from many processes, kill some, look for gaps.")
    parser.add_argument("--writers", type=int, default=16)
    parser.add_argument("--count", type=int, default=6000)
    parser.add_argument("--rollback-percent", type=int, default=10)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--control", action="append", default=[], choices=["sequence", "max_plus_one"])
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**6)
    size = {"writers": options.writers, "count": options.count, "rollback_percent": options.rollback_percent, "seed": seed}
    servers = ServerSet(durable=True)
    try:
        os.environ.update(servers.start())
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, check=True)
        report = run(**size)
        blind = []
        for mistake in options.control:
            _break(mistake)
            found = run(**size | {"count": min(size["count"], _CONTROL_COUNT)}, mistake=mistake)
            print(f"control: {mistake} numbers={found.numbers} gaps={found.gaps} duplicates={found.duplicates}")
            blind += [] if _noticed(mistake, found) else [mistake]
    except NotExercised as error:
        print(error)
        return 1
    finally:
        servers.stop()
    print(
        f"numbers: numbers={report.numbers} gaps={report.gaps} duplicates={report.duplicates} kills={report.kills} "
        f"rollbacks={report.rollbacks} seed={seed}"
    )
    return int(bool(report.gaps or report.duplicates or blind))


if __name__ == "__main__":
    sys.exit(main())
