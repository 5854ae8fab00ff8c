"""What is wrong with a file, all of it at once, each fault with its path."""

from collections.abc import Sequence
from dataclasses import dataclass

from apps.communities.errors import CommunityError


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault; `path` is like `metering_points[3].pod`, empty for the file as a whole."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}" if self.path else self.reason


class Problems:
    """Collects faults while the reading goes on."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def add(self, path: str, reason: str) -> None:
        self.found.append(Problem(path, reason))


class FileRefused(CommunityError):
    """The file cannot be taken in; `problems` say everything that is wrong with it. Nothing was written."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)
