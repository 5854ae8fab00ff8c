"""One hamlet and one month: two people press at once, a process dies behind its commit, somebody looks at an old screen."""

import random
from datetime import date
from pathlib import Path

from django.db import connections

from project.servers.guard import Guard
from tests.faults.children import NotExercised
from tests.faults.money.hamlets import make_hamlet, make_measures, make_people, make_prices
from tests.faults.money.looking import Run, list_runs
from tests.faults.money.shots import Gun
from tests.faults.money.triggers import Trigger
from tests.faults.money.units import Season, Unit

SEED = 7
SEASON = Season(date(2023, 3, 1), "provisional", False, ("open", "settle", "change", "open", "settle", "approve"), 0)


class SmallRound:
    """What every mistake of `tests.faults.money.broken` would need in order to do harm."""

    def __init__(self, directory: Path, guard: Guard) -> None:
        chance = random.Random(SEED)
        self.people = make_people()
        make_prices([SEASON.month], chance)
        self.unit = Unit(make_hamlet(1, chance), SEASON)
        make_measures(self.unit.hamlet, SEASON.month, SEED)
        connections.close_all()
        self.gun = Gun(directory, directory / "truth.jsonl", guard)

    def run(self) -> None:
        """Open and settle, change the measures, open and settle again, approve. Errors: `NotExercised`."""
        self._open_and_settle()
        seen = self._newest().result_sha256
        self._fire(Trigger("change", {"hamlet": self.unit.hamlet, "month": SEASON.month, "seed": SEED + 1}))
        self._open_and_settle()
        run = self._newest()
        if run.result_sha256 == seen:
            raise NotExercised("The measures did not change, so no screen is old.")
        for name, sha256 in (("dora", seen), ("carla", run.result_sha256)):
            self._fire(Trigger("approve", {"run_id": run.id, "user_id": self.people[name], "seen_sha256": sha256}))

    def _open_and_settle(self) -> None:
        before = self.gun.kills
        month = {"configuration_id": self.unit.hamlet.configuration_id, "month": SEASON.month, "kind": SEASON.kind}
        presses = [Trigger("press_open", month | {"user_id": self.people[name]}) for name in ("anna", "bruno")]
        for press in presses:
            press.point, press.mode = "open.before_commit", "pause"
        self._fire(*presses)
        waiting = [run.id for run in list_runs() if run.state == "draft"]
        self._fire(Trigger("settle", {"run_id": waiting[0]}, point="settle.after_commit", mode="kill"))
        self._fire(*(Trigger("settle", {"run_id": run_id}) for run_id in waiting * 2))
        if self.gun.kills == before:
            raise NotExercised("Nobody died behind the commit.")

    def _newest(self) -> Run:
        return max(list_runs(), key=lambda run: run.id)

    def _fire(self, *triggers: Trigger) -> None:
        self.gun.fire(triggers)
