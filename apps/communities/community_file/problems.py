"""What is wrong with a file, all of it at once, each fault with its path."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from apps.communities.errors import CommunityError

MOST_SHOWN = 500
LONGEST = 600


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
        self.found.append(Problem(_printable(path), _printable(reason)))


class FileRefused(CommunityError):
    """The file cannot be taken in; `problems` say everything that is wrong with it, up to a length that a person reads."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        shown = list(problems[:MOST_SHOWN])
        if len(problems) > MOST_SHOWN:
            counts = {"count": len(problems) - MOST_SHOWN, "total": len(problems)}
            shown.append(Problem("", _("… and %(count)s more faults of %(total)s.") % counts))
        super().__init__("\n".join(str(problem) for problem in shown))
        self.problems = tuple(shown)


def _printable(text: str) -> str:
    """What a file holds may be endless, or half a character that no screen can show."""
    clean = text.encode("utf-8", "replace").decode()
    return clean if len(clean) <= LONGEST else clean[:LONGEST] + "…"
