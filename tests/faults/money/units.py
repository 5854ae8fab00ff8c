"""What is due: one line of life per configuration and month, stage after stage, and the runs that must be there at the end."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from tests.faults.money.hamlets import Hamlet

AFTER = {"settle": "computed", "approve": "approved", "issue": "issued", "pay": "paid"}
ONCE = ("open", "settle", "approve", "issue", "pay")


@dataclass(frozen=True, slots=True)
class Season:
    """A month that all hamlets settle: which kind, who opens it, what happens to it, and how many ticks later it begins."""

    month: date
    kind: str
    by_beat: bool
    stages: tuple[str, ...]
    offset: int


# A correction stands on all other months of its year, so the corrected month has a year of its own.
SEASONS = (
    Season(date(2022, 7, 1), "provisional", False, (*ONCE, "change", "correct", *ONCE[1:]), 0),
    Season(date(2024, 2, 1), "final", False, ("open", "settle", "change", *ONCE), 1),
    Season(date(2023, 3, 1), "provisional", True, ONCE, 2),
    Season(date(2023, 10, 1), "final", False, ONCE, 3),
    Season(date(2024, 10, 1), "provisional", True, ONCE, 4),
)
TICKS = max(season.offset + len(season.stages) for season in SEASONS)


@dataclass(frozen=True)
class Unit:
    """One hamlet in one season."""

    hamlet: Hamlet
    season: Season

    def stage(self, tick: int) -> str | None:
        """What is due in this tick; None before its time and after its end."""
        place = tick - self.season.offset
        return self.season.stages[place] if 0 <= place < len(self.season.stages) else None

    def key(self, tick: int) -> tuple[str, int]:
        """Kind and version of the run that this tick is about."""
        done = self.season.stages[: tick - self.season.offset + 1]
        if "correct" in done:
            return "correction", 1
        return self.season.kind, max(1, done.count("open"))

    @cached_property
    def due(self) -> dict[tuple[str, int], str]:
        """(kind, version) -> the state in which that run must end."""
        opened = self.season.stages.count("open")
        runs = {(self.season.kind, version): "computed" for version in range(1, opened)}
        runs[self.season.kind, opened] = AFTER[self.season.stages[-1]]
        if "correct" in self.season.stages:
            runs["correction", 1] = AFTER[self.season.stages[-1]]
        return runs
