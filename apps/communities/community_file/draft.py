"""An import while it is being worked out: what the file says, what is stored, and what comes of the two."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import date

from apps.communities.community_file.changes import Plan
from apps.communities.community_file.problems import Problems
from apps.communities.community_file.rows import CommunityFile
from apps.communities.community_file.stored import Stored
from apps.communities.models import Community, Configuration, Member

ApprovedMonths = Callable[[Configuration], Collection[date]]


@dataclass(slots=True, kw_only=True)
class Draft:
    """`configurations` and `members` are those of file and database together, by code, as they will be."""

    document: CommunityFile
    stored: Stored
    approved_months: ApprovedMonths
    problems: Problems
    community: Community
    plan: Plan
    configurations: dict[str, Configuration] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)

    def knows_all(self, subject: str, key: str) -> bool:
        """Could this key be read in every row of a list? If not, what refers to it cannot be judged and is not blamed."""
        rows = getattr(self.document, subject)
        return subject not in self.document.broken and all(row.sound(key) for row in rows)
