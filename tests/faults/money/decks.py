"""Which fault comes next: every point of a stage once, shuffled, before any comes again; those that were missed come first."""

import random
from collections import Counter

from tests.faults.money.triggers import Trigger

POINTS: dict[str, tuple[str, ...]] = {
    "open": ("open.before_commit", "audit.after_commit"),
    "correct": ("correct.before_commit",),
    "settle": (
        "settle.after_claim",
        "settle.before_snapshot",
        "settle.after_snapshot",
        "settle.after_entries",
        "settle.before_commit",
        "settle.after_commit",
    ),
    "approve": ("approve.before_commit", "audit.after_commit"),
    "issue": (
        "freeze.before_commit",
        "freeze.after_commit",
        "render.before",
        "render.after_file",
        "issue.before",
        "issue.before_commit",
    ),
    "pay": ("pay.before_commit", "audit.after_commit"),
}
_LATE = ("freeze.before_commit", "freeze.after_commit")
# Who passes a point only on one of two ways through a stage.
_BY_NAME = {"freeze.after_commit": "issue"}
WORKER_POINTS = ("settle.after_entries", "render.after_file", "settle.before_commit", "render.before", "settle.after_commit")
ANYWHERE = "anywhere"
_LATEST_SECONDS = 0.3


class Decks:
    """One deck per stage. A fault that did not happen goes back on top."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._decks = {stage: self._shuffled(stage) for stage in POINTS}
        self._decks["issue"].sort(key=_LATE.__contains__)  # once frozen is frozen: later units may find it done by the timetable
        self._hit: Counter[str] = Counter()
        self._worker_points = list(WORKER_POINTS)
        chance.shuffle(self._worker_points)

    def arm(self, stage: str, trigger: Trigger) -> None:
        """Let this trigger die at the next point of the stage, of itself or frozen first; or, now and then, anywhere."""
        deck = self._decks[stage]
        if not deck:
            deck += self._shuffled(stage)
        point = deck.pop()
        if point == ANYWHERE:
            trigger.mode, trigger.point = "anywhere", ""
            trigger.delay_seconds = self._chance.uniform(0, _LATEST_SECONDS)
            return
        trigger.point, trigger.mode = point, self._chance.choice(("kill", "freeze"))
        if trigger.name in ("render", "issue"):
            trigger.name = _BY_NAME.get(point, "render")
            if point == "freeze.before_commit":
                trigger.name = self._chance.choice(("render", "issue"))

    def _shuffled(self, stage: str) -> list[str]:
        deck = list(POINTS[stage])
        self._chance.shuffle(deck)
        return [ANYWHERE, *deck]

    def note(self, hit: Counter[str]) -> None:
        """Take in where processes died since the beginning."""
        self._hit = hit
        for stage, points in POINTS.items():
            deck = self._decks[stage]
            deck += [point for point in points if point not in hit and point not in deck]

    def is_wanting(self, stage: str) -> bool:
        return any(point not in self._hit for point in POINTS[stage])

    def missing(self) -> list[str]:
        return sorted({point for points in POINTS.values() for point in points if point not in self._hit})

    def worker_point(self) -> str:
        point = self._worker_points.pop()
        self._worker_points.insert(0, point)
        return point
