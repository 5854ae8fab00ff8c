"""The only writers of communities: keyword-only, one transaction, named errors."""

from dataclasses import dataclass
from typing import Any, cast

from django.db import connection, transaction
from django.db.models import Manager, Model

from apps.communities.community_file.changes import Action, Change, Plan
from apps.communities.community_file.document import read_document
from apps.communities.community_file.draft import ApprovedMonths
from apps.communities.community_file.json_tree import read_tree
from apps.communities.community_file.plan import plan_import
from apps.communities.community_file.problems import FileRefused, Problem, Problems
from apps.communities.community_file.rows import CommunityFile
from apps.communities.community_file.stored import Stored, load_stored
from apps.communities.models import (
    Community,
    Configuration,
    DistributionRule,
    Member,
    Membership,
    MeteringPoint,
    Plant,
)
from apps.communities.operations_periods import make_room

_SPANS = {"memberships": ("joined_on", "left_on"), "metering_points": ("valid_from", "valid_to")}
IMPORT_LOCK = 7201  # advisory lock: PODs are unique over all communities, so imports go one at a time
_MODELS: dict[str, type[Model]] = {
    "communities": Community,
    "configurations": Configuration,
    "distribution_rules": DistributionRule,
    "members": Member,
    "memberships": Membership,
    "metering_points": MeteringPoint,
    "plants": Plant,
}


@dataclass(frozen=True, slots=True)
class CommunityImport:
    """What an import did, or would do: the code of the community, every row with its change, and the warnings."""

    community: str
    changes: tuple[Change, ...]
    created: dict[str, int]
    updated: dict[str, int]
    unchanged: dict[str, int]
    warnings: tuple[str, ...]

    @property
    def changes_nothing(self) -> bool:
        return not any(self.created.values()) and not any(self.updated.values())


@transaction.atomic
def import_community(*, content: bytes, approved_months: ApprovedMonths) -> CommunityImport:
    """Create or update a community by code from the bytes of community.json. Never deletes; the same file twice does nothing.

    `approved_months(configuration)` are the months that an approved run settled: their distribution rule is history.
    Errors: `FileRefused` with every fault and its path; then nothing is written.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [IMPORT_LOCK])
    plan, result = _plan(content, approved_months)
    _write(plan)
    return result


def preview_community(*, content: bytes, approved_months: ApprovedMonths) -> CommunityImport:
    """Say what `import_community` would do now. Writes nothing. Errors: `FileRefused`."""
    return _plan(content, approved_months)[1]


def read_community_code(content: bytes) -> str:
    """The code that a file gives its community, empty when it gives none. Errors: `FileRefused` if it is not JSON."""
    return read_document(read_tree(content), Problems()).community.code


def _plan(content: bytes, approved_months: ApprovedMonths) -> tuple[Plan, CommunityImport]:
    problems = Problems()
    document = read_document(read_tree(content), problems)
    stored = _load(document) if document.community.sound("code") else Stored()
    plan = plan_import(document, stored, approved_months, problems)
    if problems.found:
        raise FileRefused(sorted(problems.found, key=_place))
    result = CommunityImport(
        community=document.community.code,
        changes=tuple(plan.changes),
        created=plan.count(Action.CREATED),
        updated=plan.count(Action.UPDATED),
        unchanged=plan.count(Action.UNCHANGED),
        warnings=tuple(plan.warnings),
    )
    return plan, result


def _load(document: CommunityFile) -> Stored:
    return load_stored(
        code=document.community.code,
        configurations=[row.code for row in document.configurations],
        pod_keys=[point.pod_key for point in document.metering_points] + [plant.pod_key for plant in document.plants],
    )


def _place(problem: Problem) -> list[tuple[int, str]]:
    """Sort paths as a person counts: `members[2]` before `members[10]`."""
    parts = problem.path.replace("]", "").replace("[", ".").split(".")
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]


def _write(plan: Plan) -> None:
    for subject, model in _MODELS.items():
        rows = plan.to_update[subject]
        if subject in _SPANS:
            make_room(rows, *_SPANS[subject])
        if subject == "plants":
            _free_pods(cast(list[Plant], rows))
        for row in rows:
            row.save()
        manager: Manager[Any] = model._default_manager
        manager.bulk_create(plan.to_create[subject])


def _free_pods(rows: list[Plant]) -> None:
    """Plants first leave their PODs, so that two of them can change places."""
    for row in rows:
        Plant.objects.filter(pk=row.pk).update(pod_key=f"~{row.pk}")
