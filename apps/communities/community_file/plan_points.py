"""Metering points: which stored row each row of the file means, and whether everybody keeps out of each other's days."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from apps.communities.community_file.changes import given
from apps.communities.community_file.draft import Draft
from apps.communities.community_file.fields import KEEP, Keep
from apps.communities.community_file.problems import Problems
from apps.communities.community_file.rows import PointRow
from apps.communities.community_file.spans import Span
from apps.communities.models import MeteringPoint

_CLAIM = ("pod", "configuration", "member", "valid_from", "valid_to")  # the keys that say who holds what, and when
Holder = tuple[str, str, str]  # POD key, code of configuration, code of member


@dataclass(frozen=True, slots=True)
class Claim:
    """Days that somebody holds a POD; `path` is empty when the claim is stored and the file does not speak of it."""

    span: Span
    configuration: str
    member: str
    path: str
    foreign: bool = False


def plan_points(draft: Draft) -> dict[str, list[Claim]]:
    """Create or update the points; return who claims each POD key afterwards, in order of time.

    A row of the file means the stored row of the same POD, configuration, member and start; failing that, the only one
    of the same holder that it overlaps (its dates are corrected); failing that it is new. Nothing is deleted.
    """
    claims: dict[str, list[Claim]] = defaultdict(list)
    left = list(draft.stored.points)
    usable = [
        row
        for row in draft.document.metering_points
        if row.sound(*_CLAIM) and row.configuration in draft.configurations and row.member in draft.members
    ]
    meant = _match(usable, left)
    for row in usable:
        point = meant.get(row.path)
        if point is not None:
            left.remove(point)
        valid_to = _valid_to(row.valid_to, point)
        span = Span(row.valid_from, valid_to)
        claims[row.pod_key].append(Claim(span, row.configuration, row.member, row.path))
        _plan_point(row, point, valid_to, draft)
    for point in left:
        span = Span(point.valid_from, point.valid_to)
        claims[point.pod_key].append(Claim(span, point.configuration.code, point.member.code, ""))
    for point in draft.stored.foreign_points:
        claims[point.pod_key].append(Claim(Span(point.valid_from, point.valid_to), "", "", "", foreign=True))
    for key, found in claims.items():
        found.sort(key=lambda claim: (claim.span.starts_on, claim.path))
        _refuse_overlaps(key, found, draft.problems)
    return claims


def _match(rows: Sequence[PointRow], stored: Sequence[MeteringPoint]) -> dict[str, MeteringPoint]:
    by_holder: dict[Holder, list[MeteringPoint]] = defaultdict(list)
    for point in stored:
        by_holder[point.pod_key, point.configuration.code, point.member.code].append(point)
    found: dict[str, MeteringPoint] = {}
    open_rows: dict[Holder, list[PointRow]] = defaultdict(list)
    for row in rows:
        holder = row.pod_key, row.configuration, row.member
        same = [point for point in by_holder[holder] if point.valid_from == row.valid_from]
        if same:
            found[row.path] = same[0]
            by_holder[holder].remove(same[0])
        else:
            open_rows[holder].append(row)
    for holder, waiting in open_rows.items():
        for row in waiting:
            near = [point for point in by_holder[holder] if _overlap(row, point)]
            if len(near) == 1 and sum(_overlap(other, near[0]) for other in waiting) == 1:
                found[row.path] = near[0]
                by_holder[holder].remove(near[0])
    return found


def _overlap(row: PointRow, point: MeteringPoint) -> bool:
    return Span(row.valid_from, _valid_to(row.valid_to, point)).overlaps(Span(point.valid_from, point.valid_to))


def _valid_to(given_end: date | Keep | None, point: MeteringPoint | None) -> date | None:
    if given_end is KEEP:
        return point.valid_to if point else None
    return given_end


def _plan_point(row: PointRow, point: MeteringPoint | None, valid_to: date | None, draft: Draft) -> None:
    values: dict[str, Any] = {
        "pod": row.pod,
        "voltage": row.voltage,
        "valid_from": row.valid_from,
        "valid_to": valid_to,
        "storage_efficiency": row.storage_efficiency,
    }
    if point is None:
        configuration, member = draft.configurations[row.configuration], draft.members[row.member]
        new = MeteringPoint(configuration=configuration, member=member, pod_key=row.pod_key, **given(values))
        draft.plan.create("metering_points", row.pod, row.path, new)
        return
    if len(row.pod) < len(point.pod):
        values["pod"] = KEEP  # the fifteenth character is known already; a bill that leaves it out says nothing new
    draft.plan.update("metering_points", row.pod, row.path, point, values)


def _refuse_overlaps(pod_key: str, claims: Sequence[Claim], problems: Problems) -> None:
    """One holder at a time: every claim is held against the one that lasts longest of those that begin before it."""
    longest: Claim | None = None
    for claim in claims:
        if longest is not None and claim.span.overlaps(longest.span) and (claim.path or longest.path):
            mine, other = (claim, longest) if claim.path else (longest, claim)
            problems.add(f"{mine.path}.valid_from", _overlap_reason(pod_key, mine, other))
        if longest is None or (claim.span.ends_on or date.max) > (longest.span.ends_on or date.max):
            longest = claim


def _overlap_reason(pod_key: str, mine: Claim, other: Claim) -> str:
    if other.foreign:
        return _("%(pod_key)s is in a configuration of another community %(span)s: a POD can be in only one at a time.") % {
            "pod_key": pod_key,
            "span": other.span,
        }
    where = other.path or _("already stored")
    if mine.configuration != other.configuration:
        return _(
            "%(pod_key)s is in %(configuration)s %(span)s (%(where)s) and would be in %(other)s "
            "%(mine)s: a POD can be in only one configuration at a time. End the earlier validity first."
        ) % {
            "pod_key": pod_key,
            "configuration": other.configuration,
            "span": other.span,
            "where": where,
            "other": mine.configuration,
            "mine": mine.span,
        }
    return _(
        "%(pod_key)s is held by %(member)s %(span)s (%(where)s), which overlaps %(other)s "
        "%(mine)s. End the earlier validity before the later one begins."
    ) % {"pod_key": pod_key, "member": other.member, "span": other.span, "where": where, "other": mine.member, "mine": mine.span}
