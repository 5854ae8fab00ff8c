"""The run itself: tick after tick every unit's next stage is triggered several times at once, and then the timetable heals."""

import random
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any

import psycopg

from tests.faults.children import NotExercised
from tests.faults.money.decks import Decks
from tests.faults.money.hamlets import Hamlet
from tests.faults.money.looking import Run, list_half_runs, list_runs
from tests.faults.money.shots import Gun
from tests.faults.money.triggers import Trigger
from tests.faults.money.units import SEASONS, TICKS, Unit
from tests.faults.money.world import MoneyWorld

ARMED = 0.9  # of the first triggers of a stage
ARMED_TOO = 0.5  # of their first rivals
ARMED_ATTEMPTS = 2  # those who heal may die, too, so many times
LONG = 50  # units
HEALING_SECONDS = 600.0
LOOK_EVERY_SECONDS = 0.5
SETTLED = ("computed", "approved", "issued", "paid")
REACHED = {
    "open": ("draft", "computing", "parked", "failed", *SETTLED),
    "correct": ("draft", "computing", "parked", "failed", *SETTLED),
    "settle": SETTLED,
    "approve": SETTLED[1:],
    "issue": SETTLED[2:],
    "pay": SETTLED[3:],
}


class Campaign:
    """All units of one run. `moments` counts the looks at the database, `half` the runs that were seen half-done."""

    def __init__(self, world: MoneyWorld, gun: Gun, hamlets: list[Hamlet], people: dict[str, int], seed: int) -> None:
        self.world, self.gun, self.people, self.seed = world, gun, people, seed
        self.chance = random.Random(seed)
        self.decks = Decks(self.chance)
        self.units = [Unit(hamlet, season) for season in SEASONS for hamlet in hamlets]
        self.moments = 0
        self.half: set[tuple[Any, ...]] = set()
        self.healed: Counter[str] = Counter()
        self._looked_at = 0.0
        self._stop_at = 0.0

    def run(self, triggers: int) -> None:
        """Errors: `NotExercised`."""
        for tick in range(TICKS):
            due = [(unit, stage) for unit in self.units if (stage := unit.stage(tick))]
            started = time.monotonic()
            self._hurt(tick)
            self._fire(self._plan(tick, due))
            self._heal(tick, due)
            print(
                f"tick {tick + 1:2d}/{TICKS}: {len(due)} stages, {self.gun.fired} triggers, {self.kills} kills "
                f"({time.monotonic() - started:.1f} s)",
                flush=True,
            )
        while self.gun.fired < triggers:
            self._fire(self._repeats(min(triggers - self.gun.fired, len(self.units))))
        self._exercise_rest()

    @property
    def kills(self) -> int:
        return self.gun.kills + self.world.kills + self.world.stops

    def _hurt(self, tick: int) -> None:
        """Now and then a worker dies with what it holds, its successors at a point; PostgreSQL stops. In long runs always."""
        is_long = len(self.units) >= LONG
        if is_long or tick % 3 == 1:
            self.world.hurt_worker(self.chance, self.decks.worker_point())
        if is_long or tick % 4 == 2:
            self._stop_at = time.monotonic() + self.chance.uniform(0.3, 1.0)
            self.gun.cuts_allowed = True

    def _fire(self, triggers: Iterable[Trigger]) -> None:
        self.gun.fire(triggers, meanwhile=self._meanwhile)
        self.decks.note(self.gun.killed_at)

    def _meanwhile(self) -> None:
        now = time.monotonic()
        if self._stop_at and now > self._stop_at:
            self._stop_at = 0.0
            self.world.stop_postgres()
        if now - self._looked_at > LOOK_EVERY_SECONDS:
            self._looked_at = now
            self.world.supervise()
            self._observe()

    def _observe(self) -> None:
        try:
            self.half |= set(list_half_runs())
            self.moments += 1
        except psycopg.OperationalError:
            if not self.gun.cuts_allowed:
                raise

    def _runs(self) -> dict[tuple[int, Any, str, int], Run]:
        return {(run.configuration_id, run.month, run.kind, run.version): run for run in list_runs()}

    def _run_of(self, runs: dict[tuple[int, Any, str, int], Run], unit: Unit, tick: int) -> Run | None:
        return runs.get((unit.hamlet.configuration_id, unit.season.month, *unit.key(tick)))

    def _plan(self, tick: int, due: list[tuple[Unit, str]]) -> list[Trigger]:
        """The triggers of a tick: for each stage the first one armed, its rivals right behind it; repeats of the past between."""
        runs = self._runs()
        groups = [self._group(unit, stage, runs, tick) for unit, stage in due if not (stage == "open" and unit.season.by_beat)]
        beats = {unit.season.month for unit, stage in due if stage == "open" and unit.season.by_beat}
        groups += [self._armed("open", [Trigger("beat_open", {"month": f"{month:%Y-%m}"}) for _ in range(3)]) for month in beats]
        groups += [[again] for again in self._repeats(len(due) // 2)]
        self.chance.shuffle(groups)
        return [trigger for group in groups for trigger in group]

    def _group(self, unit: Unit, stage: str, runs: dict[tuple[int, Any, str, int], Run], tick: int) -> list[Trigger]:
        if stage == "change":
            arguments = {"hamlet": unit.hamlet, "month": unit.season.month, "seed": self.seed + 1}
            return [Trigger("change", arguments)]
        if stage == "open":
            return self._armed(stage, [self._press_open(unit, name) for name in ("anna", "bruno", "anna")])
        run = self._run_of(runs, unit, tick)
        if stage == "correct":
            base = self._run_of(runs, unit, unit.season.offset)
            assert base is not None
            names = ("anna", "bruno", "anna")
            return self._armed(
                stage, [Trigger("press_correct", {"run_id": base.id, "user_id": self.people[name]}) for name in names]
            )
        if run is None:
            raise NotExercised(f"{unit} has no run to {stage}.")
        return self._armed(stage, self._rivals(stage, run, stale=self._stale(unit, runs)))

    def _rivals(self, stage: str, run: Run, *, stale: str = "") -> list[Trigger]:
        """Who does the same at once: two processes and a message, two people, or somebody who looks at an old screen."""
        this = {"run_id": run.id}
        if stage == "settle":
            return [Trigger("settle", this), Trigger("settle", this), Trigger("send_settle", this)]
        if stage == "issue":
            return [Trigger("render", this), Trigger("issue", this), Trigger("render", this), Trigger("send_issue", this)]
        if stage == "approve":
            seen = [("carla", run.result_sha256), ("dora", run.result_sha256)]
            seen += [("anna", run.result_sha256)] if run.opened_by_id == self.people["anna"] else []
            old_screen = [("dora", stale)] if stale else []
            return [
                Trigger("approve", this | {"user_id": self.people[name], "seen_sha256": sha256})
                for name, sha256 in (*old_screen, *seen)
            ]
        screen = {"seen_sha256": run.result_sha256, "seen_sequence": run.sequence}
        return [
            Trigger("pay", this | screen | {"user_id": self.people[name], "reference": f"CRO {run.id} {name}"})
            for name in ("carla", "dora")
        ]

    def _stale(self, unit: Unit, runs: dict[tuple[int, Any, str, int], Run]) -> str:
        """The hash of what a person saw before the measures changed, where they did."""
        if unit.season.stages.count("open") < 2 and "correct" not in unit.season.stages:
            return ""
        first = runs.get((unit.hamlet.configuration_id, unit.season.month, unit.season.kind, 1))
        return first.result_sha256 if first else ""

    def _press_open(self, unit: Unit, name: str) -> Trigger:
        arguments = {"configuration_id": unit.hamlet.configuration_id, "month": unit.season.month, "kind": unit.season.kind}
        return Trigger("press_open", arguments | {"user_id": self.people[name]})

    def _armed(self, stage: str, rivals: list[Trigger]) -> list[Trigger]:
        """The first who do the work themselves die of the next faults of the stage's deck, mostly.

        While a point of the stage was not hit yet, nobody else does the work: whoever is second never comes there. (Settling is
        taken up again until each of its points was hit.)
        """
        wanting = self.decks.is_wanting(stage)
        workers = [rival for rival in rivals if rival.name not in ("send_settle", "send_issue")]
        if wanting or self.chance.random() < ARMED:
            self.decks.arm(stage, workers[0])
        if len(workers) > 1 and self.chance.random() < ARMED_TOO:
            self.decks.arm(stage, workers[1])
        return workers[:1] if wanting and stage != "settle" else rivals

    def _repeats(self, most: int) -> list[Trigger]:
        """What arrives once more after everything was done: a message again, a button pressed again."""
        runs = [run for run in list_runs() if run.state in SETTLED]
        again = []
        for run in self.chance.choices(runs, k=most) if runs else []:
            stages = [stage for stage in ("settle", "approve", "issue", "pay") if run.state in REACHED[stage]]
            again.append(self.chance.choice(self._rivals(self.chance.choice(stages), run)))
        return again

    def _heal(self, tick: int, due: list[tuple[Unit, str]]) -> None:
        """Let the timetable and the people try again until every unit has come where this tick leads. Errors: `NotExercised`."""
        self._settle_down()
        self.gun.cuts_allowed = False
        deadline = time.monotonic() + HEALING_SECONDS
        attempt = 0
        while behind := self._behind(tick, due):
            if time.monotonic() > deadline:
                names = [(unit.hamlet.code, f"{unit.season.month:%Y-%m}", stage) for unit, stage, _run in behind[:5]]
                raise NotExercised(f"{len(behind)} units did not go on within {HEALING_SECONDS:.0f} s: {names}")
            self._fire(self._remedies(behind, attempt))
            attempt += 1
            time.sleep(0.2)
            self._meanwhile()

    def _settle_down(self) -> None:
        """A stop of the database that was still to come, comes now."""
        if self._stop_at:
            self._stop_at = 0.0
            self.world.stop_postgres()

    def _behind(self, tick: int, due: list[tuple[Unit, str]]) -> list[tuple[Unit, str, Run | None]]:
        runs = self._runs()
        found = [(unit, stage, self._run_of(runs, unit, tick)) for unit, stage in due if stage != "change"]
        return [(unit, stage, run) for unit, stage, run in found if run is None or run.state not in REACHED[stage]]

    def _remedies(self, behind: list[tuple[Unit, str, Run | None]], attempt: int) -> list[Trigger]:
        stages = {stage for _unit, stage, _run in behind}
        triggers = [Trigger("beat_resume", {})] * ("settle" in stages) + [Trigger("beat_complete", {})] * ("issue" in stages)
        for unit, stage, run in behind:
            self.healed[stage] += 1
            remedy = self._remedy(unit, stage, run)
            if self.decks.is_wanting(stage) or (attempt < ARMED_ATTEMPTS and self.chance.random() < ARMED):
                self.decks.arm(stage, remedy[0])
                del remedy[1:]
            triggers += remedy
        return triggers

    def _remedy(self, unit: Unit, stage: str, run: Run | None) -> list[Trigger]:
        if run is None:
            if stage == "correct":
                base = self._run_of(self._runs(), unit, unit.season.offset)
                assert base is not None
                return [Trigger("press_correct", {"run_id": base.id, "user_id": self.people[name]}) for name in ("bruno", "anna")]
            if unit.season.by_beat:
                return [Trigger("beat_open", {"month": f"{unit.season.month:%Y-%m}"}) for _ in range(2)]
            return [self._press_open(unit, "bruno")]
        if stage == "settle":
            retry = Trigger("retry", {"run_id": run.id, "user_id": self.people["anna"]})
            return [retry] if run.state in ("failed", "parked") else [Trigger("settle", {"run_id": run.id})]
        if stage == "issue" and run.has_failed_documents:
            return [Trigger("mend_documents", {"run_id": run.id})]
        return self._rivals(stage, run)[:2]

    def _exercise_rest(self) -> None:
        """Errors: `NotExercised` when a point was never hit."""
        self.world.rest()
        if missing := self.decks.missing():
            raise NotExercised(f"Never hit: {', '.join(missing)}.")
        if not self.world.stops:
            raise NotExercised("PostgreSQL was never stopped.")
        if not self.world.kills:
            raise NotExercised("No worker died.")
