"""The values of the law that come with the program: added where they are missing, never over what an operator recorded."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from apps.settlement.models import RuleParameter

FIXTURE = Path(settings.BASE_DIR) / "fixtures" / "rule_parameters.json"


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What loading did, one text per row: `key from date`. `kept` are rows where an operator recorded something else."""

    added: tuple[str, ...]
    closed: tuple[str, ...]
    unchanged: tuple[str, ...]
    kept: tuple[str, ...]


def read_reference_values() -> Sequence[Mapping[str, Any]]:
    """The rows of fixtures/rule_parameters.json."""
    rows: Sequence[Mapping[str, Any]] = json.loads(FIXTURE.read_text(encoding="utf-8"))
    return rows


@transaction.atomic
def load_rule_parameters(*, rows: Sequence[Mapping[str, Any]]) -> LoadResult:
    """Add the rows (key, valid_from) that are missing.

    A stored row that still says exactly what its row in `rows` says, but open where that one ends, is closed: a later
    edition of the law followed it. Everything else stays as it is, and a row that would overlap it is not added.
    """
    found: dict[str, list[str]] = {"added": [], "closed": [], "unchanged": [], "kept": []}
    stored = {(row.key, row.valid_from): row for row in RuleParameter.objects.select_for_update()}
    for row in sorted(rows, key=lambda row: (row["key"], row["valid_from"])):
        valid_from = date.fromisoformat(row["valid_from"])
        valid_to = date.fromisoformat(row["valid_to"]) if row["valid_to"] else None
        action = _load_row(stored.get((row["key"], valid_from)), row, valid_from, valid_to)
        found[action].append(f"{row['key']} from {valid_from}")
    return LoadResult(**{action: tuple(names) for action, names in found.items()})


def _load_row(known: RuleParameter | None, row: Mapping[str, Any], valid_from: date, valid_to: date | None) -> str:
    if known is None:
        if _overlaps(row["key"], valid_from, valid_to):
            return "kept"
        RuleParameter.objects.create(**{**row, "valid_from": valid_from, "valid_to": valid_to})
        return "added"
    if (known.value, known.legal_source) != (row["value"], row["legal_source"]):
        return "kept"
    if known.valid_to == valid_to:
        return "unchanged"
    if known.valid_to is not None:
        return "kept"
    RuleParameter.objects.filter(pk=known.pk).update(valid_to=valid_to)
    return "closed"


def _overlaps(key: str, valid_from: date, valid_to: date | None) -> bool:
    rows = RuleParameter.objects.filter(key=key).exclude(valid_to__lte=valid_from)
    return (rows.filter(valid_from__lt=valid_to) if valid_to else rows).exists()
