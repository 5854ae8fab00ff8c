"""What the database holds about the community of a file, in one look."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from apps.communities.models import Community, Configuration, DistributionRule, Member, Membership, MeteringPoint, Plant


@dataclass(slots=True)
class Stored:
    """The rows of one community by their codes; and, of other communities, only what stands in the way of the file."""

    community: Community | None = None
    configurations: dict[str, Configuration] = field(default_factory=dict)
    rules: dict[str, list[DistributionRule]] = field(default_factory=dict)  # by code of configuration, in order of time
    members: dict[str, Member] = field(default_factory=dict)
    periods: dict[str, list[Membership]] = field(default_factory=dict)  # by code of member
    points: list[MeteringPoint] = field(default_factory=list)
    plants: dict[str, Plant] = field(default_factory=dict)
    foreign_configurations: frozenset[str] = frozenset()
    foreign_points: list[MeteringPoint] = field(default_factory=list)
    foreign_plants: frozenset[str] = frozenset()  # POD keys


def load_stored(*, code: str, configurations: Iterable[str], pod_keys: Iterable[str]) -> Stored:
    """Load the community with this code; `configurations` and `pod_keys` are those that the file speaks of."""
    community = Community.objects.filter(code=code).first()
    keys = set(pod_keys)
    others = Configuration.objects.filter(code__in=set(configurations)).exclude(community=community)
    stored = Stored(
        community=community,
        foreign_configurations=frozenset(others.values_list("code", flat=True)),
        foreign_points=list(MeteringPoint.objects.filter(pod_key__in=keys).exclude(configuration__community=community)),
        foreign_plants=frozenset(
            Plant.objects.filter(pod_key__in=keys).exclude(community=community).values_list("pod_key", flat=True)
        ),
    )
    if community is not None:
        _load_own(stored, community)
    return stored


def _load_own(stored: Stored, community: Community) -> None:
    stored.configurations = {row.code: row for row in Configuration.objects.filter(community=community)}
    rules = DistributionRule.objects.filter(configuration__community=community).order_by("valid_from")
    codes: Mapping[int, str] = {row.pk: row.code for row in stored.configurations.values()}
    for rule in rules:
        stored.rules.setdefault(codes[rule.configuration_id], []).append(rule)
    stored.members = {row.code: row for row in Member.objects.filter(community=community)}
    names: Mapping[int, str] = {row.pk: row.code for row in stored.members.values()}
    for period in Membership.objects.filter(member__community=community).order_by("joined_on"):
        stored.periods.setdefault(names[period.member_id], []).append(period)
    points = MeteringPoint.objects.filter(configuration__community=community).order_by("pod_key", "valid_from")
    stored.points = list(points.select_related("configuration", "member"))
    stored.plants = {row.code: row for row in Plant.objects.filter(community=community)}
