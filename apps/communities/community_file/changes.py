"""What an import would change, row by row: what a preview shows and what the counts count."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.db.models import Model

from apps.communities.community_file.fields import KEEP
from apps.communities.community_file.scalars import mask

SUBJECTS = ("communities", "configurations", "distribution_rules", "members", "memberships", "metering_points", "plants")
_PERSONAL = frozenset({"tax_code", "iban", "email", "contact_email", "vat_number"})


class Action(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of one row, before and after, as texts; what identifies a person is masked."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Change:
    subject: str
    code: str
    path: str
    action: Action
    fields: tuple[FieldChange, ...] = ()


@dataclass(slots=True)
class Plan:
    """The rows to write, in the order in which they can be written, and the story of them."""

    changes: list[Change] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    to_create: dict[str, list[Model]] = field(default_factory=lambda: {subject: [] for subject in SUBJECTS})
    to_update: dict[str, list[Model]] = field(default_factory=lambda: {subject: [] for subject in SUBJECTS})
    _updated: set[int] = field(default_factory=set)  # identities of the rows above

    def create(self, subject: str, code: str, path: str, row: Model) -> None:
        self.changes.append(Change(subject, code, path, Action.CREATED))
        self.to_create[subject].append(row)

    def update(self, subject: str, code: str, path: str, row: Model, values: Mapping[str, Any]) -> None:
        """Give the stored row the values of the file; note what differs, if anything does."""
        fields = set_values(row, values)
        known = id(row) in self._updated
        if fields and not known:
            self.to_update[subject].append(row)
            self._updated.add(id(row))
        if known and not fields:
            return
        self.changes.append(Change(subject, code, path, Action.UPDATED if fields else Action.UNCHANGED, fields))

    def count(self, action: Action) -> dict[str, int]:
        """How many rows of each subject, every subject named."""
        return {
            subject: sum(change.subject == subject and change.action == action for change in self.changes) for subject in SUBJECTS
        }


def set_values(row: Model, values: Mapping[str, Any]) -> tuple[FieldChange, ...]:
    """Set the fields that differ and return them. `KEEP` leaves a field alone."""
    found = []
    for name, value in values.items():
        before = getattr(row, name)
        if value is not KEEP and before != value:
            setattr(row, name, value)
            found.append(FieldChange(name, _text(name, before), _text(name, value)))
    return tuple(found)


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that the file gives, for a new row."""
    return {name: value for name, value in values.items() if value is not KEEP}


def _text(name: str, value: object) -> str:
    if value is None or value == "":
        return "–"
    return mask(str(value)) if name in _PERSONAL else str(value)
